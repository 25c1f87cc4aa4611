"""A command inside a host runs in the host's own namespaces and never outlives its time."""

import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.checks.inside import CommandError, run_inside
from rehearsal.poll import poll

pytestmark = pytest.mark.host


@pytest.fixture
def leader() -> Iterator[int]:
    """Stand in for a host: process 1 of namespaces of its own."""
    command = ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    holder = subprocess.Popen([*command, "sh", "-c", "hostname inside; exec sleep 60"])
    try:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        found = int(poll(lambda: children.read_text().strip(), within=5, every=0.02))
        poll(lambda: run_inside(found, ["hostname"], within=5) == "inside\n", within=5, every=0.02)
        yield found
    finally:
        holder.kill()
        holder.wait()


def test_it_runs_in_the_hosts_namespaces_and_hears_its_input(leader: int) -> None:
    assert run_inside(leader, ["cat", "/proc/1/comm", "-"], text="heard", within=5) == "sleep\nheard"


def test_its_environment_is_the_hosts_not_ours(leader: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    assert "SECRET_OF_OURS" not in run_inside(leader, ["env"], within=5)


def test_a_failure_is_told_in_its_last_words(leader: int) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run_inside(leader, ["ls", "/not-there"], within=5)


def test_what_does_not_end_is_ended(leader: int) -> None:
    mark = f"6.{uuid.uuid4().int % 10**9}"
    began = time.monotonic()
    with pytest.raises(CommandError, match=r"did not end within 0\.3 s"):
        run_inside(leader, ["sleep", mark], within=0.3)
    assert time.monotonic() - began < 3
    assert mark not in subprocess.run(["ps", "ax"], capture_output=True, text=True, check=True).stdout


def test_a_host_that_is_off_is_said_to_be_off() -> None:
    with pytest.raises(CommandError, match="the host is off"):
        run_inside(0, ["true"], within=1)
