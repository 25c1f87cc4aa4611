"""The member: keeps the engine running, knows who else runs, and reports once a generation."""

import logging
from typing import FrozenSet, Optional, Protocol

from .. import state
from ..report import Body
from ..servers import member
from ..servers.member import Hears, Standing
from ..servers.verdict import Known, verdict
from . import sight, words
from .document import Settings
from .words import Word

log = logging.getLogger(__name__)


class Product(member.Product, Protocol):
    """What the member asks of the engine."""

    def healthy(self) -> bool:
        """Return whether it answers users."""

    def complaint(self) -> str:
        """Return what is wrong with it, as a clause."""


class Tries(Protocol):
    """Who lets this node in."""

    def start(self) -> None:
        """Begin to try them."""

    def open(self) -> FrozenSet[str]:
        """Return their addresses."""


class Member(member.Member[Settings, Word]):
    """One of the cluster. It wants users as long as its own engine is healthy, whoever else runs.

    Sessions are the node's own, and what all have in common is the database's: there is no part of a cluster that
    must give way (docs/axonivy.md).
    """

    def __init__(self, own: Standing[Settings], product: Product, peers: Hears[Word], doors: Tries) -> None:
        super().__init__(own, peers)
        self.product, self._doors = product, doors
        self._seen: FrozenSet[str] = frozenset()
        self._others = {each.name: each.address for each in self.settings.others(self.name)}

    @property
    def seen(self) -> FrozenSet[str]:
        """The addresses of the wanted members that it saw when it last looked, its own among them."""
        return self._seen

    def listen(self) -> None:
        """Begin to hear the other members, and to try their ports."""
        super().listen()
        self._doors.start()

    def body(self) -> bytes:
        """Return what this member says to the others, as JSON."""
        return words.body(self.board.state, self._seen)

    def complaint(self) -> str:
        """Return what is wrong with the product, as a clause."""
        return self.product.complaint()

    def look(self) -> None:
        """Look whether the engine runs and is healthy, and whom this member sees."""
        running = self.product.running()
        healthy = running and self.product.healthy()
        said = {self._others[name]: one for name, one in self._peers.states().items() if name in self._others}
        self._see(sight.seen(self.address, said, self._doors.open(), healthy=healthy) & self.wanted)
        whole = self._seen == self.wanted and self.others_serve(lambda word: self.wanted <= word)
        self.board.put(healthy=healthy, formed=self.board.state.formed or whole)
        if healthy or running:
            self.board.put(phase=state.SERVING if healthy else state.STARTING, database=state.OPEN, failure="")
        else:
            self._start()

    def _start(self) -> None:
        """Start the engine, which may take its time where its folder has to be mounted; a fault stands until it can."""
        if self.board.state.phase == state.SERVING:
            self.board.put(phase=state.STARTING)
        self.product.start()
        self.board.put(phase=state.STARTING, database=state.OPEN, failure="")

    def _see(self, now: FrozenSet[str]) -> None:
        if now != self._seen:
            log.info("sees %s", ", ".join(sorted(now)) or "nobody")
        self._seen = now

    def due(self, *, late: bool) -> Optional[Body]:
        """Return the report that is due, or None."""
        own = self.board.state
        known = Known(own, self._seen, self._peers.states(), own.healthy, late)
        return verdict(self.name, self.settings, known, self.product.complaint)
