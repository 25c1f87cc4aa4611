"""When a member of WSO2 AS is given users or administrators, and which one commits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode.appserver import anew, first_start
from musternode.appserver.anew import Anew
from musternode.appserver.artifacts import UNASKED
from musternode.appserver.member import PATIENCE
from musternode.servers import drain
from musternode.state import State
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


def test_a_worker_with_nothing_to_give_to_users_waits_for_the_repository_as_long_as_it_takes() -> None:
    node = Node("c")
    node.artifacts.fault, node.artifacts.bare = "it is silent", True
    node.tick(times=30, seconds=PATIENCE)
    assert node.product.run == 0
    assert node.reasons == ["node c: it is sick; the repository of artifacts: it is silent"]
    node.artifacts.fault = ""
    node.tick()
    assert node.product.run == 1


# a product that began without the repository


def begun_without(name: str = "c", *, kept: Path | None = None, kernel: str = "4.2.0") -> Node:
    """Return a node whose product began while the repository did not answer, in a cluster that is whole."""
    node = Node(name, chosen(product={"kernel": kernel}), kept=kept)
    node.others.whole("abcd", name)
    node.artifacts.fault = "it is silent"
    node.tick(times=2, seconds=PATIENCE)
    node.tick(node.sees("abcd".replace(name, "")))
    assert (node.product.run, node.board.state.phase) == (1, "serving")
    return node


def test_it_begins_anew_once_when_the_repository_answers_and_its_users_have_been_led_away() -> None:
    node = begun_without()
    node.tick(times=20, seconds=60)
    assert node.product.run == 1
    node.artifacts.fault = ""
    node.tick()
    assert (node.product.ended, node.member.word.anew) == (0, True)
    node.tick(times=2, seconds=anew.SETTLE)
    assert (node.product.run, node.slept) == (2, [(drain.SECONDS, "leaving")])
    node.tick(node.sees("abd"), times=9, seconds=60)
    node.artifacts.fault = "it is silent again"
    node.tick(times=9, seconds=60)
    node.artifacts.fault = ""
    node.tick(times=9, seconds=60)
    assert (node.product.run, node.product.ended, node.member.word.anew) == (2, 1, False)


def test_one_whose_synchronizer_looks_again_by_itself_goes_on() -> None:
    node = begun_without(kernel="4.4.1")
    node.artifacts.fault = ""
    node.tick(times=9, seconds=anew.LONGEST)
    assert (node.product.run, node.product.ended, node.member.word.anew) == (1, 0, False)


def test_one_that_reads_by_an_account_of_before_begins_anew_as_well() -> None:
    node = Node("c")
    node.others.whole("abcd", "c")
    node.runs("abd")
    node.artifacts.outdated = True
    node.tick(times=2, seconds=anew.SETTLE)
    node.artifacts.outdated = False
    node.tick(times=9, seconds=60)
    assert (node.product.ended, node.product.run, len(node.slept)) == (1, 2, 1)


def test_management_begins_anew_at_once_for_it_has_no_users() -> None:
    node = begun_without("a")
    node.others.said.clear()
    node.artifacts.fault = ""
    node.tick(times=3, seconds=anew.SETTLE)
    assert (node.product.run, node.slept) == (2, [])


def test_another_process_of_the_member_knows_it_and_one_that_finds_a_whole_run_leaves_it(tmp_path: Path) -> None:
    before = begun_without(kept=tmp_path / "run")
    again = Node("c", chosen(product={"kernel": "4.2.0"}), kept=tmp_path / "run")
    again.others.whole("abcd", "c")
    again.product.run, again.product.up, again.artifacts.fault = before.product.run, True, UNASKED
    again.tick(again.sees("abd"))
    again.artifacts.fault = ""
    again.tick(times=3, seconds=anew.SETTLE)
    assert again.product.ended == 1
    third = Node("c", chosen(product={"kernel": "4.2.0"}), kept=tmp_path / "run")
    third.product.run, third.product.up, third.artifacts.fault = 2, True, UNASKED
    third.tick(third.sees("abd"))
    third.artifacts.fault = ""
    third.tick(times=3, seconds=anew.SETTLE)
    assert third.product.ended == 0


def test_a_member_that_finds_a_run_it_does_not_know_asks_before_it_judges() -> None:
    node = Node("c", chosen(product={"kernel": "4.2.0"}))
    node.others.whole("abcd", "c")
    node.product.run, node.product.up, node.artifacts.fault = 1, True, UNASKED
    node.tick(node.sees("abd"))
    node.artifacts.fault = ""
    node.tick(times=9, seconds=60)
    assert node.product.ended == 0


def test_a_run_that_was_ended_is_not_ended_again_while_the_next_one_waits(tmp_path: Path) -> None:
    again = Anew(tmp_path / "run", "4.2.0")
    again.look("1", "it is silent", 0.0, healthy=False, outdated=False)
    again.look("1", "", 1.0, healthy=True, outdated=False)
    assert again.due(1.0 + anew.SETTLE, free=True)
    again.done()
    again.look("1", "", 99.0, healthy=False, outdated=False)
    assert not again.wanted


@pytest.mark.parametrize(
    ("name", "other", "ends"),
    [
        ("c", serving("d", phase="starting"), False),
        ("c", serving("d", phase="leaving"), False),
        ("c", None, False),
        ("c", serving("d"), True),
        ("d", serving("c"), False),
    ],
)
def test_workers_begin_anew_one_after_the_other_and_not_without_end(name: str, other: State | None, ends: bool) -> None:
    """All are to; the one that is heard is in the phase of `other`."""
    node, each = begun_without(name), "c" if name == "d" else "d"
    node.artifacts.fault = ""
    node.others.heard[address(each)] = replace(node.others.word(each, "abcd"), anew=True)
    node.others.said = {n: one for n, one in {**node.others.said, each: other}.items() if one is not None}
    node.tick(times=3, seconds=anew.SETTLE)
    assert (node.product.ended == 1) is ends
    node.tick(seconds=anew.LONGEST)
    assert node.product.ended == 1


def test_one_that_is_to_be_absent_stays_as_it_is() -> None:
    node = Node("c", chosen(absent="c", product={"kernel": "4.2.0"}))
    node.artifacts.fault = "it is silent"
    node.tick(times=4, seconds=PATIENCE)
    node.artifacts.fault = ""
    node.tick(times=4, seconds=anew.LONGEST)
    assert (node.product.run, node.product.ended) == (1, 0)


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
