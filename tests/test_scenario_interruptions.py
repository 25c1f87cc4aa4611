"""However a rehearsal ends, nothing of it stays; and there is one at a time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations import ROOT
from rehearsal import exclusive, leftovers
from rehearsal.inventory import read_inventory, read_state
from rehearsal.poll import poll

pytestmark = [pytest.mark.host, pytest.mark.scenario]

EXAMPLE = ROOT / "clusters" / "as400gateway.yaml"
HOSTS_WITHIN = 300.0
"""Seconds until hosts run; the first time on a machine the image is built before."""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "operations", "rehearse", *arguments]


@contextmanager
def rehearsing(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a rehearsal and go on once its hosts run, in the middle of `cdk deploy`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(str(EXAMPLE)),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_hear_interrupts,
        )
    try:
        poll(lambda: process.poll() is not None or len(_running()) == 2, within=HOSTS_WITHIN)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def _hear_interrupts() -> None:
    """Undo what a shell does to its background jobs, of which these tests may be one: they ignore SIGINT (bash(1))."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _running() -> list[str]:
    return [host.node for host in read_inventory().hosts if host.leader_pid]


def _all_gone() -> bool:
    return exclusive.holder() is None and leftovers.find_leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full)])
def test_a_signal_in_the_middle_removes_everything(number: signal.Signals, tmp_path: Path) -> None:
    """As from a terminal: Ctrl-C reaches every process of the foreground group."""
    log = tmp_path / "log"
    with rehearsing(log) as process:
        assert leftovers.find_leftovers() != []
        os.killpg(process.pid, number)
        assert process.wait(60) == 130, log.read_text()
    assert _all_gone(), leftovers.find_leftovers()
    assert "Traceback" not in log.read_text()


def test_a_killed_command_takes_its_service_with_it(tmp_path: Path) -> None:
    with rehearsing(tmp_path / "log") as process:
        process.kill()
        poll(_all_gone, within=60)


def test_a_second_rehearsal_is_refused_and_what_a_killed_one_left_is_removed_by_down(tmp_path: Path) -> None:
    with rehearsing(tmp_path / "log") as process:
        second = subprocess.run(command(str(EXAMPLE)), cwd=ROOT, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert second.stderr.strip().splitlines()[-1].startswith("muster: ")
        assert "a rehearsal runs already" in second.stderr
        state = read_state()
        assert state is not None
        os.kill(state.pid, signal.SIGKILL)
        assert process.wait(60) == 1
    assert leftovers.find_leftovers() != []
    down = subprocess.run(command("--down"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert down.returncode == 0, down.stderr
    assert leftovers.find_leftovers() == []
    assert not exclusive.LOCK.exists()
