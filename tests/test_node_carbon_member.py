"""Whom a member sees, when its product begins anew, and what it says meanwhile."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from musternode.carbon.sight import Sight, Word
from musternode.servers import readiness
from musternode.state import State
from tests.node_carbon import Node, chosen, sees
from tests.node_servers import address, serving

ALONE = "Cannot discover nodes. Starting standalone."


def test_serving_is_a_healthy_product_whose_engine_sees_a_majority() -> None:
    node = Node()
    assert node.runs().phase == "waiting"
    assert node.tick(sees("b")).phase == "serving"
    node.product.sick = True
    assert node.tick().phase == "starting"


def test_another_run_of_the_product_sees_nobody_whatever_the_log_says_of_the_one_before() -> None:
    node = Node()
    node.runs("bc")
    node.product.run += 1  # systemd started it again
    assert node.tick().phase == "waiting"
    assert node.member.word == Word("", {}, (), frozenset())


def test_each_change_of_what_is_seen_is_kept_once() -> None:
    node = Node()
    node.runs("b")
    node.tick(times=3)
    node.others.heard[address("c")] = Word("id-c", {address("a"): "id-a"})
    node.tick(times=3)
    assert [sorted(one.others) + sorted(one.told) for one in node.log.kept] == [
        [address("b")],
        [address("b"), address("c")],
    ]


def test_what_it_tells_the_others_is_its_run_whom_it_sees_and_who_left() -> None:
    node = Node()
    node.runs("b", left=(address("c"),))
    assert node.member.word == Word(
        "id-a", {address("b"): "id-b"}, (address("c"),), frozenset({address("a"), address("b")})
    )


@pytest.mark.parametrize("fault", ["silent", "starting", "sees nobody", "sees one less", "wordless"])
def test_the_cluster_is_not_formed_while_one_of_the_others_does_not_say_so(fault: str) -> None:
    node = Node()
    node.others.whole("abc")
    if fault == "silent":
        del node.others.said["c"], node.others.heard[address("c")]
    elif fault == "starting":
        node.others.said["c"] = replace(serving("c"), phase="starting")
    elif fault == "sees nobody":
        node.others.heard[address("c")] = Word("", {})
    elif fault == "sees one less":
        node.others.heard[address("c")] = replace(node.others.heard[address("c")], seen=frozenset({address("c")}))
    else:
        del node.others.heard[address("c")]
    assert not node.runs("bc").formed
    node.others.whole("abc")
    assert node.tick().formed


def test_the_cluster_is_not_formed_while_this_one_does_not_see_all() -> None:
    node = Node()
    node.others.whole("abc")
    node.others.heard.clear()
    assert not node.runs("b").formed


def test_an_engine_that_goes_on_alone_ends_the_deploy_at_once() -> None:
    node = Node()
    node.runs(alone=ALONE)
    assert len(node.reasons) == 1
    assert node.reasons[0].startswith(f"node a: its engine says: {ALONE}")
    assert "ec2:DescribeInstances in eu-west-1" in node.reasons[0]


def test_without_the_ec2_api_nobody_is_sent_to_look_at_it() -> None:
    node = Node(chosen(product={"membership": "wka", "credentials": "none"}))
    node.runs(alone=ALONE)
    assert node.reasons == [f"node a: its engine says: {ALONE}"]


def test_one_that_is_the_only_one_by_the_cluster_file_may_be_alone() -> None:
    node = Node(chosen("a"))
    node.runs(alone=ALONE)
    assert node.reasons == []


def test_an_engine_that_went_on_alone_once_does_not_fail_a_formed_cluster() -> None:
    node = Node()
    node.others.whole("abc")
    node.runs("bc", alone=ALONE)
    assert node.reasons == []


def test_one_that_is_to_leave_keeps_its_product_and_reports_nothing() -> None:
    node = Node(chosen("abc", absent="a"))
    node.tick(sees("bc"), times=2)
    assert node.product.run == 1
    node.tick(seconds=10_000)
    assert node.reported.sent == []


def formed(**changes: Any) -> Node:
    """Return node a in a cluster of three that has formed."""
    node = Node(**changes)
    node.others.whole("abc")
    node.runs("bc")
    return node


def go_on_without(node: Node, *names: str) -> None:
    """Let others say that they see each other, and have seen node a leave."""
    for name in names:
        node.others.heard[address(name)] = Word(f"id-{name}", {}, (address("a"),), frozenset(map(address, names)))


def test_one_that_the_others_go_on_without_gets_no_users_and_begins_anew() -> None:
    node = formed()
    go_on_without(node, "b", "c")
    assert node.tick().phase == "waiting"
    node.tick(times=14, seconds=1)
    assert (node.product.run, node.product.up) == (1, True)
    node.tick(times=2, seconds=1)
    assert (node.product.run, node.product.up) == (2, True)
    node.others.whole("abc")
    assert node.tick(sees("bc")).phase == "serving"


def test_a_run_that_does_not_find_them_either_begins_anew_more_and_more_seldom() -> None:
    node = formed()
    go_on_without(node, "b", "c")
    began = {node.product.run: 0.0}
    while node.now < 2000:
        node.tick(Sight("id-a") if node.product.up else None, seconds=1)
        began.setdefault(node.product.run, node.now)
    waits = [round(after - before) for before, after in pairwise(began.values())]
    assert [wait // 15 for wait in waits[:5]] == [1, 2, 4, 8, 16]
    assert all(300 <= wait <= 310 for wait in waits[5:])
    assert len(waits) > 6


def test_it_is_as_patient_as_before_once_it_was_one_of_them_again() -> None:
    node = formed()
    for _ in range(3):
        go_on_without(node, "b", "c")
        before = node.product.run
        node.tick(times=17, seconds=1)
        assert node.product.run == before + 1
        node.others.whole("abc")
        assert node.tick(sees("bc")).phase == "serving"


@pytest.mark.parametrize("ended", ["they take it in", "they are silent", "it is sick", "one of them takes it in"])
def test_it_does_not_begin_anew_if_that_ends_before(ended: str) -> None:
    node = formed()
    go_on_without(node, "b", "c")
    node.tick(times=14, seconds=1)
    if ended == "they are silent":
        node.others.heard.clear()
    elif ended == "it is sick":
        node.product.sick = True
    else:
        node.others.whole("abc")
    if ended == "one of them takes it in":
        go_on_without(node, "b")
    node.tick(times=2, seconds=1)
    assert node.product.run == 1
    node.product.sick = False
    go_on_without(node, "b", "c")
    node.tick(times=14, seconds=1)
    assert (node.product.run, node.product.up) == (1, True)


def test_it_does_not_begin_anew_while_what_it_sees_changes() -> None:
    """What the others say may be some seconds old."""
    node = formed()
    go_on_without(node, "b", "c")
    for each in range(10):
        node.tick(sees("bc"[each % 2]), times=3, seconds=1)
    assert node.product.run == 1


def test_before_the_cluster_has_formed_nobody_begins_anew() -> None:
    """Each would take the others' failure to form for its own, and hide its cause."""
    node = Node()
    go_on_without(node, "b", "c")
    node.runs()
    node.tick(times=100, seconds=1)
    assert node.product.run == 1


def test_after_a_deploy_that_has_ended_it_does_even_if_its_host_was_started() -> None:
    node = formed()
    again = Node()
    again.reported = node.reported
    again.member.reported = node.reported
    go_on_without(again, "b", "c")
    again.runs()
    again.tick(times=17, seconds=1)
    assert again.product.run == 2


def test_one_that_is_to_leave_never_begins_anew() -> None:
    node = Node(chosen("abc", absent="a"))
    go_on_without(node, "b", "c")
    node.runs("bc")
    node.tick(times=100, seconds=1)
    assert node.product.run == 1


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (None, "the member does not answer"),
        (serving("a"), ""),
        (serving("a", phase="waiting"), "the member is not in one cluster with a majority of the members"),
        (serving("a", phase="starting"), "the member is starting"),
        (serving("a", phase="failed", failure="node a: no unit"), "the member is failed: node a: no unit"),
    ],
)
def test_users_are_wanted_where_the_member_serves_and_the_reason_is_given_elsewhere(
    own: State | None, why: str
) -> None:
    assert readiness.users_here(own) == why
