"""The checkers of AS400Gateway call a good record valid, a broken promise invalid and a poor record unknown."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import configuration, copies, reach, sessions, targets
from rehearsal.checks.configuration import Passage
from rehearsal.checks.copies import Copy
from rehearsal.checks.reach import Attempt
from rehearsal.checks.result import Finding, invalid, valid
from rehearsal.checks.sessions import BALANCER, DIRECT, Visit
from rehearsal.checks.targets import Target

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
    """Judge 600 new sessions of two nodes with so many ports."""
    known = [replace(each, ports=ports) for each, ports in zip(KNOWN, (a, b), strict=True)]
    through = [replace(visit, node=HOSTS["a" if place < sessions_of_a else "b"]) for place, visit in enumerate(NEW)]
    return sessions.judge_weighted([*known, *through])


def test_sessions_by_the_weights_are_valid_and_counted() -> None:
    finding = weighted(2, 1, 400)
    assert (finding.verdict, finding.detail) == ("valid", "600 new sessions: 400 on a, 200 on b, at 2:1 ports")


@pytest.mark.parametrize(
    ("ports", "of_a", "verdict"),
    [
        ((2, 1), 430, "valid"),
        ((2, 1), 431, "invalid"),
        ((2, 1), 369, "invalid"),
        ((1, 1), 330, "valid"),
        ((1, 1), 331, "invalid"),
        ((3, 2), 360, "valid"),
        ((5, 1), 500, "valid"),
        ((5, 1), 300, "invalid"),
        ((1, 2), 400, "invalid"),
    ],
)
def test_more_than_a_twentieth_beside_the_weights_is_invalid(ports: tuple[int, int], of_a: int, verdict: str) -> None:
    assert weighted(*ports, of_a).verdict == verdict


def test_the_weights_say_what_should_be() -> None:
    said = "of 600 new sessions there are 300 on a, 300 on b, at 2:1 ports; by the weights it is 400 on a, 200 on b"
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

PLAN = reach.plan(dict.fromkeys("ab", (8080, 9180)), for_members=[9092, 9093], listener=80)
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
    for attempt in reach.plan({"a": [8080, 8090, 9180], "b": [8080, 9180]}, for_members=[7800], listener=80)
]
"""Of two nodes with different weights, as it should be."""


def test_the_port_of_another_nodes_weight_is_refused_to_the_balancer_and_silent_to_all_others() -> None:
    expected = {(each.origin, each.target): each.expected for each in WEIGHED if each.port == 8090}
    assert expected == {
        ("balancer", "a"): "open",
        ("balancer", "b"): "refused",
        ("visitor", "a"): "silent",
        ("visitor", "b"): "silent",
        ("b", "a"): "silent",
        ("a", "b"): "silent",
    }
    finding = reach.judge(WEIGHED)
    assert finding.verdict == "valid"
    assert finding.detail.endswith("were open to those in need, 1 to ports of other nodes were refused")


@pytest.mark.parametrize(
    ("outcome", "verdict", "said"),
    [
        ("open", "invalid", "balancer to b:8090 was open, must be refused"),
        ("silent", "unknown", "balancer to b:8090 was silent, must be refused"),
    ],
)
def test_anything_else_at_the_port_of_another_node_is_told(outcome: str, verdict: str, said: str) -> None:
    found = [replace(each, outcome=outcome) if each.expected == "refused" else each for each in WEIGHED]
    finding = reach.judge(found)
    assert (finding.verdict, said in finding.detail) == (verdict, True)


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
