"""The CDK command line as a child that never outlives what it was started for."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal import drive, exclusive
from rehearsal.inventory import ServiceState


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a script stand for the CDK command line; it writes its process id to `pid`."""
    script = tmp_path / "cdk"
    monkeypatch.setattr(drive, "CDK", script)
    return script


def becomes(script: Path, body: str) -> None:
    script.write_text(f"#!/bin/sh\necho $$ >{script.parent}/pid\n{body}\n")
    script.chmod(0o755)


def gone(script: Path) -> bool:
    pid = (script.parent / "pid").read_text().strip()
    return not Path(f"/proc/{pid}").exists()


def test_output_code_and_environment_come_through(fake: Path) -> None:
    becomes(fake, 'echo "$1 in $MARK"; echo fault >&2; exit 3')
    heard: list[str] = []
    run = drive.run_cdk(["diff"], {"MARK": "here"}, listen=heard.append)
    assert (run.code, run.output) == (3, "diff in here\nfault\n")
    assert heard == ["diff in here", "fault"]


def test_an_interruption_ends_it(fake: Path) -> None:
    becomes(fake, "echo begun; exec sleep 60")

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive.run_cdk(["deploy"], {}, listen=interrupt)
    assert gone(fake)


def test_it_ends_with_the_service_it_needs(fake: Path) -> None:
    becomes(fake, "exec sleep 60")
    service = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert service.stdin is not None
    began = time.monotonic()
    service.stdin.close()
    run = drive.run_cdk(["deploy"], {}, needs=service.pid)
    service.wait()
    assert run.code != 0
    assert time.monotonic() - began < 30


def test_a_service_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path))
    (tmp_path / "service-stderr.log").write_text("one\nno image can be built\n")
    process = subprocess.Popen(["false"])
    process.wait()
    monkeypatch.setattr(drive, "read_state", lambda: None)
    with pytest.raises(drive.ServiceError, match=r"^no image can be built$"):
        drive.wait_for_service(process, within=30)


def test_a_rehearsal_runs_only_while_its_process_holds_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state file of a killed service may name a process that is somebody else's by now."""
    state = ServiceState(os.getpid(), "ready", "", "", "", "")
    monkeypatch.setattr(drive, "read_state", lambda: state)
    monkeypatch.setattr(exclusive, "holder", lambda: None)
    assert drive.running() is None
    monkeypatch.setattr(exclusive, "holder", os.getpid)
    assert drive.running() is not None
