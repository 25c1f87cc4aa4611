"""Many runs: a slice of seeds, in one process or several, and what they add up to."""

import gc
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.run import Verdict, run
from tests.simulation.schedule import schedule

SLICE = 250
"""Schedules that one process runs before it tells of them."""


@dataclass
class Tally:
    """What `count` schedules from the seed `first` came to. `violations` are (seed, what) in order."""

    first: int
    count: int
    seconds: float = 0.0
    simulated: float = 0.0
    acknowledged: int = 0
    lone: int = 0
    slowest: float = 0.0
    violations: list[tuple[int, str]] = field(default_factory=list)
    stated: dict[str, int] = field(default_factory=dict)
    excused: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        """Add one run."""
        self.simulated += verdict.seconds
        self.acknowledged += verdict.acknowledged
        self.lone += verdict.lone
        self.slowest = max(self.slowest, 0.0 if verdict.stated else verdict.whole_after)
        if verdict.violation:
            self.violations.append((verdict.schedule.seed, verdict.violation))
        if verdict.stated:
            self.stated = dict(Counter(self.stated) + Counter([_kind(verdict.stated)]))
        self.excused = dict(Counter(self.excused) + Counter(verdict.reasons))

    def join(self, other: "Tally") -> "Tally":
        """Return both together; `other` follows on this one."""
        return Tally(
            self.first,
            self.count + other.count,
            self.seconds + other.seconds,
            self.simulated + other.simulated,
            self.acknowledged + other.acknowledged,
            self.lone + other.lone,
            max(self.slowest, other.slowest),
            self.violations + other.violations,
            dict(Counter(self.stated) + Counter(other.stated)),
            dict(Counter(self.excused) + Counter(other.excused)),
        )


def _kind(failure: str) -> str:
    """Return a stated failure without what differs from run to run."""
    return "needs `muster h2 adopt`" if "h2 adopt" in failure else "needs `muster h2 force`"


def run_slice(slice_: tuple[int, int]) -> Tally:
    """Run the schedules of (first seed, count)."""
    tally, began = Tally(*slice_), time.process_time()
    for seed in range(tally.first, tally.first + tally.count):
        tally.add(run(schedule(seed)))
    tally.seconds = time.process_time() - began
    return tally


def slices(first: int, count: int, size: int = SLICE) -> Iterator[tuple[int, int]]:
    """Cut `count` seeds from `first` on into slices."""
    for start in range(first, first + count, size):
        yield start, min(size, first + count - start)


def run_all(first: int, count: int, processes: int) -> Iterator[Tally]:
    """Run `count` schedules in `processes` processes; yield each slice in order."""
    wanted = slices(first, count)
    if processes == 1:
        yield from map(run_slice, wanted)
        return
    with multiprocessing.get_context("fork").Pool(processes, _begin) as pool:
        yield from pool.imap(run_slice, wanted)


def _begin() -> None:
    """Look for garbage seldom: a run makes many small things and hardly a cycle, and looking is a third of its time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
