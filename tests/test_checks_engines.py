"""Engines that are one JGroups group are valid; one alone, a split, a stranger are told."""

from dataclasses import replace
from typing import Any

import pytest

from rehearsal.checks import engines
from rehearsal.checks.engines import Group
from tests.checks_support import scene

NAMES = ("a", "b", "c")
WHOLE = [Group(name, 200, f"route-{name}", tuple(f"route-{each}" for each in NAMES)) for name in NAMES]


def with_last(**changes: Any) -> list[Group]:
    return [*WHOLE[:-1], replace(WHOLE[-1], **changes)]


def test_engines_in_one_group_are_valid() -> None:
    finding = engines.judge(WHOLE)
    assert (finding.verdict, finding.detail) == ("valid", "3 engines are one group")


@pytest.mark.parametrize(
    ("groups", "verdict", "said"),
    [
        (with_last(group=("route-c",)), "invalid", "of route-a, route-b, route-c the engine of c has route-c"),
        (with_last(group=()), "invalid", "the engine of c has nobody"),
        (with_last(group=(*WHOLE[0].group, "route-x")), "invalid", "route-x"),
        (with_last(name="route-a"), "invalid", "engines have one name: route-a, route-a, route-b"),
        (with_last(code=503), "unknown", "the engine of c answered 503"),
        (with_last(code=0), "unknown", "the engine of c answered nothing"),
        ([replace(WHOLE[0], group=("route-a",))], "unknown", "only route-a was asked"),
        ([], "unknown", "only no engine was asked"),
    ],
)
def test_anything_less_is_told(groups: list[Group], verdict: str, said: str) -> None:
    finding = engines.judge(groups)
    assert finding.verdict == verdict
    assert said in finding.detail


def test_what_the_doubles_say_is_recorded() -> None:
    def answers(member: str, path: str, _jar: object) -> Any:
        assert path == "/double"
        return {"route": f"route-{member}", "members": [f"route-{name}" for name in reversed(NAMES)]}

    result = engines.CHECK.result(engines.CHECK.lines(scene(answers)))
    assert (result.verdict, result.detail) == ("valid", "3 engines are one group")


def test_an_engine_that_does_not_answer_is_recorded() -> None:
    result = engines.CHECK.result(engines.CHECK.lines(scene(lambda *_: ConnectionRefusedError("no"))))
    assert result.verdict == "unknown"
