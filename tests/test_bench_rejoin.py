"""`./muster bench rejoin` on a database small enough for a test: that it measures, not what."""

import json
import subprocess
import sys
from pathlib import Path

from operations import ROOT


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
