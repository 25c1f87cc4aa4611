"""The report file has one shape and is written whole or not at all."""

import json
from pathlib import Path

import pytest

from rehearsal.checks import CheckResult
from rehearsal.report import Report

REPORT = Report(
    phases={"deploy": 21.5},
    members=[{"name": "a", "address": "10.64.0.10"}],
    checks=(CheckResult("rows", "valid", "2 rows"), CheckResult("reach", "unknown", "not tried")),
    url="http://internal.example/",
    stand_ins=("Java 8 is not to be had here: Java 17 stands in",),
)


def test_the_file_has_verdict_phases_members_checks_url_and_stand_ins(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "verdict": "unknown",
        "phases": {"deploy": 21.5},
        "members": [{"name": "a", "address": "10.64.0.10"}],
        "checks": [
            {"name": "rows", "verdict": "valid", "detail": "2 rows"},
            {"name": "reach", "verdict": "unknown", "detail": "not tried"},
        ],
        "url": "http://internal.example/",
        "stand_ins": ["Java 8 is not to be had here: Java 17 stands in"],
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_a_report_without_checks_is_not_valid() -> None:
    assert Report({}, [], (), "").verdict == "unknown"


def test_a_write_that_fails_leaves_the_old_report_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("old")
    broken = Report({"deploy": object()}, [], (), "")  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        broken.write(tmp_path / "report.json")
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"report.json": "old"}
