"""How the scenarios of Axon.ivy judge: a session that ends, moves or comes from a dead node is none that goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ivy_support import TOLERANCE, Visit, goes_on, is_new, off, undiminished

BEFORE = Visit("a", "0F.a", 3)


def test_a_session_goes_on_with_its_next_request_where_it_is() -> None:
    assert goes_on(BEFORE, Visit("a", "0F.a", 4))


@pytest.mark.parametrize(
    "now", [None, Visit("a", "0F.a", 3), Visit("a", "0F.a", 5), Visit("b", "0F.a", 4), Visit("a", "1A.a", 4)]
)
def test_anything_else_is_not_the_same_session_that_goes_on(now: Visit | None) -> None:
    assert not goes_on(BEFORE, now)


def test_who_was_never_answered_has_no_session_that_could_go_on() -> None:
    assert not goes_on(None, BEFORE)


def test_a_session_is_new_that_begins_on_a_living_node() -> None:
    assert is_new(BEFORE, Visit("b", "1A.b", 1), "a")


@pytest.mark.parametrize("now", [Visit("a", "1A.a", 1), Visit("b", "0F.a", 1), Visit("b", "1A.b", 2)])
def test_one_of_the_dead_node_the_same_one_or_somebody_elses_is_not_new(now: Visit) -> None:
    assert not is_new(BEFORE, now, "a")


def test_a_session_says_where_it_is_behind_its_last_point() -> None:
    assert Visit("a", "0F.1.a", 1).route == "a"


@pytest.mark.parametrize(
    ("found", "weights", "within"),
    [
        ({"a": 400, "b": 200}, {"a": 2, "b": 1}, True),
        ({"a": 425, "b": 175}, {"a": 2, "b": 1}, True),
        ({"a": 435, "b": 165}, {"a": 2, "b": 1}, False),
        ({"a": 300, "b": 300}, {"a": 2, "b": 1}, False),
        ({"a": 200, "b": 400}, {"a": 2, "b": 1}, False),
        ({"a": 500, "b": 100}, {"a": 5, "b": 1}, True),
        ({"a": 315, "b": 200, "c": 85}, {"a": 3, "b": 2, "c": 1}, True),
        ({"a": 325, "b": 200, "c": 75}, {"a": 3, "b": 2, "c": 1}, False),
        ({"a": 600}, {"a": 2, "b": 1}, False),
        ({"a": 400, "c": 200}, {"a": 2, "b": 1}, False),
        ({}, {"a": 2, "b": 1}, False),
    ],
)
def test_shares_are_held_against_those_of_the_weights(
    found: dict[str, int], weights: dict[str, int], within: bool
) -> None:
    assert (off(found, weights) <= TOLERANCE / len(weights)) == within


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 5), min_size=1), st.integers(1, 100))
def test_who_gets_what_the_weights_say_is_not_off(weights: dict[str, int], times: int) -> None:
    assert off({node: weight * times for node, weight in weights.items()}, weights) == pytest.approx(0)


@pytest.mark.parametrize(
    ("before", "after", "keep"),
    [
        ({}, {"a": 3, "b": 2}, "ab"),
        ({"a": 2, "b": 1}, {"a": 3, "b": 1}, "ab"),
        ({"a": 2, "b": 1}, {"a": 2, "b": 4}, "b"),
        ({"a": 2, "b": 1}, {"a": 4, "b": 2}, "ab"),
        ({"a": 2}, {}, "b"),
    ],
)
def test_nodes_keep_all_their_users_whose_weight_does_not_fall_beside_the_others(
    before: dict[str, int], after: dict[str, int], keep: str
) -> None:
    assert undiminished(before, after, "ab") == {*keep}
