"""When a member starts and keeps its application, what it says meanwhile, and how it finds the pair whole."""

import socket
from dataclasses import replace

import pytest

from musternode import member
from musternode.h2.faults import H2Error
from musternode.member import NOBODY
from musternode.standing import Standing
from tests.node_member import ELSEWHERE, LONE, NOWHERE, ROWS, SHUT, Node
from tests.node_words import PEER, whole, word


@pytest.fixture(autouse=True)
def reached(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list whose last item says whether the peer's gate takes connections."""
    answers = [True]
    monkeypatch.setattr(member, "reachable", lambda *_: answers[-1])
    return answers


def test_the_application_starts_once_clients_reach_the_database_and_not_before() -> None:
    node = Node()
    assert node.tick(None).phase == "waiting"
    assert node.tick(NOWHERE).phase == "waiting"
    assert node.app.said == []
    state = node.tick(whole())
    assert (state.phase, state.database, state.healthy) == ("serving", "open", True)
    assert node.app.said == ["start"]


def test_the_application_starts_while_only_the_peers_database_is_open() -> None:
    node = Node()
    state = node.tick(ELSEWHERE)
    assert node.app.said == ["start"]
    assert (state.phase, state.database, state.healthy) == ("waiting", "shut", True)


@pytest.mark.parametrize("fault", [None, NOWHERE, ELSEWHERE, replace(NOWHERE, failure="node a: x")])
def test_an_application_that_runs_outlives_every_fault_of_the_pair(fault: Standing | None) -> None:
    """Its driver finds an open gate again long before it could be started anew."""
    node = Node()
    node.tick(whole())
    node.tick(fault, times=50, seconds=10)
    node.tick(whole(), seconds=100)
    assert node.app.said == ["start"]


def test_an_application_that_has_ended_is_started_again() -> None:
    node = Node()
    node.tick(whole())
    node.app.up = False
    assert node.tick(whole()).phase == "serving"
    assert node.app.said == ["start"] * 2


def test_serving_means_that_this_nodes_own_gate_is_open_and_its_application_healthy() -> None:
    node = Node()
    node.app.sick = True
    assert node.tick(whole()).phase == "starting"
    node.app.sick = False
    assert node.tick(whole()).phase == "serving"
    assert node.tick(ELSEWHERE).phase == "waiting"
    assert node.tick(None).phase == "waiting"


@pytest.mark.parametrize("phase", ["seeding", "copying", "waiting"])
def test_what_the_gate_process_does_is_the_members_phase(phase: str) -> None:
    assert Node().tick(replace(NOWHERE, phase=phase)).phase == phase


def test_a_cause_of_the_gate_process_is_the_members_and_is_reported_at_once() -> None:
    node = Node()
    state = node.tick(replace(NOWHERE, failure="node a: the table is\nmissing"))
    assert (state.phase, state.failure) == ("failed", "node a: the table is missing")
    assert [body["Reason"] for body in node.reported.sent] == ["node a: the table is missing"]
    assert node.tick(whole()).failure == ""


def test_an_application_that_cannot_be_started_is_reported_and_tried_again() -> None:
    node = Node()
    node.app.broken = "node a: no unit"
    assert node.tick(whole(), times=3, seconds=1).phase == "failed"
    assert [body["Reason"] for body in node.reported.sent] == ["node a: no unit"]
    node.app.broken = ""
    assert node.tick(whole(), seconds=60).phase == "serving"


def test_the_pair_is_found_whole_once_by_the_rows_of_both() -> None:
    node = Node()
    assert node.tick(whole(), times=3).formed
    assert node.pair.asked == 1
    assert [(body["Status"], body["Data"]) for body in node.reported.sent] == [("SUCCESS", "members=2")]


@pytest.mark.parametrize(
    "standing",
    [
        None,
        ELSEWHERE,
        whole(peer=SHUT),
        whole(peer=None),
        whole(peer=word(replace(PEER, generation="before"))),
    ],
)
def test_nothing_is_written_before_both_gates_are_open_at_the_same_generation(standing: Standing | None) -> None:
    node = Node()
    assert not node.tick(standing, times=3).formed
    assert node.pair.asked == 0


@pytest.mark.parametrize("rows", [None, [], ROWS[:1], [ROWS[0], "b before"]])
def test_other_rows_than_those_of_both_are_no_whole_pair(rows: list[str] | None) -> None:
    node = Node()
    node.pair.rows = rows
    assert not node.tick(whole(), times=3).formed
    assert node.reported.sent == []
    node.pair.rows = list(ROWS)
    assert node.tick(whole()).formed


def test_an_answer_of_h2_instead_of_rows_is_told_near_the_time_out() -> None:
    node = Node()
    node.pair.fault = H2Error("Cluster error", 90094)
    assert node.tick(whole()).phase == "serving"
    assert node.reported.sent == []
    node.tick(whole(), seconds=901)
    assert "Cluster error" in node.reported.sent[0]["Reason"]


def test_a_peers_gate_out_of_reach_is_told_after_a_while_and_nothing_is_written(reached: list[bool]) -> None:
    """H2's driver would let a client wait, or ask to go on with one server alone."""
    reached.append(False)
    node = Node()
    node.tick(whole(), times=10, seconds=3)
    assert (node.pair.asked, node.reported.sent) == (0, [])
    node.tick(whole(), times=2, seconds=3)
    assert "127.0.1.2 port 9092" in node.reported.sent[0]["Reason"]
    reached.append(True)
    assert node.tick(whole()).formed


def test_a_port_is_reached_only_where_somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert member.reachable("127.0.0.1", port)
    assert not member.reachable("127.0.0.1", port)


def test_one_that_is_alone_is_formed_by_its_own_row() -> None:
    node = Node(chosen=LONE)
    node.pair.rows = ROWS[:1]
    state = node.tick(whole(peer=None, silent=99))
    assert (state.alone, state.formed, state.phase) == (True, True, "serving")
    assert [body["Data"] for body in node.reported.sent] == ["members=1"]


def test_one_alone_without_data_says_that_a_pair_is_formed_by_two() -> None:
    node = Node(chosen=LONE)
    empty = whole(gate=False, phase="waiting", disk="empty", peer=None, silent=NOBODY - 1)
    assert node.tick(empty).phase == "waiting"
    assert node.tick(replace(empty, silent=NOBODY + 1)).phase == "waiting"  # this member has only begun
    assert node.tick(replace(empty, silent=NOBODY + 1), seconds=NOBODY + 1).phase == "failed"
    assert "nodes.b.present: true" in node.reported.sent[0]["Reason"]


def test_one_alone_that_restores_a_backup_lacks_nothing() -> None:
    """The control is the test above."""
    node = Node(chosen=LONE)
    restores = whole(gate=False, phase="seeding", disk="empty", peer=None, silent=NOBODY + 1)
    assert node.tick(restores, times=2, seconds=NOBODY + 1).phase == "seeding"
    assert node.reported.sent == []
