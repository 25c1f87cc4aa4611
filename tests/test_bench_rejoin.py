"""`./muster bench rejoin` on a database small enough for a test: that it measures, not what."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from musternode.h2.faults import H2Error
from operations import ROOT, bench_rejoin
from operations.bench_rejoin import RACE, Steps


def test_each_way_is_measured_step_by_step_in_one_run(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "operations", "bench", "rejoin", "--megabytes", "1", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--report", str(report)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    tool, *copies = json.loads(report.read_text())["windows"]
    assert tool["way"] == "CreateCluster"
    assert 0 < tool["seconds"] <= tool["steps"]["the tool's run"] + 1
    assert [copy["way"] for copy in copies] == ["file copy, every row compared", "file copy, every byte compared"]
    for copy in copies:
        first, *refused = copy["steps"]
        assert first == "first pass, writes accepted"
        assert refused == ["close", "second pass", "verify", "open", "compare", "cluster"]
        assert copy["seconds"] >= sum(copy["steps"][name] for name in refused) - 0.01


class StillWriter:
    """A writer that was refused for so many seconds since it last forgot."""

    refused = 0.0

    def forget(self) -> None:
        """Forget."""
        self.refused = 0.0

    def window(self) -> float:
        """Return the seconds."""
        return self.refused


def failing(times: int, sentence: str, writer: StillWriter) -> Callable[[Steps], None]:
    left = [sentence] * times

    def rejoin(steps: Steps) -> None:
        writer.refused += 1.0
        if left:
            raise H2Error(left.pop())
        with steps.step("the tool's run"):
            pass

    return rejoin


def test_a_rejoin_in_which_h2_runs_into_its_own_race_is_measured_anew(capsys: pytest.CaptureFixture[str]) -> None:
    writer = StillWriter()
    window = bench_rejoin._window(
        "way", failing(2, f"{RACE} COMMITTED to ROLLED_BACK [1.4.199/103]", writer), cast("Any", writer)
    )
    assert (window.seconds, list(window.steps)) == (1.0, ["the tool's run"])
    assert capsys.readouterr().out.count("once more") == 2


@pytest.mark.parametrize(("times", "sentence"), [(1, "Database is already closed"), (5, RACE)])
def test_any_other_fault_and_one_too_many_end_the_measurement(times: int, sentence: str) -> None:
    writer = StillWriter()
    with pytest.raises(H2Error, match=sentence):
        bench_rejoin._window("way", failing(times, sentence, writer), cast("Any", writer))
