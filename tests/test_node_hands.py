"""What a gate process does of what the rules order, when the machine does not do it the first time."""

import os
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from musternode.failure import Failure
from musternode.h2.events import Cut, Disk, Event, Job, JobEnded, Mend, ReadWitness
from musternode.h2.hands import Hands
from musternode.h2.jobs import Jobs
from musternode.h2.tools import LEFT_BEHIND, discard_old


class Kernel:
    """A kernel that does what it is told, or fails; says what it has done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails = self.rule = False

    def _do(self, what: str) -> None:
        if self.fails:
            raise Failure("nft was killed")
        self.done.append(what)

    def cut(self) -> None:
        """Cut: the rule first, then the connections, of which the second may fail alone."""
        self.rule = True
        self._do("cut")

    def restore(self) -> None:
        """Take it back."""
        self._do("restore")
        self.rule = False


class Nothing:
    """Takes every call."""

    def __init__(self, **known: Any) -> None:
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def hands(kernel: Kernel, folder: Path) -> Hands:
    none = cast("Any", Nothing())
    return Hands(
        none,
        cast("Any", kernel),
        none,
        none,
        none,
        none,
        put=lambda _: None,
        open_mark=folder / "open",
        peer="10.0.0.2",
    )


def test_a_peer_that_could_not_be_cut_off_or_let_in_again_is_with_the_next_look(tmp_path: Path) -> None:
    kernel = Kernel()
    one = hands(kernel, tmp_path)
    for order, done in ((Cut(), ["cut"]), (Mend(), ["cut", "restore"])):
        kernel.fails = True
        one.carry_out(order)
        one.carry_out(ReadWitness())
        assert kernel.done == done[:-1]
        kernel.fails = False
        one.carry_out(ReadWitness())
        one.carry_out(ReadWitness())
        assert kernel.done == done


def test_a_cut_that_failed_by_half_is_taken_back(tmp_path: Path) -> None:
    kernel = Kernel()
    one = hands(kernel, tmp_path)
    kernel.fails = True
    one.carry_out(Cut())
    kernel.fails = False
    one.carry_out(Mend())
    assert not kernel.rule


def test_a_job_for_which_the_machine_has_no_thread_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody does would keep clients out for ever."""
    none, told = cast("Any", Nothing()), list[Event]()
    database = cast("Any", Nothing(disk=lambda: Disk("held", 5)))
    jobs = Jobs(database, none, none, state=none, put=told.append, look=lambda: None, seed=none, restore=none)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    jobs.begin(Job.LEND)
    assert told == [Disk("held", 5), JobEnded(Job.LEND, "can't start new thread")]


def test_passwords_that_a_killed_process_left_in_memory_are_removed(tmp_path: Path) -> None:
    old, fresh, other = (tmp_path / name for name in ("old.args", "fresh.args", "open"))
    for file in (old, fresh, other):
        file.touch()
    past = time.time() - LEFT_BEHIND - 1
    os.utime(old, (past, past))
    os.utime(other, (past, past))
    discard_old(tmp_path)
    assert sorted(tmp_path.iterdir()) == [fresh, other]
