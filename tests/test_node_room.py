"""Room that is held for the database on a data volume, tried on file systems of their own that are filled up."""

import contextlib
import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musternode.h2.faults import H2Error
from musternode.h2.flush import Flush
from musternode.h2.room import HELD, Room
from rehearsal.faults.resources import take_all
from rehearsal.poll import poll
from tests.h2_server import Held, held

pytestmark = pytest.mark.host
MIB = 1024**2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return how to mount a small new file system until the end of the test."""
    with contextlib.ExitStack() as ends:

        def mounted(kind: str) -> Path:
            image, place = tmp_path / "image", tmp_path / "volume"
            image.touch()
            os.truncate(image, 512 * MIB)
            place.mkdir()
            run(f"mkfs.{kind}", "-q", str(image))
            run("mount", "-o", "loop", str(image), str(place))
            ends.callback(run, "umount", "--lazy", str(place))
            return place

        yield mounted


def run(*command: str) -> None:
    """Run `command`, which must succeed."""
    subprocess.run(command, check=True, capture_output=True)


def grown(file: Path, size: int) -> int:
    """Write `size` bytes behind the end of `file`, to the disk, and return how many of them were taken."""
    done, piece = 0, bytes(MIB)
    with file.open("ab", buffering=0) as opened, contextlib.suppress(OSError):
        while done < size:
            done += opened.write(piece)
            os.fsync(opened.fileno())
    return done


@pytest.mark.parametrize(("holds", "taken"), [(True, HELD), (False, 0)])
def test_a_file_grows_on_a_full_disk_by_what_was_held_for_it_and_else_by_nothing(
    disk: Callable[[str], Path], holds: bool, taken: int
) -> None:
    place = disk("ext4")
    file = place / "file"
    file.write_bytes(b"begun")
    if holds:
        assert Room(file).hold()
    assert file.stat().st_size == 5
    take_all(place / "filler")
    assert grown(file, 2 * HELD) // MIB == taken // MIB


def test_a_file_that_gave_its_room_back_as_it_was_made_shorter_gets_it_again(disk: Callable[[str], Path]) -> None:
    place = disk("ext4")
    file = place / "file"
    file.write_bytes(bytes(MIB))
    room = Room(file)
    assert room.hold()
    os.truncate(file, 1000)
    given_back = file.stat().st_blocks * 512
    assert room.hold()
    assert given_back < MIB < HELD <= file.stat().st_blocks * 512


@pytest.mark.parametrize("room", ["to be had", "full"])
def test_the_time_of_a_file_stays_that_of_its_last_write(disk: Callable[[str], Path], room: str) -> None:
    """By it two nodes whose servers both ended tell which one lived on."""
    place = disk("ext4")
    file = place / "file"
    file.write_bytes(bytes(1000))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    if room == "full":
        take_all(place / "filler")
    assert [Room(file).hold(), Room(file).hold()] == [room == "to be had"] * 2
    assert file.stat().st_mtime == 1_000_000_000


def test_it_is_said_once_that_nothing_more_can_be_held_and_once_that_it_can_again(
    disk: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="musternode.h2.room")
    place = disk("ext4")
    file = place / "file.mv.db"
    file.touch()
    take_all(place / "filler")
    room = Room(file)
    assert [room.hold(), room.hold()] == [False, False]
    (place / "filler").unlink()
    assert [room.hold(), room.hold()] == [True, True]
    assert caplog.messages == [
        "no more room can be held for file.mv.db (No space left on device): the volume must be made larger",
        "64 MiB are held for file.mv.db again",
    ]


def test_a_file_system_that_can_hold_nothing_is_no_fault(
    disk: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    place = disk("ext2")
    (place / "file").touch()
    assert Room(place / "file").hold()
    assert (place / "file").stat().st_blocks == 0
    assert caplog.messages == []


def answers(made: Held, seconds: float) -> list[str]:
    """Write a row and look for it, again and again; return what went wrong."""
    wrong = []
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        number += 1
        try:
            with made.session(timeout=5) as client:
                client.execute(f"INSERT INTO T VALUES({number}, REPEAT('x', 1000))")
            with made.session(timeout=5) as client:
                if (str(number),) not in client.query("SELECT A FROM T"):
                    wrong.append(f"row {number} is not there")
        except H2Error as fault:
            wrong.append(str(fault))
        time.sleep(0.01)
    return wrong


@pytest.mark.parametrize("holds", [True, False])
def test_a_server_goes_on_while_its_disk_is_full_and_breaks_where_no_room_is_held(
    disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    if not holds:
        monkeypatch.setattr(Room, "hold", lambda _: True)
    place = disk("ext4")
    with held(place) as made:
        made.create("CREATE TABLE T(A INT, B VARCHAR)")
        flush = Flush(made.database, every=0.5)
        flush.start()
        assert poll(lambda: flush.last_flush > 0, within=10)
        take_all(place / "filler")
        wrong = answers(made, 3.0)
        broken = flush.broken
        flush.stop()
    if holds:
        assert (wrong, broken) == ([], "")
    else:
        assert wrong
        assert "connections.mv.db failed; length" in broken
