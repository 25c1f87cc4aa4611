"""What a member tells its wait handle, and when."""

from dataclasses import replace

import pytest

from musternode.carbon.sight import Sight
from musternode.report import Body
from musternode.servers.verdict import Known, verdict
from musternode.state import State
from tests.node_carbon import chosen, sees
from tests.node_servers import address, serving

FORMED = serving("a", formed=True)
WAITING = serving("a", phase="waiting")
PEERS = {name: serving(name) for name in "bc"}


def said(own: State, now: Sight, *, names: str = "abc", late: bool = False, peers: dict[str, State] = PEERS) -> Body:
    """Return what node a reports; nothing is an empty body."""
    seen = frozenset({address("a"), *now.others}) if now.id else frozenset[str]()
    known = Known(own, seen, peers, bool(now.id), late)
    body = verdict("a", chosen(names), known, lambda: "the product is down")
    return {} if body is None else body


def reason(own: State, now: Sight, *, names: str = "abc", late: bool = True, peers: dict[str, State] = PEERS) -> str:
    """Return the cause that node a reports."""
    body = said(own, now, names=names, late=late, peers=peers)
    assert body["Status"] == "FAILURE"
    return body["Reason"]


def test_a_formed_cluster_is_reported_with_the_number_of_its_members() -> None:
    body = said(FORMED, sees("bc"))
    assert (body["Status"], body["Data"]) == ("SUCCESS", "members=3")


def test_one_that_waits_says_nothing_until_its_time_out_is_near() -> None:
    for own in (WAITING, replace(WAITING, healthy=False, phase="starting")):
        assert said(own, sees("b")) == {}


def test_a_fault_with_which_there_is_no_use_in_waiting_ends_the_deploy_at_once() -> None:
    known = Known(WAITING, frozenset(), PEERS, joined=True, late=False, fault="it goes on alone")
    body = verdict("a", chosen(), known, lambda: "")
    assert body is not None
    assert (body["Status"], body["Reason"]) == ("FAILURE", "node a: it goes on alone")


def test_a_fault_of_long_ago_ends_no_deploy_of_a_formed_cluster() -> None:
    body = verdict("a", chosen(), Known(FORMED, frozenset(), PEERS, True, True, "it goes on alone"), lambda: "")
    assert body is not None
    assert body["Status"] == "SUCCESS"


@pytest.mark.parametrize("sentence", ["no unit", "node a: no unit"])
def test_a_cause_of_its_own_is_reported_at_once_with_the_nodes_name(sentence: str) -> None:
    assert reason(replace(WAITING, failure=sentence), sees("bc"), late=False) == "node a: no unit"


@pytest.mark.parametrize(
    ("own", "now"), [(replace(WAITING, healthy=False, phase="starting"), sees("bc")), (WAITING, Sight())]
)
def test_a_product_that_does_not_answer_or_whose_engine_does_not_run_is_what_is_waited_for(
    own: State, now: Sight
) -> None:
    assert reason(own, now) == "node a: the product is down"


def test_those_that_are_missing_are_named_with_their_addresses_and_the_port() -> None:
    told = reason(WAITING, sees("b"))
    assert told.startswith("node a sees 2 of 3 members; missing: c (10.0.1.12); ")
    assert "TCP 5701 of the shared security group muster-carbon" in told
    assert "no answer" not in told


def test_of_the_missing_those_that_do_not_even_answer_are_named_too() -> None:
    told = reason(WAITING, sees(""), peers={"b": serving("b")})
    assert "missing: b (10.0.1.11), c (10.0.1.12)" in told
    assert "no answer on TCP 9181 from c: see its console and journal" in told


def test_one_that_sees_all_names_those_that_do_not_serve_and_no_others() -> None:
    peers = {"b": serving("b", phase="starting"), "c": serving("c")}
    assert reason(serving("a"), sees("bc"), peers=peers).endswith("waits for b, which is starting")
    assert reason(serving("a"), sees("bc"), peers={"c": serving("c")}).endswith("waits for b, which does not answer")
    assert reason(serving("a"), sees("bc")).endswith("waits for the others to see all members too")


def test_every_sentence_fits_the_wait_handle() -> None:
    names = "abcdefghijklmnop"
    assert len(reason(WAITING, sees(""), names=names, peers={})) <= 900
