"""Control groups while processes and groups come and go in them."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.hosts import cgroups
from rehearsal.hosts.cgroups import ControlGroups
from rehearsal.poll import poll

ROUNDS = 40


@pytest.fixture
def groups() -> Iterator[ControlGroups]:
    """Return new control groups; they and what runs in them are gone afterwards."""
    made = ControlGroups(f"test-{os.getpid()}")
    made.make()
    try:
        yield made
    finally:
        made.remove()


@pytest.mark.host
def test_a_host_that_starts_programs_all_the_time_is_frozen_each_time(groups: ControlGroups) -> None:
    starting = ["sh", "-c", "while :; do /bin/true; done"]
    shells = [subprocess.Popen(groups.command(starting)) for _ in range(4)]
    try:
        poll(lambda: len(cgroups.members(groups.folders)) >= len(shells), within=10)
        for _ in range(ROUNDS):
            cgroups.freeze(groups.folders)
            assert times(shells) == times(shells)
            groups.thaw()
    finally:
        cgroups.remove_all(groups.folders)
        for shell in shells:
            shell.wait()


def times(shells: list[subprocess.Popen[bytes]]) -> list[list[str]]:
    """Return what each shell has used of a processor, and its children: fields 14 to 17 (proc(5))."""
    return [Path(f"/proc/{shell.pid}/stat").read_text().split()[13:17] for shell in shells]


def test_groups_that_vanish_while_they_are_read_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "stays").mkdir()
    (tmp_path / "stays" / "cgroup.procs").write_text("7\n")
    with coming_and_going(tmp_path / "stays"):
        for _ in range(300):
            assert cgroups.members([tmp_path]) == {7}


@contextlib.contextmanager
def coming_and_going(parent: Path) -> Iterator[None]:
    """Make and remove folders below `parent` all the time."""
    over = threading.Event()

    def make_and_remove() -> None:
        while not over.is_set():
            for name in "abcdefgh":
                (parent / name / "below").mkdir(parents=True)
            for name in "abcdefgh":
                (parent / name / "below").rmdir()
                (parent / name).rmdir()

    worker = threading.Thread(target=make_and_remove)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
