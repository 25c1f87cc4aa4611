"""The simulation notices rules with a thought left out; the rules as they are pass the same schedules."""

from collections.abc import Iterator

import pytest

from tests.simulation.mutations import MUTATIONS, mutated
from tests.simulation.run import run
from tests.simulation.schedule import Fault, Schedule, schedule

WITHIN = 1500
"""Schedules, of those of `test_simulation`, within which each mutation is caught; most need fewer than a hundred."""
RARE = (
    Fault("part from peer", "a", 2.619, 2.12),
    Fault("witness fails", "a", 3.07, 4.37),
    Fault("upgrade gate", "b", 6.744, 0.74),
)
"""What a long run has found: the rule that let it come about is a mutation now."""


def schedules() -> Iterator[Schedule]:
    """Yield those drawn from seeds, then the rare one."""
    yield from map(schedule, range(WITHIN))
    yield Schedule(148171, "pair", 0.0, RARE)


def first_caught() -> Schedule | None:
    """Return the first schedule that ends in a violation."""
    return next((one for one in schedules() if run(one).violation), None)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_caught_by_a_schedule_that_the_real_rules_pass(name: str) -> None:
    with mutated(name):
        caught = first_caught()
    assert caught is not None, f"not caught in {WITHIN} schedules"
    assert run(caught).violation == ""


def test_there_are_mutations_of_every_promise() -> None:
    assert len(MUTATIONS) >= 8
