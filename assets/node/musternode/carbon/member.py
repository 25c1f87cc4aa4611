"""The member: keeps the product running, knows whom it sees, and reports once a generation."""

import dataclasses
import logging
import time
from typing import Callable, FrozenSet, Mapping, Optional, Protocol

from .. import state
from ..failure import Failure, ascii_sentence, unexpected
from ..report import Reported
from ..state import Board, State
from . import parts, sight, verdict
from .settings import Settings
from .sight import Sight, Word

log = logging.getLogger(__name__)


class Product(Protocol):
    """What the member asks of the product."""

    def start(self) -> None:
        """Start it."""

    def kill(self) -> None:
        """End it without its leave."""

    def running(self) -> bool:
        """Return whether it runs, healthy or not."""

    def run_id(self) -> str:
        """Return what tells this run of it from others."""

    def healthy(self) -> bool:
        """Return whether it answers users."""

    def complaint(self) -> str:
        """Return what is wrong with it, as a clause."""


class Follows(Protocol):
    """The product's log, read on."""

    def read(self, now: Sight) -> Sight:
        """Return the sight after what the log has got since."""

    def keep(self, now: Sight) -> None:
        """Keep the sight for the next member."""


class Hears(Protocol):
    """What other members say."""

    def states(self) -> Mapping[str, State]:
        """Return their states, by name."""

    def words(self) -> Mapping[str, Word]:
        """Return whom they see, by their addresses."""


@dataclasses.dataclass
class Member:
    """One of the cluster; `deadline` is when (`clock`) one that waits says for whom."""

    name: str
    settings: Settings
    product: Product
    log: Follows
    peers: Hears
    board: Board
    reported: Reported
    deadline: float
    clock: Callable[[], float] = time.monotonic
    sight: Sight = dataclasses.field(default_factory=Sight)
    _run: str = ""
    _kept: Sight = dataclasses.field(default_factory=Sight)
    _again: float = 0.0
    _faults: int = 0
    _fault: str = ""

    def __post_init__(self) -> None:
        self._leaves = self.settings.leaves(self.name)
        self._own = "" if self._leaves else self.settings.member(self.name).address
        self._wanted = frozenset(member.address for member in self.settings.present)
        self._kept = self.sight
        self._ordinals = {member.address: member.ordinal for member in self.settings.present}
        self._patience = parts.Patience()
        self._changed = self.clock()

    def tick(self) -> None:
        """Look, and do the next step; never raises for a fault of the cluster."""
        if self.clock() >= self._again:
            try:
                self._look()
                self._faults, self._fault = 0, ""
            except Exception as fault:  # a fault in musternode itself is reported and tried again like any other
                if not isinstance(fault, Failure):
                    log.exception("musternode failed")
                self._fail(unexpected(fault))
        self._report()

    @property
    def word(self) -> Word:
        """Whom this member sees, for the others."""
        return Word(self.sight.id, self.sight.others, self.sight.left, self.seen)

    @property
    def seen(self) -> FrozenSet[str]:
        """The addresses of the wanted members that are in the cluster now, as this one sees it."""
        return sight.seen(self.sight, self._own, self._wanted)

    def _look(self) -> None:
        running = self.product.running()
        if not running:
            self.sight = Sight()  # also after a boot: what was kept is about a run that has ended
            self.product.start()
        self._follow()
        healthy = running and self.product.healthy()
        out = healthy and self._beaten()
        enough = sight.enough(self.sight, self._own, self._wanted) and not out
        phase = state.SERVING if healthy and enough else state.STARTING if not healthy else state.WAITING
        whole = healthy and self.seen == self._wanted
        formed = self.board.state.formed or (whole and self._all_say_so())
        self.board.put(phase=phase, healthy=healthy, database=state.OPEN, failure="", formed=formed)
        self._give_way(out, serving=phase == state.SERVING)

    def _beaten(self) -> bool:
        """Return whether this member is in a part of a cluster that must give way: one that has formed before."""
        if self._leaves or not (self.board.state.formed or self.reported.has(self.settings.generation)):
            return False
        words = self.peers.words()
        seeing = parts.views(self._own, self.seen, words, self._wanted)
        return parts.beaten(self._own, seeing, self._ordinals, parts.parted(self._own, self.sight.left, words))

    def _give_way(self, out: bool, *, serving: bool) -> None:
        """End a run in a part that must give way, so that another one joins those that go on.

        It is not asked to end: an engine that is waits for those who have put it out to take over its part of the data,
        for up to 600 s (`hazelcast.graceful.shutdown.max.wait`).
        """
        now = self.clock()
        if serving:
            self._patience.renew()
        if self._patience.lost(out, now) and now - self._changed >= parts.QUIET:
            log.warning("the others go on without this member: its product begins anew")
            self._patience.double()
            self.product.kill()

    def _follow(self) -> None:
        run = self.product.run_id()
        if self._run and run != self._run:
            self.sight = Sight()  # the engine of before is gone, whatever its log says
        self._run = run
        self.sight = sight.with_words(self.log.read(self.sight), self._own, self.peers.words())
        if self.sight != self._kept:
            log.info("sees %s", ", ".join(sorted(self.seen)) or "nobody")
            self.log.keep(self.sight)
            self._kept, self._changed = self.sight, self.clock()

    def _all_say_so(self) -> bool:
        """Return whether each other member serves, and sees all the members that the settings in force here want."""
        states, words = self.peers.states(), self.peers.words()
        for other in self.settings.others(self.name):
            theirs, word = states.get(other.name), words.get(other.address)
            if theirs is None or word is None or theirs.phase != state.SERVING:
                return False
            if not self._wanted <= word.seen:
                return False
        return True

    def _report(self) -> None:
        if self._leaves or self.reported.has(self.settings.generation):
            return
        known = verdict.Known(
            self.board.state,
            self.sight,
            self.seen,
            self.peers.states(),
            late=self.clock() >= self.deadline,
        )
        body = verdict.verdict(self.name, self.settings, known, self.product.complaint)
        if body is not None:
            self.reported.send_aside(self.settings.wait_url, self.settings.generation, body)

    def _fail(self, sentence: str) -> None:
        self._faults += 1
        self._again = self.clock() + min(60.0, 5.0 * self._faults)
        if sentence != self._fault:
            log.error("%s", sentence)
        self._fault = sentence
        self.board.put(failure=ascii_sentence(sentence), phase=state.FAILED)


def users_here(own: Optional[State]) -> str:
    """Return why the member wants no users on this node, empty if it wants them."""
    if own is None:
        return "the member does not answer"
    if own.phase == state.SERVING:
        return ""
    if own.phase == state.WAITING:
        return "the member is not in one cluster with a majority of the members"
    return f"the member is {own.phase}" + (f": {own.failure}" if own.failure else "")
