"""What a member tells its wait handle, and when."""

from dataclasses import replace
from typing import Any

import pytest

from musternode.report import Body
from musternode.standing import Standing
from musternode.state import State
from musternode.verdict import LEAVING, UNREACHED, Known, unreached, verdict
from tests.node_support import settings
from tests.node_words import OWN, PEER, whole, word

PAIR, LONE = settings(), settings(absent="b")
SILENT = whole(gate=False, peer=None, silent=812.4, phase="waiting")
WAITING = replace(OWN, phase="waiting", database="shut", formed=False, healthy=False)


def said(own: State, pair: Standing | None, *, lone: bool = False, lived: float = 1, **known: Any) -> Body | None:
    """Return what node a reports."""
    chosen = LONE if lone else PAIR
    known = {"late": False, **known}
    return verdict("a", chosen, Known(own, pair, lived, **known), lambda: "it is down")


def reason(own: State, pair: Standing | None, **known: Any) -> str:
    """Return the cause that node a reports near the time-out."""
    body = said(own, pair, late=True, **known)
    assert body is not None
    assert body["Status"] == "FAILURE"
    return body["Reason"]


def test_a_pair_is_reported_when_both_serve_the_generation() -> None:
    body = said(OWN, whole())
    assert body is not None
    assert (body["Status"], body["Data"]) == ("SUCCESS", "members=2")
    for peer in (None, word(replace(PEER, generation="old")), word(replace(PEER, phase="starting"))):
        assert said(OWN, whole(peer=peer)) is None
    assert said(OWN, None) is None
    assert said(replace(OWN, formed=False), whole()) is None


@pytest.mark.parametrize("peer", [None, word(replace(PEER, database="shut", phase="left")), word(state=None)])
def test_one_alone_reports_itself_and_why(peer: Any) -> None:
    body = said(OWN, whole(peer=peer), lone=True)
    assert body is not None
    assert (body["Status"], body["Data"]) == ("SUCCESS", "members=1")
    assert body["Reason"] == "node a serves alone: node b is absent by the cluster file"


def test_one_alone_gives_the_other_time_to_leave() -> None:
    assert said(OWN, whole(), lone=True) is None
    assert said(OWN, whole(), lone=True, lived=LEAVING + 1) is not None


@pytest.mark.parametrize("own", [replace(OWN, formed=False), replace(OWN, phase="starting")])
def test_one_alone_that_does_not_serve_is_no_success(own: State) -> None:
    assert said(own, SILENT, lone=True) is None
    assert "alone by the cluster file and does not serve yet" in reason(own, SILENT, lone=True)


@pytest.mark.parametrize("own", [OWN, replace(OWN, failure="node b: x"), replace(OWN, phase="waiting")])
def test_one_that_leaves_reports_nothing(own: State) -> None:
    """CloudFormation would count its word as the one that it waits for."""
    assert verdict("b", LONE, Known(own, whole(), 999, late=True, unreached=999), lambda: "") is None


def test_a_cause_is_reported_at_once_and_waiting_only_near_the_time_out() -> None:
    failed = said(replace(OWN, phase="failed", failure="node a: no disk"), None)
    assert failed is not None
    assert failed["Reason"] == "node a: no disk"
    assert said(WAITING, SILENT) is None
    assert reason(WAITING, SILENT).startswith("node a (waiting) waits for node b: no answer from")


def test_a_silent_peer_is_named_with_address_port_time_and_where_to_look() -> None:
    for named in ("node b", "127.0.1.2", "port 9093", "812 s", "security group"):
        assert named in reason(WAITING, SILENT, lived=5000)
    assert "for 40 s" in reason(WAITING, SILENT, lived=40)  # nobody knows how long it was silent before


def test_a_peer_whose_gate_is_open_but_out_of_reach_is_named_with_address_and_port() -> None:
    """Its peer port answers, so that the gate process alone sees nothing amiss."""
    own = replace(OWN, formed=False)
    for seconds, late in ((5.0, True), (UNREACHED + 1, False)):
        body = said(own, whole(), unreached=seconds, late=late)
        assert body is not None
        for named in ("node b", "127.0.1.2", "port 9092", "TCP 9092", "security group muster-as400"):
            assert named in body["Reason"]
    assert said(own, whole(), unreached=UNREACHED - 1) is None


def test_with_tls_between_the_nodes_the_port_that_is_named_is_the_one_that_a_security_group_sees() -> None:
    ports = replace(PAIR.ports, between=9094)
    assert (ports.crossed(ports.database), ports.crossed(ports.peer)) == (9094, 9094)
    secret = replace(PAIR, ports=ports)
    assert "port 9094" in unreached("a", secret, 3.0)
    assert "TCP 9094 of the shared" in unreached("a", secret, 3.0)
    assert "port 9092" in unreached("a", PAIR, 3.0)


def test_the_peer_out_of_reach_is_named_before_the_application_that_suffers_from_it() -> None:
    assert "port 9092" in reason(replace(OWN, phase="starting", healthy=False, formed=False), whole(), unreached=5.0)


def test_a_sick_application_says_what_it_said() -> None:
    assert reason(replace(OWN, healthy=False, phase="starting"), whole()) == "node a: it is down"


def test_a_gate_process_that_does_not_answer_is_named_with_its_unit() -> None:
    assert "journalctl -u muster-gate" in reason(WAITING, None)


@pytest.mark.parametrize(
    ("peer", "named"),
    [
        (word(replace(PEER, alone=True, generation="g0")), "node b: it serves alone by generation g0"),
        (word(replace(PEER, generation="g0")), "node b: it is at generation g0, not 0123456789abcdef"),
        (word(replace(PEER, phase="seeding", database="shut")), "node b at 127.0.1.2: it is seeding"),
        (word(state=None), "node b at 127.0.1.2: its member does not answer"),
    ],
)
def test_whom_a_member_waits_for_is_named_by_what_the_peer_says(peer: Any, named: str) -> None:
    assert named in reason(WAITING, whole(gate=False, peer=peer))


@pytest.mark.parametrize("peer", [word(failure="node b: x"), word(replace(PEER, failure="node b: x"))])
def test_a_peer_with_a_cause_of_its_own_is_not_spoken_for(peer: Any) -> None:
    assert said(WAITING, whole(gate=False, peer=peer), late=True) is None


def test_what_the_node_does_and_why_the_witness_is_unread_are_told_with_whom_it_waits_for() -> None:
    found = reason(WAITING, whole(gate=False, peer=None, doing="copies: 40 %", witness="AccessDenied on the table"))
    assert found.startswith("node a (waiting, copies: 40 %) waits for node b")
    assert found.endswith("its witness cannot be read: AccessDenied on the table")


def test_a_pair_that_answers_otherwise_than_with_its_rows_is_named_with_its_answer() -> None:
    assert "answer as one yet: 90040" in reason(replace(OWN, formed=False), whole(), obstacle="90040")
