"""The member of a node with an Axon.ivy engine: when it wants users, whom it sees, what it reports."""

import json

import pytest

from musternode.state import FAILED, SERVING, STARTING, State
from tests.node_axonivy import Node, chosen
from tests.node_servers import address, serving


@pytest.fixture
def node() -> Node:
    """Return node a of three, whose engine has not started."""
    return Node()


def test_an_engine_that_does_not_run_is_started(node: Node) -> None:
    assert node.tick().phase == STARTING
    assert node.engine.run == 1
    node.tick(times=3)
    assert node.engine.run == 1
    node.engine.up = False
    node.tick()
    assert node.engine.run == 2


def test_a_node_wants_users_as_soon_as_its_own_engine_is_healthy_whoever_else_runs(node: Node) -> None:
    node.engine.sick = True
    assert node.runs().phase == STARTING
    node.engine.sick = False
    state = node.tick()
    assert (state.phase, state.healthy, state.formed) == (SERVING, True, False)


def test_it_wants_none_once_its_engine_is_sick_or_gone(node: Node) -> None:
    node.runs()
    node.engine.sick = True
    assert node.tick().phase == STARTING
    node.engine.sick, node.engine.up = False, False
    assert (node.tick().phase, node.board.state.healthy) == (STARTING, False)


def test_it_sees_itself_and_whoever_is_healthy_and_lets_it_in(node: Node) -> None:
    node.others.whole("abc")
    assert node.member.seen == frozenset()
    node.tick()
    assert node.member.seen == {address("b"), address("c")}
    node.tick()
    assert node.member.seen == {address("a"), address("b"), address("c")}
    node.others.doors.clear()
    node.tick()
    assert node.member.seen == {address("a")}


def test_members_that_the_settings_do_not_want_are_not_seen() -> None:
    node = Node(chosen("abc", absent="c"))
    node.others.whole("abc")
    node.runs()
    assert node.member.seen == {address("a"), address("b")}


def test_it_tells_others_its_state_and_whom_it_sees(node: Node) -> None:
    node.others.whole("abc")
    node.runs()
    said = json.loads(node.member.body())
    assert (said["node"], said["phase"], said["healthy"]) == ("a", SERVING, True)
    assert said["seen"] == sorted(map(address, "abc"))


def test_it_listens_to_members_and_tries_their_ports(node: Node) -> None:
    node.member.listen()
    assert node.others.started == 2


def test_the_cluster_has_formed_once_all_see_all(node: Node) -> None:
    node.others.whole("abc")
    node.others.heard[address("c")] = frozenset({address("c")})
    assert not node.runs().formed
    assert node.reported.sent == []
    node.others.whole("abc")
    assert node.tick().formed
    (report,) = node.reported.sent
    assert report["Status"] == "SUCCESS"


def test_what_has_formed_stays_so_when_another_one_ends(node: Node) -> None:
    node.others.whole("abc")
    node.runs()
    node.others.said["b"] = serving("b", phase="starting", healthy=False)
    assert node.tick().formed
    assert node.member.seen == {address("a"), address("c")}
    assert node.board.state.phase == SERVING


@pytest.mark.parametrize("other", [None, serving("b", phase="starting"), serving("b", healthy=False)])
def test_no_cluster_forms_without_a_member_that_is_wanted(node: Node, other: State | None) -> None:
    node.others.whole("abc")
    node.others.said.pop("b")
    if other is not None:
        node.others.said["b"] = other
    assert not node.runs().formed


def test_one_that_waits_is_silent_until_its_time_is_near(node: Node) -> None:
    node.others.whole("ab")
    node.runs()
    assert node.reasons == []
    node.tick(seconds=900.0)
    (reason,) = node.reasons
    assert reason.startswith("node a sees 2 of 3 members; missing: c (10.0.1.12)")
    assert "TCP 7800" in reason
    assert "no answer on TCP 9181 from c" in reason


def test_one_whose_engine_is_sick_says_so_then(node: Node) -> None:
    node.engine.sick = True
    node.runs()
    node.tick(seconds=900.0)
    assert node.reasons == ["node a: it is sick"]


def test_an_engine_that_cannot_start_is_a_fault_that_stands_and_is_tried_again(node: Node) -> None:
    node.engine.broken = "node a: fs-1 was not mounted"
    assert (node.tick().phase, node.board.state.failure) == (FAILED, "node a: fs-1 was not mounted")
    assert node.reasons == ["node a: fs-1 was not mounted"]
    node.tick(times=5, seconds=0.5)
    assert node.board.state.phase == FAILED
    node.engine.broken = ""
    state = node.tick(times=2, seconds=20.0)
    assert (state.phase, state.failure) == (SERVING, "")


def test_while_a_start_takes_its_time_the_node_is_not_said_to_serve(node: Node) -> None:
    node.runs()
    seen = list[State]()
    node.engine.up = False
    node.engine.start = lambda: seen.append(node.board.state)  # type: ignore[method-assign]
    node.tick()
    assert [(state.phase, state.healthy) for state in seen] == [(STARTING, False)]
    assert json.loads(node.member.body())["seen"] == []


def test_one_that_is_to_leave_goes_on_and_reports_nothing() -> None:
    node = Node(chosen("abc", absent="a"))
    node.others.whole("abc")
    assert node.runs().phase == SERVING
    assert node.member.seen == {address("b"), address("c")}
    assert node.reported.sent == []
