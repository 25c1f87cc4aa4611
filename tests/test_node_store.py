"""The database files and their mark, through crashes at any step."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import files
from musternode.failure import Failure
from musternode.h2.events import Disk
from musternode.h2.store import KEPT, OUTDATED, Store, read_mark


def store(folder: Path, content: str = "") -> Store:
    """Return the store in `folder`; with `content` there are files that hold it."""
    made = Store(folder / "h2", "db")
    made.ready()
    if content:
        write(made, content)
    return made


def write(made: Store, content: str) -> None:
    """Make the files that H2 would."""
    made.file.write_text(content)
    (made.folder / "db.trace.db").write_text(f"trace of {content}")


def stale(made: Store) -> dict[str, str]:
    """Return the content of each old database by the name of its folder."""
    return {file.parent.name: file.read_text() for file in made.folder.glob(".stale-*/db.mv.db")}


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert store(tmp_path).disk() == Disk("empty", 0)


def test_data_without_a_mark_is_nothing(tmp_path: Path) -> None:
    assert store(tmp_path, "half").disk() == Disk("empty", 0)


def test_a_mark_without_data_is_nothing(tmp_path: Path) -> None:
    made = store(tmp_path)
    made.mark(4)
    assert made.disk() == Disk("empty", 0)


def test_whole_data_of_epoch_0_is_a_seed_and_of_any_other_is_held(tmp_path: Path) -> None:
    made = store(tmp_path, "x")
    made.mark(0)
    assert made.disk() == Disk("seeded", 0)
    made.mark(7)
    assert made.disk() == Disk("held", 7)
    assert store(tmp_path).disk() == Disk("held", 7)


def test_the_mark_is_json_that_others_may_read(tmp_path: Path) -> None:
    store(tmp_path, "x").mark(3)
    assert json.loads((tmp_path / "db.held").read_text()) == {"epoch": 3, "whole": True}


@pytest.mark.parametrize(("former", "epoch"), [(b"whole 0123abcd\n", 0), (b"whole this\n", 0), (b"whole\n", OUTDATED)])
def test_a_mark_of_the_former_version_says_held_and_an_outdated_one_counts_less(
    tmp_path: Path, former: bytes, epoch: int
) -> None:
    made = store(tmp_path, "x")
    (tmp_path / "db.held").write_bytes(former)
    assert made.disk() == Disk("held", epoch)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"whole", b"{}", b"[1]", b'{"epoch": -1, "whole": true}', b'{"epoch": true, "whole": true}', b"\xff"],
)
def test_a_mark_that_makes_no_sense_stops_everything_in_one_sentence(tmp_path: Path, garbage: bytes) -> None:
    made = store(tmp_path, "x")
    (tmp_path / "db.held").write_bytes(garbage)
    for action in (made.disk, lambda: made.set_aside(1)):
        with pytest.raises(Failure, match=r"the mark .* is not readable"):
            action()
    assert made.file.read_text() == "x"


@given(st.binary(max_size=60) | st.builds(lambda value: json.dumps(value).encode(), st.from_type(dict[str, int])))
def test_no_content_of_a_mark_is_a_traceback(content: bytes) -> None:
    mark = read_mark(content)
    assert mark is None or mark.epoch >= OUTDATED


def test_whole_data_is_put_aside_by_its_epoch_with_all_its_files(tmp_path: Path) -> None:
    made = store(tmp_path, "x")
    made.mark(4)
    made.set_aside(4)
    assert made.disk() == Disk("empty", 0)
    assert stale(made) == {".stale-4": "x"}
    assert (made.folder / ".stale-4" / "db.trace.db").read_text() == "trace of x"
    assert not list(made.folder.glob("db.*"))
    assert not (tmp_path / "db.held").exists()


def test_the_newest_two_are_kept_whatever_their_epochs(tmp_path: Path) -> None:
    made = store(tmp_path)
    for number, epoch in enumerate([9, 4, 4, 1]):
        write(made, str(number))
        made.mark(epoch)
        made.set_aside(epoch)
        os.utime(next(iter(made.folder.glob(f".stale-{epoch}*"))), ns=(number, number))
    assert sorted(stale(made).values()) == ["2", "3"]
    assert len(stale(made)) == KEPT


def test_copies_broken_off_push_no_whole_data_out(tmp_path: Path) -> None:
    made = store(tmp_path, "good")
    made.mark(4)
    for broken in range(5):
        made.set_aside(4)
        write(made, f"broken {broken}")
    made.set_aside(4)
    assert stale(made) == {".stale-4": "good"}
    assert not list(made.folder.glob("db.*"))


def test_the_newest_alone_is_kept_where_space_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=10))
    made = store(tmp_path)
    for epoch, content in ((1, "first"), (2, "second")):
        write(made, content)
        made.mark(epoch)
        made.set_aside(epoch)
    assert stale(made) == {".stale-2": "second"}


def test_nothing_to_put_aside_is_no_fault(tmp_path: Path) -> None:
    made = store(tmp_path)
    made.set_aside(1)
    made.set_aside(1)
    assert made.disk() == Disk("empty", 0)


class Crash(BaseException):
    """The machine lost its power."""


def crash() -> None:
    """Lose the power."""
    raise Crash


def crashing(patch: pytest.MonkeyPatch, after: int) -> Callable[[], bool]:
    """Let the machine lose its power before change number `after` of the disk; return how to ask whether it did."""
    done = [0]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **named: Any) -> Any:
            if done[0] >= after:
                raise Crash
            done[0] += 1
            return change(*arguments, **named)

        return changed

    for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (shutil, "rmtree"), (files, "write")):
        patch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: done[0] >= after


@pytest.mark.parametrize("crashes", [1, 2])
def test_a_crash_at_any_step_loses_no_whole_data_and_the_next_call_goes_on(tmp_path: Path, crashes: int) -> None:
    after, reached = 0, True
    while reached:
        folder = tmp_path / f"{crashes}-{after}"
        made = store(folder, "good")
        made.mark(4)
        for _ in range(crashes):
            with pytest.MonkeyPatch.context() as patch:
                crashed = crashing(patch, after)
                try:
                    made.set_aside(4)
                except Crash:
                    reached = True
                else:
                    reached = crashed()
            disk = store(folder).disk()
            assert disk in (Disk("held", 4), Disk("empty", 0))
            assert [file.read_text() for file in folder.rglob("db.mv.db")] == ["good"]
        store(folder).set_aside(4)
        assert stale(made) == {".stale-4": "good"}
        assert store(folder).disk() == Disk("empty", 0)
        after += 1
    assert after > 4


def test_what_is_written_after_a_crash_in_the_middle_does_not_replace_the_old_data(tmp_path: Path) -> None:
    """The files had all moved and the mark was still there."""
    made = store(tmp_path, "good")
    made.mark(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "_remove_rest", crash)
        with pytest.raises(Crash):
            made.set_aside(4)
    assert not list(made.folder.glob("db.*"))
    write(made, "half a copy")
    assert made.disk() == Disk("empty", 0)
    made.set_aside(4)
    assert stale(made) == {".stale-4": "good"}
    assert not list(made.folder.glob("db.*"))
