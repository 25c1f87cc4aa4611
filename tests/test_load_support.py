"""How the scenarios judge users under load: what a dead node costs is excused there and then, and nothing else is."""

import pytest

from tests.load_support import NOTICED, Killed, Request, after, broken, excused, unanswered

KILLED = (Killed("b", 100.0),)
FAILED = Request("x", 101.0, 101.2, 502, before="b", expected=range(3, 4))


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [(99.9, 100.1, "b"), (101.0, 101.1, "b"), (100.0 + NOTICED, 113.0, "b"), (101.0, 101.2, "")],
)
def test_what_was_led_to_a_node_that_nobody_knew_dead_is_excused(start: float, end: float, before: str) -> None:
    assert excused(Request("x", start, end, 502, before=before), KILLED)


@pytest.mark.parametrize(
    ("start", "end", "before"), [(99.0, 99.9, "b"), (100.1 + NOTICED, 113.0, "b"), (101.0, 101.2, "c")]
)
def test_before_it_died_long_after_and_elsewhere_nothing_is(start: float, end: float, before: str) -> None:
    assert not excused(Request("x", start, end, 502, before=before), KILLED)


@pytest.mark.parametrize("code", [0, 404, 502, 503])
def test_any_answer_but_success_is_a_fault_unless_it_is_excused(code: int) -> None:
    request = Request("x", 101.0, 101.2, code, before="b")
    assert unanswered([request]) == [request]
    assert unanswered([request], KILLED) == []


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_session_that_begins_anew_stands_or_jumps_is_broken(count: int) -> None:
    request = Request("x", 101.0, 101.2, 200, host="b", count=count, expected=range(3, 4))
    assert broken([request]) == [request]


def test_a_session_goes_on_with_the_next_number() -> None:
    first = Request("x", 1.0, 1.1, 200, host="b", count=1)
    second = after(first)
    assert (second.before, second.expected) == ("b", range(2, 3))
    assert broken([first, Request("x", 1.2, 1.3, 200, host="b", count=2, expected=second.expected)]) == []


def test_a_request_that_came_to_nothing_may_have_been_counted() -> None:
    held = after(FAILED)
    assert (held.before, held.expected) == ("b", range(3, 5))
    assert after(held).expected == range(3, 6)
