"""A session that goes on everywhere is valid; one that any member does not know is lost, and told with who lost it."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import replicated
from rehearsal.checks.replicated import Step
from rehearsal.visitor import CookieJar
from tests.checks_support import scene

WAYS = {"a": "abca", "b": "bacb", "c": "cabc"}
STEPS = [
    Step(f"{maker}-{number}", maker, member, expected, 200, f"session-{maker}-{number}", expected)
    for maker, way in WAYS.items()
    for number in range(3)
    for expected, member in enumerate(way, 1)
]


def test_sessions_that_go_on_everywhere_are_valid() -> None:
    finding = replicated.judge(STEPS)
    assert finding.verdict == "valid"
    assert finding.detail == "9 sessions went on from each of a, b, c to all the others and back"


def test_a_member_that_begins_anew_is_invalid() -> None:
    lost = [*STEPS[:1], replace(STEPS[1], session="another", count=1), *STEPS[2:]]
    finding = replicated.judge(lost)
    assert finding.verdict == "invalid"
    assert "1 of 36 requests did not go on" in finding.detail
    assert "made on a, request 2 on b was the session's 1." in finding.detail


@given(st.integers(0, len(STEPS) - 1), st.integers(0, 9))
def test_any_other_count_is_invalid(number: int, count: int) -> None:
    steps = [*STEPS[:number], replace(STEPS[number], count=count), *STEPS[number + 1 :]]
    assert replicated.judge(steps).verdict == ("valid" if count == STEPS[number].expected else "invalid")


def test_a_request_that_failed_proves_nothing() -> None:
    failed = Step("a-0", "a", "b", 2, 503)
    finding = replicated.judge([STEPS[0], failed, *STEPS[2:]])
    assert (finding.verdict, finding.detail) == ("unknown", "b answered 503 to GET /api/session")


def test_a_lost_session_is_told_even_if_a_request_failed() -> None:
    failed = Step("a-0", "a", "b", 2, 503)
    lost = replace(STEPS[2], count=1)
    assert replicated.judge([STEPS[0], failed, lost, *STEPS[3:]]).verdict == "invalid"


@pytest.mark.parametrize(
    "steps",
    [
        [],
        STEPS[:1],
        [step for step in STEPS if step.maker == "a"],
        [step for step in STEPS if step.member == step.maker],
        [step for step in STEPS if (step.maker, step.member) != ("a", "b")],
    ],
    ids=["nothing", "one request", "one maker", "nobody else asked", "a direction left out"],
)
def test_what_was_not_tried_everywhere_is_never_valid(steps: list[Step]) -> None:
    assert replicated.judge(steps).verdict != "valid"


def test_users_who_shared_a_session_prove_nothing() -> None:
    one = [replace(step, session="one", count=step.expected) for step in STEPS]
    assert replicated.judge(one).verdict == "unknown"


def counting(replicate: bool) -> Any:
    """Return members that count by cookie: all in one place, or each in its own."""
    counts: dict[tuple[str, str], int] = {}
    numbers = itertools.count()

    def answer(member: str, _path: str, jar: CookieJar | None) -> Any:
        assert jar is not None
        session = jar.cookies.setdefault("JSESSIONID", f"s{next(numbers)}")
        place = ("" if replicate else member, session)
        counts[place] = counts.get(place, 0) + 1
        return {"node": f"host-{member}", "session": session, "count": counts[place]}

    return answer


def test_members_with_one_session_map_are_recorded_as_valid() -> None:
    result = replicated.CHECK.result(replicated.CHECK.lines(scene(counting(replicate=True))))
    assert (result.verdict, result.detail) == (
        "valid",
        "9 sessions went on from each of a, b, c to all the others and back",
    )


def test_members_with_session_maps_of_their_own_are_recorded_as_invalid() -> None:
    result = replicated.CHECK.result(replicated.CHECK.lines(scene(counting(replicate=False))))
    assert result.verdict == "invalid"
