"""The member: keeps the gateway running, knows whom it sees, and lets it begin anew once it has merged."""

import logging
from typing import FrozenSet, List, Optional, Protocol

from .. import state
from ..failure import ascii_sentence
from ..report import Body
from ..servers import majority, member
from ..servers.log_file import Follows
from ..servers.member import Hears, Standing
from ..servers.verdict import Known, verdict
from . import log_sight, merged, words
from .host import LOG
from .log_sight import Sight
from .merged import Plan
from .settings import Settings
from .words import Word

log = logging.getLogger(__name__)
TRIES = 3
"""Runs in a row that end before they take users, after which there is no use in waiting for another one."""


class Product(member.Product, Protocol):
    """What the member asks of the gateway."""

    def restart(self) -> None:
        """Let it end and begin anew, without waiting for that."""

    def restarting(self) -> bool:
        """Return whether that is under way."""

    def run_id(self) -> str:
        """Return what tells this run of it from others."""

    def hindrance(self) -> str:
        """Return why it takes no users, empty if it does; never raises."""

    def last_words(self) -> str:
        """Return what it said last."""


class Member(member.Member[Settings, Word]):
    """One of the cluster, which knows what its log has said before."""

    def __init__(
        self, own: Standing[Settings], product: Product, log: Follows[Sight], peers: Hears[Word], sight: Sight
    ) -> None:
        super().__init__(own, peers)
        self.product, self._log, self.sight = product, log, sight
        self._run, self._kept, self._plan = "", sight, Plan()
        self._served, self._tries, self._said = sight.serving, 0, ""

    def body(self) -> bytes:
        """Return what this member says to the others, as JSON."""
        return words.body(self.board.state, self.word)

    def complaint(self) -> str:
        """Return what the gateway lacks, and what it said last."""
        unseen = f"the gateway takes users, but its {LOG} does not say that it is a member of its cluster"
        said = self.sight.fault or self._said or self.product.last_words()
        return f"{self.product.hindrance() or unseen}; it said: {said}"

    @property
    def word(self) -> Word:
        """What this member says beside its state."""
        return Word(self.seen, self.sight.merged > 0)

    @property
    def seen(self) -> FrozenSet[str]:
        """The addresses of the wanted members that are in the cluster now, as this one sees it."""
        return log_sight.seen(self.sight, self.wanted)

    def look(self) -> None:
        """Look whether the gateway runs, whom it sees, and whether it must begin anew."""
        running = self.product.running()
        if not running:
            self.sight = Sight()  # also after a boot: what was kept is about a run that has ended
            self.product.start()
        self._follow()
        self._mend()
        healthy = running and not self.product.hindrance()
        serving = healthy and self._enough() and not self._plan.draining
        phase = state.SERVING if serving else state.WAITING if healthy else state.STARTING
        formed = self.board.state.formed or (serving and self._agrees(self.word) and self.others_serve(self._agrees))
        self.board.put(phase=phase, healthy=healthy, database=state.OPEN, failure=self._hopeless(), formed=formed)

    def _enough(self) -> bool:
        return majority.enough(self.seen, self.address, self.wanted, self.sight.left)

    def _follow(self) -> None:
        """Read the log on, and notice when another run of the gateway has begun."""
        run = self.product.run_id()
        if self._run and run != self._run:
            self._said = "" if self._served else self.sight.fault or self.product.last_words()
            self._tries = 0 if self._served else self._tries + 1
            self._served, self.sight = False, Sight()
        self._run = run
        self.sight = self._log.read(self.sight)
        if self.sight.serving:
            self._served, self._tries, self._said = True, 0, ""
        if self.sight != self._kept:
            log.info("sees %s", ", ".join(sorted(self.seen)) or "nobody")
            self._log.keep(self.sight)
            self._kept = self.sight

    def _hopeless(self) -> str:
        """Return the sentence about a gateway that ends again and again before it takes users, empty for another."""
        if self._tries < TRIES:
            return ""
        ended = f"the gateway has ended {self._tries} times before it took users"
        return ascii_sentence(f"node {self.name}: {ended}; it said: {self._said}")

    def _mend(self) -> None:
        """Lead users away from a gateway that has merged, and let it begin anew, when it is its turn."""
        if self.leaves:
            return
        if self._plan.done and not self.product.restarting():
            self._plan = Plan()  # the same run again: its restart has failed
        own = merged.Word(self.settings.member(self.name).ordinal, serving=True, merged=self.word.merged)
        plan, what = merged.step(self._plan, self._run, own, self._others(), self.clock())
        if plan.draining and not self._plan.draining:
            log.warning("the gateway has merged with others: its users are led away, then it begins anew")
        if what == merged.BEGIN_ANEW:
            self.product.restart()
        self._plan = plan

    def _others(self) -> List[merged.Word]:
        """Return the words of those that answer."""
        states, said = self._peers.states(), self._peers.words()
        return [
            merged.Word(other.ordinal, states[other.name].phase == state.SERVING, said[other.address].merged)
            for other in self.settings.others(self.name)
            if other.name in states and other.address in said
        ]

    def _agrees(self, word: Word) -> bool:
        """Return whether who says `word` sees all that the settings in force here want, and goes on as it is."""
        return self.wanted <= word.seen and not word.merged

    def due(self, *, late: bool) -> Optional[Body]:
        """Return the report that is due, or None."""
        known = Known(self.board.state, self.seen, self._peers.states(), bool(self.sight.own), late)
        return verdict(self.name, self.settings, known, self.complaint)
