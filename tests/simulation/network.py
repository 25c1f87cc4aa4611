"""The network: two nodes, one more place for clients; what is sent takes time, gets lost, or waits for a link."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulation.loop import Loop

RETRANSMIT = 0.25
"""Seconds after which TCP sends again what a link did not carry."""


class Network:
    """Links with a direction. `loss` is the share of messages lost, `slow` are seconds added at most."""

    def __init__(self, loop: Loop, random: Random) -> None:
        self._loop = loop
        self._random = random.random
        self._down: Counter[tuple[str, str]] = Counter()
        self.loss = 0.0
        self.slow = 0.0

    def cut(self, source: str, target: str) -> None:
        """Carry nothing any more from `source` to `target`."""
        self._down[source, target] += 1

    def mend(self, source: str, target: str) -> None:
        """Undo one `cut`."""
        self._down[source, target] -= 1

    def heal(self) -> None:
        """Undo everything."""
        self._down.clear()
        self.loss = self.slow = 0.0

    def carries(self, source: str, target: str) -> bool:
        """Return whether something sent now gets through but for accidental loss."""
        return source == target or self._down[source, target] <= 0

    def both(self, one: str, other: str) -> bool:
        """Return whether both directions work."""
        return self.carries(one, other) and self.carries(other, one)

    def _delay(self) -> float:
        delay = 0.0002 + 0.002 * self._random()
        return delay + self.slow * self._random() if self.slow else delay

    def message(self, source: str, target: str, call: Callable[..., object], *given: Any) -> None:
        """Send something that matters for a moment only: it arrives soon or never; on one host always."""
        if source == target:
            self._loop.after(0.0002, call, *given)
        elif self.carries(source, target) and not (self.loss and self._random() < self.loss):
            self._loop.after(self._delay(), call, *given)

    def stream(self, source: str, target: str, call: Callable[..., object], *given: Any) -> None:
        """Send something over a connection: it arrives when the link works."""
        if source == target:
            self._loop.after(0.0002, call, *given)
        elif self.carries(source, target) and not (self.loss and self._random() < self.loss):
            self._loop.after(self._delay(), call, *given)
        else:
            self._loop.after(RETRANSMIT, self.stream, source, target, call, *given)
