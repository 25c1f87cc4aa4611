"""`muster cdk` of what needs nothing of the artifact: a stand-in for the CDK process alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from operations import ROOT, cdk
from rehearsal.poll import poll
from tests.conftest import JAR, WriteCluster


@pytest.fixture
def file(tmp_path: Path, write_cluster: WriteCluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cluster file of its own folder, without its artifact."""
    monkeypatch.delenv("MUSTER_ARTIFACTS", raising=False)
    file = tmp_path / "mine.yaml"
    file.write_text(write_cluster(protection="off").read_text())
    return file


@pytest.mark.parametrize("command", ["destroy", "list", "ls"])
def test_what_needs_nothing_of_a_missing_artifact_gets_a_stand_in_and_says_so(
    command: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = cdk.stand_in([command, "-c", f"cluster={file}"], tmp_path / "artifacts")
    assert given == {"MUSTER_ARTIFACTS": str(tmp_path / "artifacts")}
    assert (tmp_path / "artifacts" / JAR).read_bytes() == b""
    assert "MUSTER_ARTIFACTS" not in os.environ
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()) == (
        "",
        [f"{JAR} is not here: an empty stand-in takes its place, which changes nothing of this"],
    )


@pytest.mark.parametrize("arguments", [["deploy"], ["synth"], ["diff"], ["destroy", "--app", "other.py"], []])
def test_whatever_else_gets_none(arguments: Sequence[str], file: Path, tmp_path: Path) -> None:
    assert cdk.stand_in([*arguments, "-c", f"cluster={file}"], tmp_path / "artifacts") == {}


def test_an_artifact_that_is_here_is_taken(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / JAR).write_bytes(b"jar")
    assert cdk.stand_in(["destroy", "-c", f"cluster={file}"], tmp_path / "none") == {}
    assert capsys.readouterr().err == ""


def test_the_real_command_lists_a_cluster_without_its_artifact(file: Path) -> None:
    """The whole way, with the application and the CDK command line as a user has them."""
    command = [sys.executable, "-m", "operations", "cdk", "list", "-c", f"cluster={file}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "muster-as400\n"), done.stderr


PROGRAM = """#!/bin/sh
touch {started}
trap 'exit 7' TERM
while true; do sleep 0.1; done
"""


def test_a_termination_reaches_the_command_and_nothing_is_left(file: Path, tmp_path: Path) -> None:
    started, program = tmp_path / "started", tmp_path / "program"
    program.write_text(PROGRAM.format(started=started))
    program.chmod(0o755)
    (tmp_path / "temporary").mkdir()
    code = f"from operations import cdk; from pathlib import Path; cdk.CDK = Path({str(program)!r}); "
    code += f"cdk.run_cdk(['destroy', '-c', 'cluster={file}'])"
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    running = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
    poll(started.exists, within=20)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 7
    assert list((tmp_path / "temporary").iterdir()) == []
