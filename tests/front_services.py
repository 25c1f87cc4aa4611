"""Systemd as the stages of a front see it: that of the load balancer's requests, and that between nodes."""

from tests.node_machine import Recorded


class FrontServices(Recorded):
    """Systemd, of which the front's `unit` runs once it was started."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit, self.up = unit, False

    def start(self, unit: str) -> None:
        """Remember."""
        super().start(unit)
        self.up = True

    def running(self, unit: str) -> bool:
        """Return whether it was started."""
        return self.up and unit == self._unit

    def last_words(self, unit: str) -> str:
        """Return something."""
        return f"{unit} cannot bind"

    def enable(self, unit: str) -> None:
        """Remember."""
        self.said.append(f"enable {unit}")

    def reload(self) -> None:
        """Do nothing."""
