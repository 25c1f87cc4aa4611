"""The member: keeps the product running, knows whom it sees, and reports once a generation."""

import logging
from typing import FrozenSet, Optional, Protocol

from .. import state
from ..report import Body
from ..servers import member
from ..servers.log_file import Follows
from ..servers.member import Hears, Standing
from ..servers.verdict import Known, verdict
from . import parts, sight, words
from .settings import AWS, Settings
from .sight import Sight, Word

log = logging.getLogger(__name__)


class Product(member.Product, Protocol):
    """What the member asks of the product."""

    def kill(self) -> None:
        """End it without its leave."""

    def run_id(self) -> str:
        """Return what tells this run of it from others."""

    def healthy(self) -> bool:
        """Return whether it answers users."""

    def complaint(self) -> str:
        """Return what is wrong with it, as a clause."""


class Member(member.Member[Settings, Word]):
    """One of the cluster, which knows what its log has said before."""

    def __init__(
        self, own: Standing[Settings], product: Product, log: Follows[Sight], peers: Hears[Word], sight: Sight
    ) -> None:
        super().__init__(own, peers)
        self.product, self._log, self.sight = product, log, sight
        self._run, self._kept = "", sight
        self._ordinals = {member.address: member.ordinal for member in self.settings.present}
        self._patience = parts.Patience()
        self._changed = self.clock()

    def body(self) -> bytes:
        """Return what this member says to the others, as JSON."""
        return words.body(self.board.state, self.word)

    def complaint(self) -> str:
        """Return what is wrong with the product, as a clause."""
        return self.product.complaint()

    @property
    def word(self) -> Word:
        """Whom this member sees, for the others."""
        return Word(self.sight.id, self.sight.others, self.sight.left, self.seen)

    @property
    def seen(self) -> FrozenSet[str]:
        """The addresses of the wanted members that are in the cluster now, as this one sees it."""
        return sight.seen(self.sight, self.address, self.wanted)

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do here for a cluster that is formed, beside what the engine does."""
        return True

    @property
    def first(self) -> FrozenSet[str]:
        """The addresses of those whose number decides first which part of a split cluster goes on."""
        return frozenset()

    def begin(self) -> None:
        """Start the product, which does not run."""
        self.product.start()

    def enough(self) -> bool:
        """Return whether this member sees enough of the cluster to be given users."""
        return sight.enough(self.sight, self.address, self.wanted)

    def look(self) -> None:
        """Look whether the product runs, whom it sees, and whether it is in the part that goes on."""
        running = self.product.running()
        if not running:
            self.sight = Sight()  # also after a boot: what was kept is about a run that has ended
            self.begin()
        self._follow()
        healthy = running and self.product.healthy()
        out = healthy and self._beaten()
        enough = self.enough() and not out
        phase = state.SERVING if healthy and enough else state.STARTING if not healthy else state.WAITING
        whole = healthy and self.settled and self.seen == self.wanted
        formed = self.board.state.formed or (whole and self.others_serve(lambda word: self.wanted <= word.seen))
        self.board.put(phase=phase, healthy=healthy, database=state.OPEN, failure="", formed=formed)
        self._give_way(out, serving=phase == state.SERVING)

    def _beaten(self) -> bool:
        """Return whether this member is in a part of a cluster that must give way: one that has formed before."""
        if self.leaves or not (self.board.state.formed or self.reported.has(self.settings.generation)):
            return False
        said = self._peers.words()
        seeing = parts.views(self.address, self.seen, said, self.wanted)
        parted = parts.parted(self.address, self.sight.left, said)
        return parts.beaten(self.address, seeing, self._ordinals, parted, self.first)

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
        self.sight = sight.with_words(self._log.read(self.sight), self.address, self._peers.words())
        if self.sight != self._kept:
            log.info("sees %s", ", ".join(sorted(self.seen)) or "nobody")
            self._log.keep(self.sight)
            self._kept, self._changed = self.sight, self.clock()

    def due(self, *, late: bool) -> Optional[Body]:
        """Return the report that is due, or None.

        An engine that says it goes on alone has ended the forming: it would serve users of its own.
        """
        alone = self.sight.alone if len(self.settings.present) > 1 else ""
        fault = f"node {self.name}: its engine says: {alone}{_hint(self.settings)}" if alone else ""
        known = Known(self.board.state, self.seen, self._peers.states(), bool(self.sight.id), late, fault)
        return verdict(self.name, self.settings, known, self.complaint)


def _hint(settings: Settings) -> str:
    if settings.settings.membership != AWS:
        return ""
    return f" Look at its leave for ec2:DescribeInstances in {settings.region}, at its way to the EC2 API and its trust"
