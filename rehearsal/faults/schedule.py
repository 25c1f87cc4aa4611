"""Which faults when: a table's row is a schedule of one fault, a soak's are drawn from a seed, two faults each."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rehearsal.faults.catalog import catalog
from rehearsal.faults.fault import Fault

LONG = 15.0
"""Seconds; faults that last longer are not drawn, as nothing more is to be seen in the rest of them."""

FIRST = (0.5, 2.0)
"""Seconds from the start of a schedule in which its first fault begins."""

SECOND = (0.0, 14.0)
"""Seconds from the first fault's begin to the second's: at once, during a take-over, during a copying, after it."""

STRETCH = (0.4, 1.5)
"""Of the time that a fault lasts by the catalog."""


@dataclass(frozen=True)
class Step:
    """A fault that begins `at` seconds after the start and lasts `hold` seconds (0: it is over at once)."""

    fault: str
    at: float
    hold: float


@dataclass(frozen=True)
class Schedule:
    """The steps in the order of their begins, and the seed that they were drawn from (or 0)."""

    seed: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Say it in a few words."""
        return ", ".join(f"{s.fault} at {s.at:g} s" + (f" for {s.hold:g} s" if s.hold else "") for s in self.steps)


def single(fault: Fault) -> Schedule:
    """Return the schedule of one fault that begins after a moment and lasts as long as its catalog says."""
    return Schedule(0, (Step(fault.name, 1.0, fault.hold),))


def drawn(known: Mapping[str, Fault]) -> Sequence[str]:
    """Return the names from which a soak draws: what lasts very long adds nothing but time."""
    return [name for name, fault in known.items() if fault.hold <= LONG]


def schedule(seed: int, known: Mapping[str, Fault] | None = None) -> Schedule:
    """Return the two-fault schedule of a seed: the same one each time, on every machine, for one catalog."""
    faults = catalog() if known is None else known
    lot = random.Random(seed)  # noqa: S311 - a schedule, no secret
    first, second = lot.sample(drawn(faults), 2)
    begin = round(lot.uniform(*FIRST), 2)
    later = round(begin + lot.uniform(*SECOND), 2)
    return Schedule(seed, (_step(lot, faults[first], begin), _step(lot, faults[second], later)))


def _step(lot: random.Random, fault: Fault, at: float) -> Step:
    return Step(fault.name, at, round(fault.hold * lot.uniform(*STRETCH), 2))
