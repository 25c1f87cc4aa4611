"""The member's side of a round: it tells the others how far this node is, and does nothing else in its turn."""

import datetime
import logging
import time
from typing import Callable, Dict, Mapping, Optional

from ..failure import Failure
from ..paths import Paths
from ..settings import Updates
from ..state import LEAVING, SERVING, Board, State
from ..system import Services
from . import words
from .units import SERVICE
from .words import Word

log = logging.getLogger(__name__)
HELD = 600.0
"""Seconds after which a node that took its turn and was not heard since no longer keeps others from a change."""
EVERY = 5.0
"""Seconds between two looks whether the process of the round runs."""


class Part:
    """What the member does about updates, beside its own work; `updates` are those of its settings.

    Not for several threads.
    """

    def __init__(
        self,
        paths: Paths,
        board: Board,
        services: Services,
        updates: Optional[Updates],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc),
    ) -> None:
        self._paths, self._board, self._services = paths, board, services
        self._updates, self._clock, self._now = updates, clock, now
        self._again = 0.0
        self._turns: Dict[str, float] = {}

    def look(self, others: Mapping[str, State]) -> bool:
        """Say how far this node is; return whether it has its turn, in which it leads its users to the `others`.

        Until the restart it serves on where none of those does.

        The process of the round is started if it does not run: after the restart, in which it is to see that this node
        serves; where somebody ended it, which it then tells, or while it waited; and on a node that was not there at
        the hour, as long as one of the others is in the round.
        """
        word = words.load(self._paths)
        self._board.put(updates="" if word is None else word.text)
        if self._is_due(word, others):
            self._keep_going(others)
        if word is None or word.phase not in words.TURN or words.restarted(self._paths):
            return False
        if word.phase != words.RESTARTS and not any(each.phase == SERVING for each in others.values()):
            return False
        self._board.put(phase=LEAVING)
        return True

    def _is_due(self, word: Optional[Word], others: Mapping[str, State]) -> bool:
        """Return whether the process of the round is to run, by this node's `word` and those of the `others`."""
        if word is not None and word.phase in words.TURN:
            return True
        if self._updates is None:
            return False
        number = words.number(self._now(), self._updates)
        if word is not None and word.round == number:
            return word.phase == words.WAITS
        said = (words.read(state.updates) for state in others.values())
        return any(each is not None and each.round == number and each.phase in words.WITHIN for each in said)

    def _keep_going(self, others: Mapping[str, State]) -> None:
        if self._clock() < self._again:
            return
        self._again = self._clock() + EVERY
        try:
            # what it said last, it may have said since the first look, and ended
            if not self._services.running(SERVICE) and self._is_due(words.load(self._paths), others):
                log.info("the node goes on with its round of updates")
                self._services.start(SERVICE)
        except Failure as fault:  # while the host shuts down nothing is started any more
            log.info("the round of updates was not begun again: %s", fault)

    def holder(self, others: Mapping[str, State]) -> Optional[str]:
        """Return the name of the node, of this one and the `others`, that has its turn: nobody changes settings then.

        This one may once it is back after its restart: what keeps it from serving may be mended by them.
        """
        word = words.load(self._paths)
        own = word is not None and word.phase in words.TURN and not words.restarted(self._paths)
        return self.busy(others) or (self._board.state.node if own else None)

    def busy(self, others: Mapping[str, State]) -> Optional[str]:
        """Return the name of another node that has its turn by its last word: until it is back nobody changes.

        It is not heard while it restarts.
        """
        for name, state in others.items():
            word = words.read(state.updates)
            if word is not None and word.phase in words.TURN:
                self._turns[name] = self._clock()
            else:
                self._turns.pop(name, None)
        return next((name for name, at in sorted(self._turns.items()) if self._clock() - at < HELD), None)

    def change(self) -> None:
        """Say that this node puts other settings in force: no other one begins its turn then."""
        word = words.load(self._paths)
        self._board.put(updates=Word("-" if word is None else word.round, words.CHANGES).text)
