"""Users of a product that begins anew in a rolling change are led to other nodes first, where there are any."""

from pathlib import Path

import pytest

from musternode import state
from musternode.servers import drain
from musternode.servers.drain import SECONDS
from musternode.settings import Node
from musternode.state import Board, State
from tests.appserver_machine import groups
from tests.appserver_machine import machine as appserver
from tests.node_carbon_machine import machine as carbon


def slept(phase: str, *others: str) -> tuple[str, list[float]]:
    """Return the phase and what was slept after a member in `phase` led users away; `others` are in these phases."""
    times: list[float] = []
    board = Board(State("a", "g", phase=phase))
    states = {str(n): State(str(n), "g", phase=each) for n, each in enumerate(others)}
    nodes = [Node(name, int(name), "z", f"10.0.1.{name}", "") for name in states]
    drain.lead_away(board, nodes, states, times.append)
    return board.state.phase, times


def test_one_that_serves_says_that_it_leaves_and_goes_on_for_as_long_as_the_balancer_takes() -> None:
    assert slept(state.SERVING, state.WAITING, state.SERVING) == (state.LEAVING, [SECONDS])


@pytest.mark.parametrize("phase", [state.STARTING, state.WAITING, state.FAILED])
def test_one_that_has_no_users_leads_nobody_away(phase: str) -> None:
    assert slept(phase, state.SERVING) == (phase, [])


@pytest.mark.parametrize("others", [(), (state.WAITING, state.STARTING)])
def test_where_nobody_else_serves_users_are_led_nowhere(others: tuple[str, ...]) -> None:
    assert slept(state.SERVING, *others) == (state.SERVING, [])


def test_it_takes_longer_than_two_checks_of_the_balancer() -> None:
    """Of each of them 5 s apart, the second answered or given up after 2 s (constructs/muster/target_group.py)."""
    assert SECONDS > 2 * 5 + 2


def test_all_members_can_be_given_the_users_of_another(tmp_path: Path) -> None:
    with carbon(tmp_path) as node:
        assert {each.name for each in node.host().settings.alike("a")} == {"b", "c"}


@pytest.mark.parametrize(("group", "alike"), [("worker", {"c", "d"}), ("mgt", set())])
def test_of_wso2_as_only_workers_take_each_others_users(group: str, alike: set[str], tmp_path: Path) -> None:
    with appserver(tmp_path, {"groups": groups(group), "committer": "b"}) as node:
        assert {each.name for each in node.host().settings.alike("a")} == alike
