"""When a member starts its gateway, whom it sees, when that begins anew, and what it says meanwhile."""

import json
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.kaazing.log_sight import Sight
from musternode.kaazing.merged import DRAIN
from musternode.kaazing.words import Word
from musternode.state import State
from tests.node_kaazing import Node, chosen, sees
from tests.node_servers import address, serving

FAULT = "Unable to resolve DNS name: gw.invalid"
ALL = frozenset(map(address, "abc"))


def test_serving_is_a_gateway_that_takes_users_and_sees_a_majority() -> None:
    node = Node()
    assert node.runs("").phase == "waiting"
    assert node.tick(sees("b")).phase == "serving"
    node.product.sick = "404"
    assert node.tick().phase == "starting"


@pytest.mark.parametrize(
    ("names", "sight", "phase"),
    [
        ("ab", sees(""), "waiting"),
        ("ab", sees("", left=(address("b"),)), "serving"),
        ("abc", sees("", left=(address("b"), address("c"))), "waiting"),
        ("abcd", sees("b", left=(address("c"), address("d"))), "waiting"),
        ("abcd", sees("bc", left=(address("d"),)), "serving"),
        ("abc", sees("xyz"), "waiting"),
    ],
)
def test_users_come_to_a_majority_and_of_two_to_the_one_that_saw_the_other_leave(
    names: str, sight: Sight, phase: str
) -> None:
    node = Node(chosen(names))
    node.tick()
    assert node.tick(sight).phase == phase


def test_another_run_sees_nobody_whatever_the_log_says_of_the_one_before() -> None:
    node = Node()
    node.runs("bc")
    node.product.run += 1  # systemd started it again
    assert node.tick().phase == "waiting"
    assert node.member.word == Word()


def test_each_change_of_what_is_seen_is_kept_once() -> None:
    node = Node()
    node.runs("b")
    node.tick(times=3)
    node.tick(sees("b", merged=1), times=3)
    assert node.log.kept == [sees("b"), sees("b", merged=1)]


def test_what_it_says_to_the_others_is_whom_it_sees_itself_among_them_and_whether_it_has_merged() -> None:
    node = Node()
    node.runs("b", merged=2)
    said = json.loads(node.member.body())
    assert (said["seen"], said["merged"]) == ([address("a"), address("b")], True)
    assert (said["node"], said["phase"]) == ("a", "serving")


# forming


@pytest.mark.parametrize("fault", ["silent", "starting", "sees one less", "wordless", "has merged", "this one has"])
def test_the_cluster_is_not_formed_while_one_does_not_say_so_or_is_about_to_begin_anew(fault: str) -> None:
    node = Node()
    node.others.whole("abc")
    if fault == "silent":
        del node.others.said["c"], node.others.heard[address("c")]
    elif fault == "starting":
        node.others.said["c"] = replace(serving("c"), phase="starting")
    elif fault == "sees one less":
        node.others.heard[address("c")] = Word(ALL - {address("a")})
    elif fault == "has merged":
        node.others.heard[address("c")] = Word(ALL, merged=True)
    elif fault == "wordless":
        del node.others.heard[address("c")]
    assert not node.runs("bc", merged=int(fault == "this one has")).formed
    node.others.whole("abc")
    assert node.tick(sees("bc")).formed


def test_one_that_takes_no_users_says_why_and_what_its_log_said_near_its_time_out() -> None:
    node = Node()
    node.product.sick = "the gateway answers 404 at /echo on port 8000"
    node.runs("bc")
    node.tick(Sight(fault=FAULT), seconds=900)
    assert node.reasons == [f"node a: the gateway answers 404 at /echo on port 8000; it said: {FAULT}"]


def test_a_log_that_does_not_tell_of_the_cluster_is_named_near_the_time_out() -> None:
    node = Node()
    node.tick(times=3)
    node.tick(seconds=900)
    (reason,) = node.reasons
    assert reason.startswith("node a: the gateway takes users, but its log/error.log does not say that it is a member")
    assert reason.endswith("it said: nothing")


# a gateway that cannot start


def runs_that_end(node: Node, number: int, **said: Any) -> None:
    """Let the gateway end and be started by systemd some times; each time its log says something before it ends."""
    node.tick(times=2)
    for _ in range(number):
        node.product.sick = "the gateway does not listen on port 8000"
        node.tick(Sight(**said), seconds=5)
        node.product.run += 1
        node.tick(seconds=5)


def test_a_gateway_that_ends_again_and_again_before_it_takes_users_fails_the_deploy_with_its_own_words() -> None:
    node = Node()
    runs_that_end(node, 3, fault=FAULT)
    assert node.reasons == [f"node a: the gateway has ended 3 times before it took users; it said: {FAULT}"]
    assert node.now < 60


def test_one_whose_log_says_nothing_is_quoted_from_its_journal() -> None:
    node = Node()
    node.product.words = "Error: NoClassDefFoundError"
    runs_that_end(node, 3)
    assert node.reasons[0].endswith("before it took users; it said: Error: NoClassDefFoundError")


@pytest.mark.parametrize("number", [1, 2])
def test_a_gateway_that_did_not_start_once_or_twice_fails_nothing(number: int) -> None:
    node = Node()
    runs_that_end(node, number, fault=FAULT)
    node.tick(seconds=500)
    assert (node.reasons, node.board.state.failure) == ([], "")


def test_a_gateway_that_takes_users_at_last_is_none_that_cannot_start() -> None:
    node = Node()
    for _ in range(3):
        runs_that_end(node, 2, fault=FAULT)
        node.product.sick = ""
        node.tick(sees("b"), seconds=5)
        node.product.run += 1  # it has served: this end does not count
        node.tick()
    assert node.reasons == []


def test_the_cause_of_a_start_that_failed_is_told_while_the_next_run_has_not_said_any() -> None:
    node = Node()
    runs_that_end(node, 1, fault=FAULT)
    assert node.member.complaint() == f"the gateway does not listen on port 8000; it said: {FAULT}"


def test_one_that_is_to_leave_keeps_its_gateway_and_neither_reports_nor_begins_anew() -> None:
    node = Node(chosen("abc", absent="a"))
    node.others.whole("abc")
    node.runs("bc", merged=1)
    node.tick(times=3, seconds=10_000)
    assert (node.product.run, node.product.asked, node.reported.sent) == (1, 0, [])


# after a merge


def merges(**changes: Any) -> Node:
    """Return node a of a cluster that has formed, whose gateway has just merged."""
    node = Node(**changes)
    node.others.whole("abc")
    node.runs("bc")
    node.tick(sees("bc", merged=1))
    return node


def test_a_gateway_that_has_not_merged_never_begins_anew() -> None:
    node = Node()
    node.others.whole("abc")
    for sight in (sees("bc"), sees("b", left=(address("c"),)), sees("bc")):
        assert node.runs("bc").phase == "serving"
        node.tick(sight, times=50, seconds=10)
    assert node.product.asked == 0


def test_one_that_has_merged_gets_no_more_users_and_begins_anew_later() -> None:
    node = merges()
    assert node.board.state.phase == "waiting"
    node.tick(times=29, seconds=1)
    assert (node.product.asked, node.board.state.phase) == (0, "waiting")
    node.tick(seconds=1)
    assert node.product.asked == 1
    assert node.tick(times=40, seconds=1).phase == "starting"
    assert (node.product.asked, node.product.run) == (1, 1)
    node.product.begin()
    assert node.tick().phase == "waiting"
    assert node.tick(sees("bc")).phase == "serving"
    node.tick(times=100, seconds=1)
    assert node.product.asked == 1


def test_a_restart_that_did_not_begin_is_asked_for_again() -> None:
    node = merges()
    node.product.takes = False
    assert node.tick(times=31, seconds=1).phase == "failed"
    node.product.takes = True
    node.tick(seconds=10)
    assert node.product.asked == 1


def test_a_restart_that_came_to_nothing_is_tried_from_the_beginning() -> None:
    """Another time without new users comes first."""
    node = merges()
    node.tick(times=30, seconds=1)
    node.product.begin(anew=False)
    node.tick(sees("bc", merged=1), times=29, seconds=1)
    assert node.product.asked == 1
    node.tick(times=2, seconds=1)
    assert node.product.asked == 2


@pytest.mark.parametrize("other", ["merged too", "out of service", "silent"])
def test_it_waits_with_its_users_for_its_turn(other: str) -> None:
    node = Node(name="b")
    node.others.whole("abc", own="b")
    if other == "merged too":
        node.others.heard[address("a")] = Word(ALL, merged=True)
    elif other == "out of service":
        node.others.said["c"] = serving("c", phase="waiting")
    else:
        node.others.said.clear()
    node.tick()
    assert node.tick(sees("ac", own="b", merged=1), times=100, seconds=1).phase == "serving"
    assert node.product.asked == 0


def test_a_merge_that_only_a_former_log_tells_of_outlives_the_members_process() -> None:
    before = merges()
    node = Node(kept=before.log.kept[-1])
    node.product.run, node.product.up = 1, True
    node.others.whole("abc")
    assert node.tick().phase == "waiting"
    node.tick(times=30, seconds=1)
    assert node.product.asked == 1


@dataclass
class Living:
    """One of a simulated cluster: its gateway merges at a second, and is up again some seconds after it ended."""

    name: str
    late: int
    merges_at: int
    comes_up: int
    dies_at: int
    node: Node = field(init=False)
    back_at: int = -1
    said: "deque[tuple[State, Word]]" = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.node = Node(name=self.name)
        self.node.product.run, self.node.product.up = 1, True
        self.says()

    @property
    def sight(self) -> Sight:
        """What its log says without a merge."""
        return sees("abc".replace(self.name, ""), own=self.name)

    def says(self) -> None:
        """Tell the others."""
        self.said.append((self.node.board.state, self.node.member.word))
        if len(self.said) > self.late + 1:
            self.said.popleft()

    def live(self, now: int, others: "list[Living]") -> None:
        """Do one second's work."""
        product = self.node.product
        self.node.others.said = {other.name: other.said[0][0] for other in others}
        self.node.others.heard = {address(other.name): other.said[0][1] for other in others}
        if now == self.dies_at and not product.ending:
            product.run, self.back_at = product.run + 1, now + self.comes_up
            product.sick = "the gateway does not listen on port 8000"
        elif product.ending and self.back_at < now:
            self.back_at = now + self.comes_up
        if now == self.back_at:
            product.sick = ""
            if product.ending:
                product.begin()
        self.node.now = float(now)
        up = product.up and not product.sick
        fresh = up and not self.node.member.sight.own
        says = self.sight if now == 0 or fresh else None
        if now == self.merges_at and up:
            says = replace(self.sight, merged=1)
        self.node.tick(says)
        self.says()


LIVES = st.tuples(st.integers(0, 8), st.integers(1, 60), st.integers(1, 40), st.just(-1) | st.integers(1, 200))


@given(st.tuples(LIVES, LIVES, LIVES))
def test_of_three_members_never_two_are_asked_to_begin_anew_at_once_and_each_drains_before(
    lives: "tuple[tuple[int, int, int, int], ...]",
) -> None:
    cluster = [Living(name, *each) for name, each in zip("abc", lives, strict=True)]
    drained = dict.fromkeys("abc", 0)
    for now in range(500):
        asked = {each.name: each.node.product.asked for each in cluster}
        for each in cluster:
            each.live(now, [other for other in cluster if other is not each])
        assert sum(each.node.product.ending for each in cluster) <= 1
        for each in cluster:
            if each.node.product.asked > asked[each.name]:
                assert drained[each.name] >= DRAIN
                assert each.node.product.asked == 1  # it merged once
            given_none = each.node.board.state.phase != "serving"
            drained[each.name] = drained[each.name] + 1 if given_none else 0
    assert not any(each.node.member.word.merged for each in cluster)
    assert [each.node.board.state.phase for each in cluster] == ["serving"] * 3
