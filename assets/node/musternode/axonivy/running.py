"""The engine as a unit of this host."""

from dataclasses import dataclass
from typing import Callable

from ..failure import without
from ..system import Services
from . import readiness
from .host import UNIT


@dataclass(frozen=True)
class Running:
    """The engine's unit, and where it tells of its health: at `page` of the HTTP port.

    `prepare` lets be there what it needs at each start, `secret` returns what it must not be quoted with.
    """

    services: Services
    port: int
    page: str
    prepare: Callable[[], object]
    secret: Callable[[], str]

    def start(self) -> None:
        """Start the unit; raises `Failure` if it cannot."""
        self.prepare()
        self.services.start(UNIT)

    def running(self) -> bool:
        """Return whether the unit runs."""
        return self.services.running(UNIT)

    def healthy(self) -> bool:
        """Return whether the engine runs, by its own word."""
        return readiness.answers(self.port, self.page)

    def complaint(self) -> str:
        """Return what the engine lacks, and what its journal says last."""
        words = without(self.services.last_words(UNIT), self.secret())
        return f"{readiness.lacks(self.port, self.page)}; it said: {words}"
