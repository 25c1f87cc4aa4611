"""When a member of WSO2 AS is given users or administrators, and which one commits."""

from dataclasses import replace
from typing import Any

import pytest

from musternode.appserver import first_start
from musternode.appserver.member import PATIENCE
from tests.appserver_support import DOCUMENT, Node, chosen, held
from tests.node_servers import GENERATION, address, serving

OTHER = "node a commits artifacts, and administrators are led there alone"


# who is enough


@pytest.mark.parametrize(("seen", "phase"), [("abd", "serving"), ("d", "serving"), ("ab", "waiting"), ("", "waiting")])
def test_a_worker_serves_with_a_majority_of_the_workers_whoever_manages(seen: str, phase: str) -> None:
    node = Node("c", chosen("abcde"))
    assert node.runs(seen).phase == phase


def test_one_worker_goes_on_without_any_management() -> None:
    assert Node("c", chosen("abc")).runs().phase == "serving"


def test_of_two_workers_the_one_that_saw_the_other_leave_goes_on() -> None:
    assert Node("c").runs("a").phase == "waiting"
    assert Node("c").runs("a", left=(address("d"),)).phase == "serving"


@pytest.mark.parametrize("name", "ab")
def test_management_serves_without_any_worker_once_its_engine_runs(name: str) -> None:
    node = Node(name)
    assert node.tick().phase == "starting"
    assert node.tick().phase == "waiting"
    assert node.tick(node.sees("")).phase == "serving"


# a cluster that came apart


def parted(name: str, groups: str, seen: str, other: str, **settings: Any) -> Node:
    """Return a node of a cluster that has formed, after its part `seen` lost the part `other`."""
    node = Node(name, chosen(groups, **settings))
    node.others.whole(groups, name)
    node.runs(groups.replace(name, ""))
    for each in groups.replace(name, ""):
        mine, theirs = (seen, other) if each in seen else (other, seen)
        left = tuple(address(n) for n in theirs)
        node.others.heard[address(each)] = replace(
            node.others.word(each, mine), left=left, seen=frozenset(map(address, mine))
        )
    node.tick(node.sees(seen.replace(name, ""), left=tuple(map(address, other))))
    node.tick(times=30, seconds=1)
    return node


@pytest.mark.parametrize(
    ("name", "seen", "other", "again"),
    [
        ("a", "ab", "c", True),
        ("c", "c", "ab", False),
        ("a", "a", "bc", True),
        ("c", "bc", "a", False),
    ],
)
def test_the_part_with_the_users_goes_on_however_many_manage(name: str, seen: str, other: str, again: bool) -> None:
    assert (parted(name, "abc", seen, other).product.run > 1) is again


# who commits


def test_management_says_why_administrators_are_not_led_to_it() -> None:
    passive = Node("b")
    passive.runs("acd")
    assert passive.reason == OTHER
    active = Node("a")
    active.runs("bcd")
    assert active.reason == ""
    active.artifacts.fault = "svn is silent"
    active.tick()
    assert active.reason == "svn is silent"


def test_a_repository_that_is_given_decides_nothing_about_administrators() -> None:
    node = Node("a", chosen(product={"artifacts": {"url": "https://s.example.org/a", "append": True}}))
    node.artifacts.fault = "it is silent"
    node.runs("bcd")
    assert node.reason == ""


def test_one_that_is_to_commit_and_does_not_yet_says_so() -> None:
    node = Node("a", commits=False)
    node.office.may = False
    node.runs("bcd")
    assert node.reason == "artifacts are not committed here yet"
    assert node.product.told == []


def test_one_that_the_other_sends_away_names_the_other() -> None:
    node = Node("a")
    node.office.wanted = node.office.may = False
    node.runs("bcd")
    assert node.reason == "the other management node commits artifacts, and administrators are led there alone"
    assert node.product.told == [False]


def test_the_product_begins_anew_once_when_it_may_commit() -> None:
    node = Node("a", commits=False)
    node.office.may = False
    node.runs("bcd")
    run = node.product.run
    node.office.may = True
    node.tick()
    node.tick(times=3)
    assert (node.product.told, node.product.run) == ([True], run + 1)
    assert node.member.word.commits


def test_workers_say_nothing_about_administrators() -> None:
    node = Node("c")
    node.runs("abd")
    assert (node.reasons_told, node.product.told, node.member.word.commits) == ([], [], False)


def test_it_tells_the_others_of_its_repository_and_who_leaves() -> None:
    node = Node("a", chosen("abcd", absent="b"))
    node.artifacts.held = held("a")
    node.runs("cd")
    said = node.member.word
    assert (said.held, said.leaving, said.commits) == (held("a"), (address("b"),), True)


# the repository


@pytest.mark.parametrize("name", "ac")
def test_a_product_waits_for_the_repository_and_not_for_ever(name: str) -> None:
    node = Node(name)
    node.artifacts.fault = "it is silent"
    node.tick(times=3, seconds=PATIENCE / 4)
    assert node.product.run == 0
    node.tick(times=3, seconds=PATIENCE / 4)
    assert node.product.run == 1


# a shared database


def shared(name: str, **changes: Any) -> Node:
    """Return a node of a cluster with a shared database."""
    product = {"database": {"url": "jdbc:mysql://h/d"}}
    return Node(name, chosen(product=product, secrets={**DOCUMENT["secrets"], "database": "arn"}, **changes))


@pytest.mark.parametrize("name", "bc")
def test_the_first_products_in_a_shared_database_begin_once_the_committing_one_answers(name: str) -> None:
    node = shared(name)
    for said in ({}, {"a": replace(serving("a"), healthy=False)}):
        node.others.said = said
        node.tick(times=3, seconds=1)
        assert node.product.run == 0
    node.others.said = {"a": replace(serving("a"), healthy=True)}
    node.tick()
    assert node.product.run == 1


def test_the_committing_one_waits_for_nobody_and_the_others_not_for_ever() -> None:
    first, second = shared("a"), shared("c")
    first.tick()
    assert first.product.run == 1
    second.tick(times=4, seconds=first_start.PATIENCE / 4)
    assert second.product.run == 0
    second.tick(times=2, seconds=first_start.PATIENCE / 4)
    assert second.product.run == 1


def test_once_the_cluster_has_been_formed_workers_begin_without_management() -> None:
    node = shared("c")
    node.board.put(formed=True)
    node.tick()
    assert node.product.run == 1
    again = shared("c")
    again.others.whole("abcd", "c")
    again.runs("abd")
    rebooted = shared("c")
    rebooted.reported.sent = again.reported.sent
    rebooted.tick()
    assert again.reported.sent
    assert rebooted.product.run == 1


@pytest.mark.parametrize("node", [Node("c"), shared("c", absent="a", mgt="a")])
def test_nobody_waits_without_a_shared_database_or_while_management_is_absent(node: Node) -> None:
    node.tick()
    assert node.product.run == 1


def test_the_repository_is_looked_after_from_the_first_look_on() -> None:
    """Before that the stages of the settings may not be done."""
    node = Node("a")
    node.member.listen()
    assert node.artifacts.begun == 0
    node.tick(times=3)
    assert node.artifacts.begun == 1


def test_a_worker_goes_on_without_the_repository() -> None:
    node = Node("c")
    node.runs("abd")
    node.artifacts.fault = "it is silent"
    assert node.tick(times=3, seconds=60).phase == "serving"
    assert node.product.run == 1
    assert node.member.complaint() == "it is sick; the repository of artifacts: it is silent"


def test_the_cluster_is_not_formed_before_the_repository_is_what_it_should_be() -> None:
    node = Node("a")
    node.others.whole("abcd")
    node.artifacts.settled, node.artifacts.lacks = False, "the mirror fails"
    assert not node.runs("bcd").formed
    assert node.board.state.phase == "serving"  # others' turn depends on it
    node.tick(seconds=1000)
    assert node.reasons == ["node a: artifacts are not as the settings want: the mirror fails"]
    again = Node("a")
    again.others.whole("abcd")
    assert again.runs("bcd").formed


def test_accounts_of_before_are_shut_out_once_all_members_have_formed_with_these_settings() -> None:
    node = Node("a")
    node.others.whole("abcd")
    node.runs("bcd")
    assert node.artifacts.told == 0
    node.others.said = {name: serving(name, formed=True) for name in "bcd"}
    node.others.said["d"] = serving("d", "another", formed=True)
    node.tick()
    assert node.artifacts.told == 0
    node.others.said["d"] = serving("d", GENERATION, formed=True)
    node.tick()
    assert node.artifacts.told == 1
