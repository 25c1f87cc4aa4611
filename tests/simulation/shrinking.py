"""A schedule that fails, made as small as it still fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.simulation.run import run
from tests.simulation.schedule import Schedule

SEEDS = 12
"""Seeds that are tried for each smaller schedule: with a fault less, everything left to chance falls otherwise."""


def fails(schedule: Schedule) -> bool:
    """Return whether `schedule` ends in a violation."""
    return bool(run(schedule).violation)


def shrink(schedule: Schedule, failing: Callable[[Schedule], bool] = fails) -> Schedule:
    """Return a schedule that still fails and from which nothing can be left out."""
    while True:
        smaller = next((found for one in _smaller(schedule) if (found := _seeded(one, failing))), None)
        if smaller is None:
            return schedule
        schedule = smaller


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    for place in range(len(schedule.faults)):
        yield schedule.without(place)
    if schedule.third:
        yield replace(schedule, third=False)
    if schedule.start == "alone":
        yield replace(schedule, start="pair")


def _seeded(schedule: Schedule, failing: Callable[[Schedule], bool]) -> Schedule | None:
    """Return `schedule` with a seed with which it fails, or None."""
    for more in range(SEEDS):
        tried = replace(schedule, seed=schedule.seed + more)
        if failing(tried):
            return tried
    return None
