"""The checkers of AS400Gateway call a good record valid, a broken promise invalid and a poor record unknown."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import Cluster, load
from rehearsal.checks import configuration, copies, reach, sessions, targets
from rehearsal.checks.configuration import Passage
from rehearsal.checks.copies import Copy
from rehearsal.checks.reach import Attempt
from rehearsal.checks.result import Finding, invalid, valid
from rehearsal.checks.scene import Member, Scene
from rehearsal.checks.sessions import BALANCER, DIRECT, Visit
from rehearsal.checks.targets import Target
from rehearsal.visitor import Answer, CookieJar
from tests.axonivy_support import ivy
from tests.conftest import WriteCluster

# configuration

PASSAGES = [
    Passage(writer, reader, f"k{number}", f"v{number}", 200, 200, f"v{number}", 0.01)
    for writer, reader in (("a", "b"), ("b", "a"))
    for number in range(3)
]


def test_values_read_in_both_directions_are_valid() -> None:
    finding = configuration.judge(PASSAGES)
    assert finding.verdict == "valid"
    assert "6 values (a to b, b to a)" in finding.detail


@pytest.mark.parametrize(("code", "read"), [(200, "older"), (404, None), (503, None)])
def test_an_acknowledged_value_that_is_not_read_is_invalid(code: int, read: str | None) -> None:
    finding = configuration.judge([*PASSAGES[:-1], replace(PASSAGES[-1], read_code=code, read=read)])
    assert finding.verdict == "invalid"
    assert "1 of 6 values were not read: k2, written through b, was answered by a with" in finding.detail


def test_a_write_that_was_refused_proves_nothing() -> None:
    assert configuration.judge([replace(PASSAGES[0], write_code=503, read=None), *PASSAGES[1:]]).verdict == "unknown"


def test_one_direction_alone_proves_nothing() -> None:
    assert configuration.judge(PASSAGES[:3]).verdict == "unknown"


# copies

A = Copy("a", {"CONFIGURATION": ["1", "2", "2"]}, ["create"])
B = Copy("b", {"CONFIGURATION": ["2", "1", "2"]}, ["create"])


def test_equal_rows_in_any_order_are_valid() -> None:
    assert copies.judge([A, B]).verdict == "valid"
    assert copies.judge([A, B]).detail == "3 rows in 1 tables are equal on a, b"


@pytest.mark.parametrize(
    ("tables", "schema", "detail"),
    [
        ({"CONFIGURATION": ["1", "2"]}, ["create"], "CONFIGURATION: 1 rows on a alone, 0 on b alone"),
        ({"CONFIGURATION": ["1", "2", "3"]}, ["create"], "CONFIGURATION: 1 rows on a alone, 1 on b alone"),
        ({**A.tables, "T": ["9"]}, ["create"], "T: 0 rows on a alone, 1 on b alone"),
        ({}, ["create"], "CONFIGURATION: 3 rows on a alone, 0 on b alone"),
        (A.tables, ["create", "grant"], "the schema on a is not that on b"),
    ],
)
def test_copies_that_differ_are_invalid(tables: dict[str, list[str]], schema: list[str], detail: str) -> None:
    assert copies.judge([A, Copy("b", tables, schema)]) == invalid(detail)


def test_one_copy_alone_and_empty_copies_prove_nothing() -> None:
    assert copies.judge([A]).verdict == "unknown"
    assert copies.judge([A, A]).verdict == "unknown"
    assert copies.judge([Copy("a", {}, ["create"]), Copy("b", {}, ["create"])]).verdict == "unknown"


@given(st.lists(st.sampled_from("123"), min_size=1), st.data())
def test_losing_any_row_is_invalid(rows: list[str], data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, len(rows) - 1))
    fewer = rows[:lost] + rows[lost + 1 :]
    assert copies.judge([Copy("a", {"T": rows}, []), Copy("b", {"T": fewer}, [])]).verdict == "invalid"


# sessions

HOSTS = {"a": "ip-10-64-0-10", "b": "ip-10-64-1-11"}
KNOWN = [Visit(DIRECT, member, 200, host, f"direct-{member}", 1) for member, host in HOSTS.items()]
STUCK = [Visit(BALANCER, "", 200, HOSTS["a"], "s", count) for count in range(1, 301)]
NEW = [Visit(BALANCER, "", 200, HOSTS["ab"[number % 2]], f"s{number}", 1) for number in range(600)]


class Doubles:
    """As much of a scene as a check of sessions asks: two nodes that get new users in turn."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.members = cluster, [Member(name, "10.64.0.10", f"i-{name}", f"mu-{name}") for name in HOSTS]
        self._count = count()

    def direct(self, member: Member) -> "Turn":
        return Turn(self, HOSTS[member.name])

    def visitor(self, _jar: CookieJar | None = None) -> "Turn":
        return Turn(self)

    def answer(self, host: str | None) -> Answer:
        number = next(self._count)
        told = {"node": host or HOSTS["ab"[number % 2]], "session": f"s{number}", "count": 1}
        return Answer(200, {}, json.dumps(told).encode())


@dataclass
class Turn:
    """A client of one host, or of the next one each time."""

    doubles: Doubles
    host: str | None = None

    def __enter__(self) -> "Turn":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def request(self, _method: str, _path: str) -> Answer:
        return self.doubles.answer(self.host)


def test_one_session_on_one_node_is_valid() -> None:
    finding = sessions.judge_sticky([*KNOWN, *STUCK])
    assert (finding.verdict, finding.detail) == ("valid", "300 requests with one cookie jar, one session, node a")


def test_answers_may_come_out_of_order() -> None:
    assert sessions.judge_sticky([*KNOWN, *reversed(STUCK)]).verdict == "valid"


def test_a_user_who_changes_node_is_invalid() -> None:
    moved = [*STUCK[:299], replace(STUCK[299], node=HOSTS["b"])]
    finding = sessions.judge_sticky([*KNOWN, *moved])
    assert finding.verdict == "invalid"
    assert "changed node: 299 on a, 1 on b" in finding.detail


@pytest.mark.parametrize("lost", [{"session": "other"}, {"count": 1}])
def test_a_user_whose_session_is_lost_on_the_same_node_is_invalid(lost: dict[str, object]) -> None:
    assert sessions.judge_sticky([*KNOWN, *STUCK[:299], replace(STUCK[299], **lost)]).verdict == "invalid"  # type: ignore[arg-type]


def test_new_sessions_on_both_nodes_are_valid_and_counted() -> None:
    finding = sessions.judge_spread([*KNOWN, *NEW])
    assert (finding.verdict, finding.detail) == ("valid", "600 new sessions: 300 on a, 300 on b")


def test_new_sessions_that_reach_one_node_only_are_invalid() -> None:
    finding = sessions.judge_spread([*KNOWN, *(replace(visit, node=HOSTS["a"]) for visit in NEW)])
    assert finding.verdict == "invalid"
    assert "never reached b: 600 on a" in finding.detail


def test_new_sessions_that_were_one_user_prove_nothing() -> None:
    assert sessions.judge_spread([*KNOWN, *(replace(visit, session="s") for visit in NEW)]).verdict == "unknown"


def weighted(a: int, b: int, sessions_of_a: int) -> Finding:
    """Judge 600 new sessions of two nodes with these weights."""
    known = [replace(each, weight=weight) for each, weight in zip(KNOWN, (a, b), strict=True)]
    through = [replace(visit, node=HOSTS["a" if place < sessions_of_a else "b"]) for place, visit in enumerate(NEW)]
    return sessions.judge_weighted([*known, *through])


def test_sessions_by_the_weights_are_valid_and_counted() -> None:
    finding = weighted(2, 1, 400)
    assert (finding.verdict, finding.detail) == ("valid", "600 new sessions: 400 on a, 200 on b, by weights 2:1")


@pytest.mark.parametrize(
    ("weights", "of_a", "verdict"),
    [
        ((2, 1), 430, "valid"),
        ((2, 1), 431, "invalid"),
        ((2, 1), 369, "invalid"),
        ((4, 2), 430, "valid"),
        ((4, 2), 431, "invalid"),
        ((1, 1), 330, "valid"),
        ((1, 1), 331, "invalid"),
        ((3, 2), 360, "valid"),
        ((5, 1), 500, "valid"),
        ((5, 1), 300, "invalid"),
        ((1, 2), 400, "invalid"),
    ],
)
def test_of_two_more_than_a_twentieth_beside_the_weights_is_invalid(
    weights: tuple[int, int], of_a: int, verdict: str
) -> None:
    assert weighted(*weights, of_a).verdict == verdict


@pytest.mark.parametrize(("of_last", "verdict"), [(75, "valid"), (68, "valid"), (67, "invalid"), (83, "invalid")])
def test_of_eight_more_than_a_tenth_of_an_even_share_beside_the_weights_is_invalid(of_last: int, verdict: str) -> None:
    """Of all sessions that is not much: a node that got none would be 12.5 % beside."""
    hosts = {name: f"ip-{name}" for name in "abcdefgh"}
    known = [Visit(DIRECT, name, 200, host, f"direct-{name}", 1) for name, host in hosts.items()]
    nodes = ["h"] * of_last + ["abcdefg"[number % 7] for number in range(600 - of_last)]
    through = [Visit(BALANCER, "", 200, hosts[node], f"s{number}", 1) for number, node in enumerate(nodes)]
    assert sessions.judge_weighted([*known, *through]).verdict == verdict


def test_the_weights_are_those_of_the_file_whatever_ports_the_balancer_has(write_cluster: WriteCluster) -> None:
    cluster = load(write_cluster(**ivy({"weights": {"a": 4}})))
    noted = list(sessions.record_weighted(cast("Scene", Doubles(cluster))))
    assert {visit.member: visit.weight for visit in noted if visit.way == DIRECT} == {"a": 4, "b": 1}
    assert sum(visit.way == BALANCER for visit in noted) == 600
    assert sessions.judge_weighted(noted).verdict == "invalid"


def test_the_weights_say_what_should_be() -> None:
    said = "of 600 new sessions there are 300 on a, 300 on b, by weights 2:1; there should be 400 on a, 200 on b"
    assert weighted(2, 1, 300) == invalid(said)


def test_a_node_that_nobody_reaches_is_told_whatever_its_weight() -> None:
    assert "never reached b" in weighted(5, 1, 600).detail


JUDGES = [(sessions.judge_sticky, STUCK), (sessions.judge_spread, NEW), (sessions.judge_weighted, NEW)]
Judge = Callable[[list[Visit]], Finding]


@pytest.mark.parametrize(("judge", "through"), JUDGES)
def test_a_failed_request_is_invalid(judge: Judge, through: list[Visit]) -> None:
    finding = judge([*KNOWN, *through[:-1], Visit(BALANCER, "", 503)])
    assert finding.verdict == "invalid"
    assert "1 times 503" in finding.detail


@pytest.mark.parametrize(("judge", "through"), JUDGES)
def test_a_host_that_is_no_member_is_invalid(judge: Judge, through: list[Visit]) -> None:
    assert judge([*KNOWN, *through, replace(through[0], node="elsewhere")]).verdict == "invalid"


@pytest.mark.parametrize(("judge", "through"), JUDGES)
def test_too_few_requests_or_unknown_members_prove_nothing(judge: Judge, through: list[Visit]) -> None:
    assert judge([*KNOWN, *through[:20]]).verdict == "unknown"
    assert judge([KNOWN[0], *[v for v in through if v.node == HOSTS["a"]]]).verdict == "unknown"
    assert judge([KNOWN[0], Visit(DIRECT, "b", 404), *through]).verdict == "unknown"
    assert judge([KNOWN[0], replace(KNOWN[1], node=HOSTS["a"]), *through]).verdict == "unknown"


# reach

PAIRS = [("a", "b"), ("b", "a")]
PLAN = reach.plan("ab", [8080, 9180], for_members=[9092, 9093], listener=80, unused=())
KEPT = [replace(attempt, outcome=attempt.expected) for attempt in PLAN]


def changed(origin: str, target: str, port: int, outcome: str) -> list[Attempt]:
    which = (origin, target, port)
    assert sum((a.origin, a.target, a.port) == which for a in KEPT) == 1
    return [replace(a, outcome=outcome) if (a.origin, a.target, a.port) == which else a for a in KEPT]


def test_the_visitor_tries_every_port_of_every_node() -> None:
    tried = {(attempt.target, attempt.port) for attempt in PLAN if attempt.origin == "visitor"}
    assert tried == {("balancer", 80)} | {(node, port) for node in "ab" for port in (8080, 9092, 9093, 9180, 22)}


def test_only_what_the_product_needs_is_expected_open() -> None:
    assert {(a.origin, a.target, a.port) for a in PLAN if a.expected == "open"} == {
        ("visitor", "balancer", 80),
        *(("balancer", node, port) for node in "ab" for port in (8080, 9180)),
        *((origin, target, port) for origin, target in ("ab", "ba") for port in (9092, 9093)),
    }


def test_silence_for_strangers_and_answers_for_those_in_need_are_valid() -> None:
    finding = reach.judge(KEPT)
    assert finding.verdict == "valid"
    assert finding.detail.startswith("22 connections vanished, 9 ")


@pytest.mark.parametrize("outcome", ["open", "refused", "Network is unreachable after 0.0 s"])
def test_anything_but_silence_for_a_stranger_is_invalid(outcome: str) -> None:
    finding = reach.judge(changed("visitor", "b", 9092, outcome))
    assert finding == invalid(f"visitor to b:9092 was {outcome}, must be silent")


def test_more_than_needed_among_members_is_invalid() -> None:
    assert reach.judge(changed("a", "b", 8080, "open")).verdict == "invalid"
    assert reach.judge(changed("balancer", "a", 9092, "refused")).verdict == "invalid"


def test_a_balancer_that_the_visitor_does_not_reach_is_invalid() -> None:
    assert reach.judge(changed("visitor", "balancer", 80, "silent")).verdict == "invalid"


@pytest.mark.parametrize(("origin", "port"), [("balancer", 8080), ("a", 9093)])
@pytest.mark.parametrize("outcome", ["silent", "refused"])
def test_silence_proves_nothing_where_those_in_need_do_not_get_through(origin: str, port: int, outcome: str) -> None:
    assert reach.judge(changed(origin, "b", port, outcome)).verdict == "unknown"


def test_a_port_never_seen_open_proves_nothing() -> None:
    for origin in ("visitor", "balancer"):
        assert reach.judge([attempt for attempt in KEPT if attempt.origin != origin]).verdict == "unknown"


WEIGHED = [
    replace(attempt, outcome=attempt.expected)
    for attempt in reach.plan("ab", [8080, 8090, 9180], for_members=[7800], listener=80, unused=[8100])
]
"""Of two nodes of which one takes users on two ports, as it should be; both lead three to their engines."""


def test_the_balancer_reaches_on_each_node_the_port_of_anothers_weight_and_nobody_an_unused_one() -> None:
    opened = {(each.origin, each.target) for each in WEIGHED if each.port == 8090 and each.expected == "open"}
    assert opened == {("balancer", "a"), ("balancer", "b")}
    shut = {(each.origin, each.target): each.expected for each in WEIGHED if each.port == 8100}
    assert shut == dict.fromkeys([*((who, node) for who in ("visitor", "balancer") for node in "ab"), *PAIRS], "silent")
    assert reach.judge(WEIGHED).verdict == "valid"


@pytest.mark.parametrize("outcome", ["open", "refused"])
def test_an_unused_port_that_answers_the_balancer_is_invalid(outcome: str) -> None:
    found = [
        replace(each, outcome=outcome) if (each.origin, each.target, each.port) == ("balancer", "b", 8100) else each
        for each in WEIGHED
    ]
    assert reach.judge(found) == invalid(f"balancer to b:8100 was {outcome}, must be silent")


@pytest.mark.parametrize("outcome", ["silent", "refused"])
def test_a_port_of_anothers_weight_that_does_not_answer_the_balancer_leaves_the_rest_unproved(outcome: str) -> None:
    found = [
        replace(each, outcome=outcome) if (each.origin, each.target, each.port) == ("balancer", "b", 8090) else each
        for each in WEIGHED
    ]
    assert reach.judge(found).verdict == "unknown"


# targets

EXPECTED = [Target("i-1", 8080, "a", "expected"), Target("i-2", 8080, "b", "expected")]
HEALTHY = [replace(target, state="healthy") for target in EXPECTED]


def test_every_member_healthy_is_valid() -> None:
    assert targets.judge([*EXPECTED, *HEALTHY]) == valid("2 of 2 members are registered and healthy")


@pytest.mark.parametrize(
    ("registered", "detail"),
    [
        (HEALTHY[:1], "member b is not registered"),
        (
            [HEALTHY[0], replace(HEALTHY[1], port=9092)],
            "member b is not registered; i-2:9092 is registered and no member",
        ),
        (
            [HEALTHY[0], replace(HEALTHY[1], state="unhealthy", reason="Target.Timeout")],
            "member b is unhealthy (Target.Timeout)",
        ),
        ([*HEALTHY, Target("i-9", 8080, "", "healthy")], "i-9:8080 is registered and no member"),
        ([*HEALTHY, HEALTHY[0]], "a member is registered twice"),
    ],
)
def test_a_member_that_is_missing_sick_or_strange_is_invalid(registered: list[Target], detail: str) -> None:
    assert targets.judge([*EXPECTED, *registered]) == invalid(detail)


def led(*states: str) -> list[Target]:
    """Return members as they should be and are registered with the group of the leader."""
    wanted = [replace(each, group="admin", led=True) for each in EXPECTED]
    return [*wanted, *(replace(each, state=state) for each, state in zip(wanted, states, strict=True))]


@pytest.mark.parametrize(
    ("states", "finding"),
    [
        (("healthy", "unhealthy"), valid("2 of 2 members are registered and healthy in each of 2 target groups")),
        (("unhealthy", "unhealthy"), invalid("administration is led to no member, want one")),
        (("healthy", "healthy"), invalid("administration is led to a and b, want one")),
    ],
)
def test_of_the_leaders_group_one_member_is_healthy(states: tuple[str, str], finding: Finding) -> None:
    assert targets.judge([*EXPECTED, *HEALTHY, *led(*states)]) == finding


def test_without_members_nothing_is_proved() -> None:
    assert targets.judge(HEALTHY).verdict == "unknown"
