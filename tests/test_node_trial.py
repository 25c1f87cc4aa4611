"""When changed settings count as failed: pure judgement of the application's health over time."""

from dataclasses import replace

from musternode import rollback
from musternode.rollback import Trial
from musternode.state import State

OPEN = State("a", "g", database="open", phase="starting")


def judge(states: list[State], within: float = 10) -> list[bool | None]:
    """Return what a trial says of a state at each second."""
    now = [0.0]
    trial = Trial(within, lambda: now[0])
    found = []
    for second, state in enumerate(states):
        now[0] = float(second)
        found.append(trial.look(state))
    return found


def test_a_trial_is_lost_when_the_application_stays_sick() -> None:
    assert judge([OPEN] * 12) == [None] * 11 + [False]


def test_a_trial_is_passed_when_this_node_serves() -> None:
    assert judge([OPEN] * 9 + [replace(OPEN, phase="serving", healthy=True)]) == [None] * 9 + [True]


def test_the_time_that_the_pair_needs_is_not_the_applications() -> None:
    """Going back to the former settings would not form the pair."""
    assert judge([replace(OPEN, database="shut")] * 60 + [OPEN] * 11) == [None] * 71


def test_a_trial_ends_before_the_deploy_does() -> None:
    assert [rollback.within(timeout) for timeout in (120, 900, 3600)] == [30, 180, 180]
