"""`muster simulate` runs what its report does not have yet, and says what it found."""

import json
from pathlib import Path

import pytest

from operations import simulate
from operations.errors import Failure
from operations.simulate import simulate_command
from tests.simulation import runner


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut schedules into slices of two."""
    honest = runner.slices
    monkeypatch.setattr(runner, "slices", lambda first, count: honest(first, count, 2))


def run(report: Path | None, schedules: int = 6, seed: int = 5) -> int:
    return simulate_command(schedules, seed, report, 1)


def firsts(report: Path) -> list[int]:
    """Return the first seed of each slice that is kept."""
    return [json.loads(line)["tally"]["first"] for line in report.read_text().splitlines()]


def test_every_slice_is_kept_and_nothing_is_run_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.jsonl"
    assert run(report, 4) == 0
    assert firsts(report) == [5, 7]
    assert run(report, 6) == 0
    assert firsts(report) == [5, 7, 9]
    said = capsys.readouterr().out
    assert f"4 of 6 schedules are in {report} already" in said
    assert "6 schedules in " in said
    assert ": 0 violations" in said


def test_a_line_that_a_kill_cut_off_is_run_again(tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    run(report)
    report.write_text(report.read_text()[:-40])
    assert run(report) == 0
    assert firsts(report) == [5, 7, 9]


def test_a_report_of_other_rules_or_of_another_seed_is_refused_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.jsonl"
    run(report, 2)
    before = report.read_text()
    with pytest.raises(Failure, match="name another file"):
        run(report, 4, seed=6)
    monkeypatch.setattr(simulate, "rules", lambda: "others")
    with pytest.raises(Failure, match="name another file"):
        run(report, 4)
    assert report.read_text() == before
    report.write_text("no report")
    with pytest.raises(Failure, match="not one of a simulation's"):
        run(report, 4)


def test_a_violation_is_failure_also_when_it_was_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.jsonl"
    honest = runner.run_slice

    def found(slice_: tuple[int, int]) -> runner.Tally:
        tally = honest(slice_)
        tally.violations.append((tally.first, "a write is missing"))
        return tally

    with monkeypatch.context() as patched:
        patched.setattr(runner, "run_slice", found)
        assert run(report, 2) == 1
    assert run(report, 2) == 1
    assert "seed 5" in capsys.readouterr().out


def test_numbers_that_make_no_sense_are_bad_input() -> None:
    with pytest.raises(Failure, match="--schedules must be 1 or more") as refused:
        run(None, 0)
    assert refused.value.code == 2
