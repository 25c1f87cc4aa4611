"""A node's part in one round: it looks what there is, waits for its turn, installs, restarts, and serves again."""

import logging
import time
from dataclasses import dataclass
from typing import Callable, Optional, Protocol, Sequence, Tuple, TypeVar

from ..failure import Failure, unexpected
from ..paths import Paths
from ..servers.drain import SECONDS as LED
from ..state import SERVING
from . import turn, words
from .turn import Sight, Verdict
from .words import Word

log = logging.getLogger(__name__)
T = TypeVar("T")
WAITS = 6 * 3600.0
"""Seconds for which a node waits for its turn: sixteen nodes may each need a quarter of an hour."""
BACK = 900.0
"""Seconds that a node has after its restart until it serves: longer than a member copies a database."""
ABSENT = 3600.0
"""Seconds for which a node waits for absent ones: in a roll they are made anew, and the one that is left serves."""
OFF = 600.0
"""Seconds within which a restart must have ended this process."""
AGAIN = "mend it, then `systemctl start muster-updates` on this node, then on each that has stopped for it"


class Installs(Protocol):
    """The distribution's security updates (`system.Updates`); each raises `Failure`."""

    def available(self) -> Tuple[str, ...]:
        """Return the packages that have one."""

    def fetch(self) -> None:
        """Bring them without installing any."""

    def install(self, names: Sequence[str]) -> None:
        """Install them."""


class Polls(Protocol):
    """`waiting.poll`."""

    def __call__(self, condition: Callable[[], Optional[T]], *, within: float, every: float = ...) -> Optional[T]:
        """Return the first true value of `condition`, or its last."""


@dataclass(frozen=True)
class Round:
    """The part of node `node` in the round `number`; `look` says what it sees, `restart` begins to restart it."""

    node: str
    number: str
    paths: Paths
    updates: Installs
    look: Callable[[], Sight]
    restart: Callable[[], object]
    poll: Polls
    clock: Callable[[], float] = time.monotonic

    def run(self) -> int:
        """Take part, or go on after the restart; return the exit status. What went wrong has been logged and told."""
        before = words.load(self.paths)
        try:
            if before is not None and before.phase in words.TURN:
                self._came_back(before)
            else:
                self._take_part()
        except _Stopped as cause:
            return self._end(words.STOPPED, f"its security updates wait for another round: {cause}")
        except Exception as fault:
            if not isinstance(fault, Failure):
                log.exception("musternode failed")
            return self._end(words.FAILED, f"its security updates failed: {unexpected(fault)}; {AGAIN}")
        return 0

    def _take_part(self) -> None:
        self._say(words.WAITS)
        names = self.updates.available()
        if not names and not words.installed(self.paths):
            log.info("there are no security updates for node %s", self.node)
            self._say(words.DONE)
            return
        if names:
            log.info("node %s has security updates of %d packages: %s", self.node, len(names), " ".join(names))
            self.updates.fetch()
        self._take_turn("its turn")
        if names:
            self._install(names)
        self._say(words.RESTARTS)
        log.info("node %s restarts for its security updates", self.node)
        self.restart()
        self.poll(lambda: None, within=OFF)
        raise Failure(f"the node did not restart within {OFF:g} s")

    def _install(self, names: Sequence[str]) -> None:
        """Install them; take users back, until it is this node's turn again, if another one went away meanwhile."""
        self._say(words.INSTALLS)
        words.keep_installed(self.paths)
        self.updates.install(names)
        log.info("the security updates of node %s are installed", self.node)
        found = turn.hindrance(self.look(), self.number)
        if not found.go:
            self._give_back(found)
            self._take_turn("its updates are installed, but its turn to restart")

    def _take_turn(self, what: str) -> None:
        """Wait until the others can do without this node and its users have been led to them."""
        reasons, absences = [""], _Absences(self.clock)

        def led() -> bool:
            sight = self.look()
            found = turn.judge(sight, self.number, without=absences.long(sight.absent))
            if found.stop:
                raise _Stopped(found.stop)
            if found.wait and found.wait != reasons[-1]:
                log.info("the turn of node %s has not come: %s", self.node, found.wait)
            reasons.append(found.wait)
            if found.go and sight.absent:
                absent = ", ".join(sight.absent)
                log.warning(
                    "node %s goes on without %s, absent by the cluster file for %g s", self.node, absent, ABSENT
                )
            return found.go and self._lead_away()

        if not self.poll(led, within=WAITS, every=5.0):
            raise Failure(f"{what} did not come within {WAITS:g} s: {reasons[-1]}")

    def _lead_away(self) -> bool:
        """Lead users to others, as long as that takes; return False, and take them back, if one of those goes away."""
        self._say(words.LEADS)
        log.info("users of node %s are led to other nodes for %g s", self.node, LED)

        def hindered() -> Optional[Verdict]:
            found = turn.hindrance(self.look(), self.number)
            return None if found.go else found

        hindrance = self.poll(hindered, within=LED, every=1.0)
        if hindrance is None:
            return True
        self._give_back(hindrance)
        return False

    def _give_back(self, found: Verdict) -> None:
        log.warning("node %s gives its turn back: %s", self.node, found.wait)
        self._say(words.WAITS)

    def _came_back(self, before: Word) -> None:
        if not words.restarted(self.paths):
            raise Failure("its process was ended in its turn")
        if before.phase != words.RESTARTS:
            raise Failure("the node went off in its turn; look whether packages are half installed (`dpkg --audit`)")

        def serves() -> bool:
            own = self.look().own
            return own is not None and own.phase == SERVING

        if not self.poll(serves, within=BACK, every=1.0):
            own = self.look().own
            found = "its member does not answer" if own is None else f"it is {own.phase} {own.failure}".strip()
            raise Failure(f"the node does not serve {BACK:g} s after its restart: {found}")
        log.info("node %s serves with its security updates", self.node)
        self._say(words.DONE)

    def _say(self, phase: str) -> None:
        words.say(self.paths, Word(self._round, phase))

    def _end(self, phase: str, sentence: str) -> int:
        log.error("node %s: %s", self.node, sentence)
        words.end(self.paths, Word(self._round, phase, sentence))
        return 1

    @property
    def _round(self) -> str:
        """The round in which this node is: the one before its restart, if it is in the middle of that."""
        before = words.load(self.paths)
        return before.round if before is not None and before.phase in words.TURN else self.number


class _Stopped(Exception):  # noqa: N818 - it is no error of this program
    """The round is over for this node, because of another."""


class _Absences:
    """How long nodes have been absent, as far as this process has seen it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: Optional[float] = None

    def long(self, names: Sequence[str]) -> bool:
        """Return whether one of `names`, which are absent now, or another one before it has been for long enough."""
        now = self._clock()
        if not names:
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= ABSENT
