"""The simulation notices rules with a thought left out; the rules as they are pass the same schedules."""

import pytest

from tests.simulation.mutations import MUTATIONS, mutated
from tests.simulation.run import run
from tests.simulation.schedule import schedule

WITHIN = 1500
"""Schedules, of those of `test_simulation`, within which each mutation is caught; most need fewer than a hundred."""
RARE = (148171,)
"""What a longer run has found: the rule that let it come about is a mutation now."""


def first_caught() -> int | None:
    """Return the seed of the first schedule that ends in a violation."""
    return next((seed for seed in (*range(WITHIN), *RARE) if run(schedule(seed)).violation), None)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_caught_by_a_schedule_that_the_real_rules_pass(name: str) -> None:
    with mutated(name):
        seed = first_caught()
    assert seed is not None, f"not caught in {WITHIN} schedules"
    assert run(schedule(seed)).violation == ""


def test_there_are_mutations_of_every_promise() -> None:
    assert len(MUTATIONS) >= 8
