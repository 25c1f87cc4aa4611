"""A question that is asked again and again while something takes long."""

from typing import Callable

from .clock import now
from .sockets import SLICE


class Watch:
    """Calls `ask`, which raises to end what goes on, but not twice within `SLICE` / 2 seconds."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._asked = float("-inf")

    def now(self) -> None:
        """Ask."""
        self._asked = now()
        self._ask()

    def between(self) -> None:
        """Ask if it is time."""
        if now() - self._asked >= SLICE / 2:
            self.now()
