"""Virtual time: what is to happen, in order."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any


class Loop:
    """Runs what is due, one thing after the other; `now` is in seconds and moves only here."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self, now: float = 100.0) -> None:
        self.now = now
        self._count = 0
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []

    def after(self, delay: float, call: Callable[..., object], *given: Any) -> None:
        """Call `call(*given)` in `delay` seconds."""
        self._count += 1
        heappush(self._heap, (self.now + delay, self._count, call, given))

    def run(self, until: float) -> None:
        """Do all that is due up to `until`."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call, given = heappop(heap)
            call(*given)
        self.now = until


class Parked:
    """What waits until something goes on that has been stopped, in order."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def add(self, call: Callable[..., object], *given: Any) -> None:
        """Let `call(*given)` wait."""
        self._calls.append((call, given))

    def release(self, loop: Loop) -> None:
        """Let everything go on, as soon as possible."""
        calls, self._calls = self._calls, []
        for place, (call, given) in enumerate(calls):
            loop.after(place * 1e-6, call, *given)
