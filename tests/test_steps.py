"""A step that is silent says that it runs; its output and its exit code come through."""

import sys

import pytest

from operations import ROOT, steps


def test_output_and_exit_code_come_through(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert steps.run_step([sys.executable, "-c", "print('one'); raise SystemExit(3)"], cwd=ROOT) == 3
    assert b"one" in capfdbinary.readouterr().out


def test_a_silent_step_is_said_to_run(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "QUIET_SECONDS", 0.5)
    steps.run_step([sys.executable, "-c", "import time; time.sleep(2.5)"], cwd=ROOT)
    assert b"s so far" in capfdbinary.readouterr().out
