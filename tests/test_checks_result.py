"""A check can be judged again from its history, and nothing that goes wrong makes it valid."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import history, run
from rehearsal.checks.check import Check
from rehearsal.checks.result import WORST_FIRST, CheckResult, Finding, Verdict, invalid, overall, valid
from rehearsal.checks.scene import Scene

SCENE = cast("Scene", None)


@dataclass(frozen=True)
class Number:
    """An observation."""

    value: int


def small(numbers: Sequence[Number]) -> Finding:
    """Judge that all numbers are below ten."""
    return valid("all small") if all(number.value < 10 for number in numbers) else invalid("a big one")


def check_of(*values: int) -> Check[Number]:
    return Check("small numbers", Number, lambda _: [Number(value) for value in values], small)


def results(*verdicts: Verdict) -> list[CheckResult]:
    return [CheckResult(f"check {index}", verdict, "") for index, verdict in enumerate(verdicts)]


def test_what_was_recorded_is_what_is_judged() -> None:
    check = check_of(1, 2)
    assert check.lines(SCENE) == [{"check": "small numbers", "value": 1}, {"check": "small numbers", "value": 2}]
    assert check.result(check.lines(SCENE)) == CheckResult("small numbers", "valid", "all small")
    assert check.result(check_of(1, 11).lines(SCENE)).verdict == "invalid"


def test_lines_of_other_checks_are_not_judged() -> None:
    other = {"check": "another", "value": 99}
    assert check_of().result([other, *check_of(1).lines(SCENE)]).verdict == "valid"


def test_a_recording_that_crashes_is_unknown_and_keeps_what_it_saw_before() -> None:
    def record(_: Scene) -> Iterable[Number]:
        yield Number(1)
        raise ConnectionError("gone\nwith a second line")

    check = Check("small numbers", Number, record, small)
    assert len(check.lines(SCENE)) == 2
    assert check.result(check.lines(SCENE)) == CheckResult(
        "small numbers", "unknown", "could not be observed: ConnectionError: gone"
    )


def test_a_checker_that_crashes_is_unknown() -> None:
    check = Check("small numbers", Number, lambda _: [Number(1)], lambda _: valid(str(1 / 0)))
    assert check.result(check.lines(SCENE)).verdict == "unknown"


@pytest.mark.parametrize("line", [{"check": "small numbers"}, {"check": "small numbers", "value": 1, "extra": 2}])
def test_a_line_of_another_shape_is_unknown(line: dict[str, object]) -> None:
    assert check_of().result([line]).verdict == "unknown"


def test_nothing_observed_is_unknown() -> None:
    assert check_of().result([]).verdict == "unknown"


@given(st.lists(st.sampled_from(WORST_FIRST), min_size=1))
def test_the_worst_verdict_wins(verdicts: list[Verdict]) -> None:
    assert overall(results(*verdicts)) == min(verdicts, key=WORST_FIRST.index)


def test_no_checks_at_all_are_unknown() -> None:
    assert overall([]) == "unknown"


def test_a_run_is_recorded_to_a_file_and_can_be_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("of an earlier run\n")
    monkeypatch.setattr(run, "checks_of", lambda _: (check_of(3), check_of_others()))
    told: list[str] = []
    found = run.run_all(cast("Any", None), cast("Any", Fake()), history=path, tell=told.append)
    assert [(result.name, result.verdict) for result in found] == [("small numbers", "valid"), ("others", "invalid")]
    assert told == ["small numbers", "others"]
    assert run.judge_again(path, "any") == found
    path.write_text(path.read_text().replace('"value": 3', '"value": 30'))
    assert [result.verdict for result in run.judge_again(path, "any")] == ["invalid", "invalid"]


class Fake:
    """A cluster of which only the product is asked, and what its file wants beside it."""

    product = "any"
    database = SimpleNamespace(tls=False)


def test_a_check_that_a_file_asked_for_is_judged_again_by_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.jsonl"
    monkeypatch.setattr(run, "checks_of", lambda _: [])
    monkeypatch.setattr(run, "OPTIONS", [check_of_others()])
    asking = SimpleNamespace(product="any", database=SimpleNamespace(tls=True))
    found = run.run_all(cast("Any", None), cast("Any", asking), history=path)
    assert [result.name for result in found] == ["others"]
    assert run.judge_again(path, "any") == found
    assert run.asked_for(cast("Any", Fake())) == ()


def check_of_others() -> Check[Number]:
    return Check("others", Number, lambda _: [Number(10)], small)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"value": 1})])
def test_a_file_that_is_no_history_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps({"check": "x"}) + "\n" + text + "\n")
    with pytest.raises(ValueError, match=r"history\.jsonl:2: not a line of a history"):
        history.read(path)
