"""What a node does about the repository of artifacts, from a thread: it keeps its own, and asks whether it answers."""

import logging
import threading
import time
from typing import Callable, Optional, Protocol

from ..failure import Failure, unexpected
from ..subversion import mirror
from ..subversion.words import Role, Step, Word

log = logging.getLogger(__name__)
UNASKED = "nobody has asked it yet"
CHANGING = threading.Lock()
"""Held while accounts and rights of the repository change: by a look, and by settings that are applied meanwhile."""
STEP = 1.0
"""Seconds between two looks at whether there is something to do."""


class Keeps(Protocol):
    """The keeper of this node's repository."""

    @property
    def word(self) -> Word:
        """What is here."""

    @property
    def settled(self) -> bool:
        """Whether the repository here is what the settings want."""

    def look(self) -> Step:
        """Do the next step; raises `Failure`."""


class Artifacts:
    """The repository, seen from this node, and the node's own if it has a `keeper`.

    `ask` returns the identity of the cluster's repository, empty if that is not told, and raises `Failure` if it does
    not answer. `retire` shuts out those accounts that are not in force any more. `backup` is called where it commits.
    `bare` returns whether the product has nothing of it yet, `outdated` whether it reads it by an account, or has
    a working copy, of before.
    """

    def __init__(
        self,
        ask: Callable[[], str],
        keeper: Optional[Keeps] = None,
        *,
        retire: Callable[[], object] = lambda: None,
        backup: Callable[[], None] = lambda: None,
        bare: Callable[[], bool] = lambda: False,
        outdated: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._keeper, self._retire, self._backup, self._clock = ask, keeper, retire, backup, clock
        self._bare, self._outdated = bare, outdated
        self._looked = self._formed = self._retired = False
        self._last, self._trouble = -mirror.EVERY, ""
        self.uuid, self.fault, self.outdated = "", UNASKED, False

    @property
    def held(self) -> Optional[Word]:
        """What is here, None before that is known: the other node would take it for nothing, and begin."""
        return self._keeper.word if self._keeper and self._looked else None

    @property
    def settled(self) -> bool:
        """Whether the repository here, if there is to be one, is what the settings want."""
        return self._keeper is None or (self._looked and self._keeper.settled)

    @property
    def bare(self) -> bool:
        """Whether the product has nothing of the repository yet."""
        return self._bare()

    @property
    def lacks(self) -> str:
        """Why it is not, empty for no known cause."""
        return self._trouble

    def formed(self) -> None:
        """Say that all members run with the settings in force."""
        self._formed = True

    def start(self) -> None:
        """Look for as long as the process lives."""
        threading.Thread(target=self._run, name="artifacts", daemon=True).start()

    def _run(self) -> None:
        while True:
            self.step()
            time.sleep(STEP)

    def step(self) -> None:
        """Look if it is time, or something is left to do; raises nothing."""
        now = self._clock()
        if self.settled and not (self.fault or self.outdated) and now - self._last < mirror.EVERY:
            return
        self._last = now
        self._keep()
        self._see()

    def _keep(self) -> None:
        """Let the keeper do its next step, and what comes after it."""
        if self._keeper is None:
            return
        try:
            with CHANGING:
                self._keeper.look()
                self._looked = True
                if self._formed and not self._retired:
                    self._retire()
                    self._retired = True
            if self._keeper.word.role is Role.COMMITTING and self.settled:
                self._backup()
        except Exception as fault:  # this thread must outlive every fault: nobody else looks
            self._told(fault)
            return
        self._trouble = ""

    def _told(self, fault: Exception) -> None:
        if unexpected(fault) != self._trouble:
            log.error("artifacts: %s", unexpected(fault), exc_info=not isinstance(fault, Failure))
        self._trouble = unexpected(fault)

    def _see(self) -> None:
        """Ask the cluster's repository. One that does not answer keeps nobody from users."""
        before = self.fault
        try:
            self.uuid, self.outdated, self.fault = self._ask(), self._outdated(), ""
        except Exception as fault:
            self.fault = unexpected(fault)
        if self.fault and self.fault != before:
            log.warning("no artifacts come or go, what is here goes on: %s", self.fault)
        elif before and before != UNASKED and not self.fault:
            log.warning("the repository of artifacts answers again")
