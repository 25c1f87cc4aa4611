"""The product as a unit of this host."""

from dataclasses import dataclass
from pathlib import Path

from ..system import Services
from . import complaints, readiness
from .host import UNIT


@dataclass(frozen=True)
class Running:
    """The product's unit, the port on which it answers users, and its log."""

    services: Services
    port: int
    log: Path

    def start(self) -> None:
        """Start the unit."""
        self.services.start(UNIT)

    def kill(self) -> None:
        """Kill all of the unit; systemd starts it again, as after any fault."""
        self.services.kill(UNIT)

    def running(self) -> bool:
        """Return whether the unit runs."""
        return self.services.running(UNIT)

    def run_id(self) -> str:
        """Return systemd's id of this run."""
        return self.services.run_id(UNIT)

    def healthy(self) -> bool:
        """Return whether the product answers on its HTTP port."""
        return readiness.answers("127.0.0.1", self.port)

    def complaint(self) -> str:
        """Return what the product lacks, and the last fault in its log, or what its journal says."""
        words = complaints.of(self.log) or self.services.last_words(UNIT)
        lacks = f"the product does not answer at {readiness.PATH} port {self.port}, or its engine did not start"
        return f"{lacks}; it said: {words}"
