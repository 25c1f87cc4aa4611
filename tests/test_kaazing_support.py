"""How the scenarios of Kaazing gateways read logs, connections and looks: what is there counts, and nothing else."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kaazing_support import Look, Start, downs, known, may_end, merges, others, starts, together

A, B, C = "10.64.0.10", "10.64.1.11", "10.64.0.12"
NOON = 1_795_348_800.0
"""2026-11-22 12:00:00 in UTC."""
ENGINE = f"HAZELCAST: [Member [{A}]:5942 - 3e22dd0b-5510-41ea-b212-88901491f49e this] - [{A}]:5942 [shop] [3.7.4]"


def log(*texts: str, thread: str = "main") -> str:
    """Return a gateway's log in which these texts were written from noon on, a second apart."""
    lines = [f"2026-11-22 12:00:{number:02},250 [{thread}] INFO  {text}" for number, text in enumerate(texts)]
    return "\n".join(lines) + "\n"


def gone(address: str) -> str:
    """Return what a gateway says of one that has gone."""
    return f"Cluster member tcp://{address}:5942 has gone down"


def came(address: str) -> str:
    """Return what a gateway says of one that has come."""
    return f"Cluster member tcp://{address}:5942 is now online"


def listing(*addresses: str) -> list[str]:
    """Return a list of all members."""
    each = (f"      member: tcp://{address}:5942" for address in addresses)
    return ["Current cluster members:", *each, "Current shared balancer map:"]


def test_those_that_have_gone_down_are_told_with_the_moment() -> None:
    assert downs(log("Member Added", gone(B), gone(C)), NOON) == [(NOON + 1.25, B), (NOON + 2.25, C)]


def test_the_words_of_the_guide_are_understood_too() -> None:
    assert downs(log(f"Cluster member /{B}:5942 is down"), NOON) == [(NOON + 0.25, B)]


def test_what_was_said_before_is_not_counted() -> None:
    assert downs(log(gone(B), gone(C)), NOON + 1) == [(NOON + 1.25, C)]


@pytest.mark.parametrize("text", [came(B), f"{gone(B)} again", f"member {B} left", f"{ENGINE} removing [{B}]:5942"])
def test_other_words_are_no_word_of_one_that_has_gone(text: str) -> None:
    assert downs(log(text), NOON) == []


def test_a_line_without_a_time_is_passed_over() -> None:
    assert downs(f"INFO  {gone(B)}\n\tat org.kaazing.Some.method\n", 0.0) == []


def test_a_merge_is_told_with_the_moment_and_merging_is_none() -> None:
    assert merges(log(f"{ENGINE} [{A}]:5942 is MERGING", f"{ENGINE} [{A}]:5942 is MERGED"), NOON) == [NOON + 1.25]
    assert merges(log(f"{ENGINE} [{A}]:5942 is MERGED"), NOON + 1) == []


def test_members_are_those_of_the_last_list_and_who_came_or_went_since() -> None:
    assert known(log(*listing(A, B))) == {A, B}
    assert known(log(*listing(A, B), came(C))) == {A, B, C}
    assert known(log(*listing(A, B, C), gone(B))) == {A, C}
    assert known(log(*listing(A, B, C), *listing(A))) == {A}


def test_what_a_former_run_knew_is_forgotten() -> None:
    assert known(log(*listing(A, B), "Configuration file: /opt/kaazing/current/conf/gateway-config.xml")) == set()


def test_connections_are_counted_by_who_is_at_their_other_end() -> None:
    shown = f"0 0 {A}:8000 10.64.8.5:41002\n0 0 {A}:8000  10.64.8.5:41004 \n0 0 {A}:8000 {A}:39000\n"
    assert others(shown, A) == ["10.64.8.5", "10.64.8.5"]
    assert others(f"0 0 [::ffff:{A}]:8000 [::ffff:10.64.8.5]:41002\n0 0 [::ffff:{A}]:8000 [::ffff:{A}]:3\n", A) == [
        "10.64.8.5"
    ]
    assert others("", A) == []


def looks(*seen: tuple[dict[str, int], str]) -> list[Look]:
    """Return looks a second apart: the runs that were seen, and the nodes that were not ready."""
    return [Look(float(at), runs, frozenset(unready)) for at, (runs, unready) in enumerate(seen)]


def test_a_gateway_that_began_anew_is_told_with_how_long_its_node_had_not_been_ready() -> None:
    run, other = {"a": 5, "b": 7}, {"a": 5, "b": 9}
    seen = looks((run, ""), (run, "b"), (run, "b"), (run, "b"), ({"a": 5, "b": 0}, "b"), (other, "b"), (other, ""))
    assert starts(seen) == [Start("b", 5.0, 2.0)]


def test_a_gateway_that_began_anew_while_its_node_was_ready_was_not_drained() -> None:
    assert starts(looks(({"a": 5}, "a"), ({"a": 5}, ""), ({"a": 6}, ""))) == [Start("a", 2.0, 0.0)]


def test_a_gateway_that_began_anew_is_told_with_the_others_that_were_not_ready_before() -> None:
    seen = looks(({"a": 5}, "c"), ({"a": 5}, "ab"), ({"a": 0}, "ac"), ({"a": 6}, "ac"))
    assert starts(seen) == [Start("a", 3.0, 0.0, frozenset("b"))]


def test_starts_are_told_in_their_order() -> None:
    seen = looks(({"a": 1, "b": 2}, ""), ({"a": 1, "b": 3}, ""), ({"a": 4, "b": 3}, ""))
    assert [start.node for start in starts(seen)] == ["b", "a"]


def test_a_gateway_that_goes_on_or_is_seen_for_the_first_time_has_not_begun_anew() -> None:
    assert starts(looks(({"a": 5, "b": 0}, "b"), ({"a": 5, "b": 8}, "b"), ({"a": 5, "b": 8}, ""))) == []
    assert starts([]) == []


def test_several_that_are_not_ready_at_two_looks_in_a_row_are_told() -> None:
    assert together(looks(({}, "a"), ({}, "ab"), ({}, "abc"), ({}, ""), ({}, "b"))) == [{"a", "b"}]


@pytest.mark.parametrize("seen", ["", "a", "a ab b", "ab", "a b a b", "ab  ab"])
def test_one_that_is_not_ready_or_several_at_one_look_are_not_told(seen: str) -> None:
    assert together(looks(*(({}, unready) for unready in seen.split(" ")))) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=30))
def test_there_are_as_many_starts_as_changes_of_the_run(seen: Sequence[tuple[int, bool]]) -> None:
    found = starts(looks(*(({"a": run}, "a" if out else "") for run, out in seen)))
    runs = [run for run, _ in seen if run]
    assert len(found) == sum(one != other for one, other in pairwise(runs))
    assert all(0 <= start.drained < start.at for start in found)


@pytest.mark.parametrize(
    ("fall", "most"),
    [("", 0), ("c", 30), ("a", 100), ("ab", 270), ("ba", 270), ("bc", 170), ("abc", 470)],
)
def test_as_many_connections_end_as_the_gateways_had_that_fall_and_those_who_moved_to_the_next(
    fall: str, most: int
) -> None:
    assert may_end({"a": 100, "b": 70, "c": 30}, fall) == most
