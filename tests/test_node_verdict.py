"""What a member tells its wait handle, and when."""

from dataclasses import replace

import pytest

from musternode.report import Body
from musternode.state import State
from musternode.verdict import LEAVING, Known, verdict
from tests.node_support import settings

PAIR, LONE = settings(), settings(absent="b")
OWN = State("a", PAIR.generation, phase="serving", database="open", healthy=True, formed=True)
PEER = replace(OWN, node="b")


def said(own: State, peer: State | None, *, lone: bool = False, late: bool = False, lived: float = 1) -> Body | None:
    """Return what node a reports."""
    return verdict("a", LONE if lone else PAIR, Known(own, peer, 10, lived, late), lambda: "it is down")


def test_a_pair_is_reported_when_both_serve_the_generation() -> None:
    body = said(OWN, PEER)
    assert body is not None
    assert (body["Status"], body["Data"]) == ("SUCCESS", "members=2")
    for peer in (None, replace(PEER, generation="old"), replace(PEER, phase="starting")):
        assert said(OWN, peer) is None
    assert said(replace(OWN, formed=False), PEER) is None


@pytest.mark.parametrize("peer", [None, replace(PEER, database="shut", phase="left")])
def test_one_alone_reports_itself_and_why(peer: State | None) -> None:
    body = said(OWN, peer, lone=True)
    assert body is not None
    assert (body["Status"], body["Data"]) == ("SUCCESS", "members=1")
    assert body["Reason"] == "node a serves alone: node b is absent by the cluster file"


def test_one_alone_gives_the_other_time_to_leave() -> None:
    assert said(OWN, PEER, lone=True) is None
    assert said(OWN, PEER, lone=True, lived=LEAVING + 1) is not None


@pytest.mark.parametrize("own", [replace(OWN, formed=False), replace(OWN, phase="starting")])
def test_one_alone_that_does_not_serve_is_no_success(own: State) -> None:
    assert said(own, None, lone=True) is None
    late = said(own, None, lone=True, late=True)
    assert late is not None
    assert late["Status"] == "FAILURE"


@pytest.mark.parametrize("own", [OWN, replace(OWN, failure="node b: x"), replace(OWN, phase="waiting")])
def test_one_that_leaves_reports_nothing(own: State) -> None:
    """CloudFormation would count its word as the one that it waits for."""
    assert verdict("b", LONE, Known(own, PEER, 0, 999, late=True), lambda: "") is None


def test_a_cause_is_reported_at_once_and_waiting_only_near_the_time_out() -> None:
    failed = said(replace(OWN, phase="failed", failure="node a: no disk"), None)
    assert failed is not None
    assert failed["Reason"] == "node a: no disk"
    waiting = replace(OWN, phase="waiting", database="shut", formed=False)
    assert said(waiting, None) is None
    late = said(waiting, None, late=True)
    assert late is not None
    assert late["Reason"].startswith("node a (waiting) waits for node b: no answer from 127.0.1.2 port 9093 for 10 s")
    sick = said(replace(OWN, healthy=False, phase="starting"), PEER, late=True)
    assert sick is not None
    assert sick["Reason"] == "node a: it is down"
