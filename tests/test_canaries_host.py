"""Processes, programs that start and journals are looked through on a real Linux, as root."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from rehearsal.canaries import hosts
from rehearsal.canaries.executions import Watcher
from rehearsal.canaries.kernel import Seen
from rehearsal.canaries.search import Search
from tests.test_canaries import CANARY, SECRET

pytestmark = pytest.mark.host


def test_arguments_and_environment_of_a_process_are_seen() -> None:
    argv = [sys.executable, "-c", "input()", SECRET]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, env={"KEY": quote(SECRET, safe="")}) as running:
        search = Search([CANARY])
        found = {what for what, data in hosts.processes(os.getpid()) if search.names_in(data)}
        running.communicate(b"\n")
    assert any("arguments" in what for what in found)
    assert any("environment" in what for what in found)


def test_the_journal_is_read_with_all_its_fields_and_its_failure_is_told(tmp_path: Path) -> None:
    """That a line is found in it is seen on a host."""
    assert list(hosts._exported(os.getpid(), str(tmp_path))) == []
    with pytest.raises(OSError, match="journalctl ended with"):
        list(hosts._exported(os.getpid(), str(tmp_path / "gone")))


def test_a_program_that_ended_at_once_was_seen_by_its_arguments_and_another_by_its_environment() -> None:
    with Watcher() as watcher:
        for number in range(50):
            subprocess.run(["/bin/true", SECRET if number == 7 else "x"], check=True)
        subprocess.run(["/bin/true"], env={"KEY": SECRET}, check=True)
        told = watcher.asked(Search([CANARY]))
    assert told.found == ("the arguments of true had pair.password", "the environment of true had pair.password")
    assert told.seen + told.missed >= 51


def test_a_program_that_nobody_saw_is_counted() -> None:
    seen = Seen()
    seen.look(2**22 + 1)
    assert (seen.number, seen.missed) == (0, 1)
