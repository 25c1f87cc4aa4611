"""The product's log followed through rotations, and over the end of the member that follows it."""

import itertools
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon.sight import SIGHTS, Sight
from musternode.servers import log_file
from musternode.servers.log_file import Follower, LogFile

NAME = "wso2carbon.log"
BEGINS = "[2026-11-22 07:30:00,123]  INFO {x} - Using aws based membership management scheme\n"
LOCAL = "[2026-11-22 07:30:06,123]  INFO {x} - Local member: [a] - Host:10.0.1.10\n"
JOINED = "[2026-11-22 07:30:07,123]  INFO {x} - Member joined [b]: /10.0.1.11:5701\n"
LEFT = "[2026-11-22 07:30:09,123]  INFO {x} - Member left [b]: /10.0.1.11:5701\n"
OTHER = "[2026-11-22 07:30:08,123]  INFO {x} - something else\n"
RUNS = Sight("a", {"10.0.1.11": "b"})


class Written:
    """A log as log4j writes and rotates it; each file is last written at a moment of its own, as if seconds passed."""

    def __init__(self, folder: Path, *, dated: bool = False) -> None:
        self.path, self._dated, self._moments = folder / NAME, dated, itertools.count(1)
        self._rotations = 0

    def write(self, text: str) -> None:
        """Add `text`."""
        with self.path.open("a", encoding="utf-8") as log:
            log.write(text)
        moment = next(self._moments) * 10**9
        os.utime(self.path, ns=(moment, moment))

    def rotate(self) -> None:
        """Rename the file, and those before it where their names are numbers; the next one is empty."""
        self._rotations += 1
        if self._dated:
            self.path.rename(self.path.with_name(f"wso2carbon-11-{self._rotations:02}-2026.log"))
        else:
            for number in range(self._rotations, 1, -1):
                self.path.with_name(f"{NAME}.{number - 1}").rename(self.path.with_name(f"{NAME}.{number}"))
            self.path.rename(self.path.with_name(f"{NAME}.1"))
        self.write("")


@pytest.fixture(params=[False, True], ids=["numbered", "dated"])
def log(tmp_path: Path, request: pytest.FixtureRequest) -> Written:
    """Return a log whose older files are called by numbers, as the older products have it, or by dates."""
    return Written(tmp_path, dated=request.param)


def lines(follows: LogFile) -> list[str]:
    """Return what there is to be read."""
    return list(follows.lines())


def test_a_log_that_is_not_there_yet_has_no_lines(log: Written) -> None:
    follows = LogFile(log.path)
    assert lines(follows) == []
    log.write("one\n")
    assert lines(follows) == ["one"]


def test_a_line_is_read_once_and_whole(log: Written) -> None:
    follows = LogFile(log.path)
    for text, found in (("one\ntw", ["one"]), ("", []), ("o\r\n", ["two"]), ("\n", [""])):
        log.write(text)
        assert lines(follows) == found


def test_what_was_not_read_of_the_older_files_is_read_first(log: Written) -> None:
    follows = LogFile(log.path)
    log.write("one\n")
    assert lines(follows) == ["one"]
    for text in ("two\n", "three\n", "four\n"):
        log.write(text)
        log.rotate()
    log.write("five\n")
    assert lines(follows) == ["two", "three", "four", "five"]
    assert lines(follows) == []


def test_what_was_not_read_may_be_more_than_is_read_at_once(log: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MOST", 8)
    follows = LogFile(log.path)
    log.write("begin\n")
    assert lines(follows) == ["begin"]
    log.write("a line that is long\nand another\n")
    log.rotate()
    log.write("the end of it\n")
    assert lines(follows) == ["a line that is long", "and another", "the end of it"]


def test_a_file_that_is_gone_is_passed_over(log: Written) -> None:
    follows = LogFile(log.path)
    log.write("one\n")
    lines(follows)
    log.rotate()
    older = next(file for file in log.path.parent.iterdir() if file != log.path)
    older.unlink()
    log.write("two\n")
    assert lines(follows) == ["two"]


def test_a_moment_without_a_file_loses_nothing(log: Written) -> None:
    follows = LogFile(log.path)
    log.write("one\n")
    lines(follows)
    log.write("two\n")
    log.path.rename(log.path.with_name("wso2carbon-11-22-2026.log"))
    assert lines(follows) == []
    log.write("three\n")
    assert lines(follows) == ["two", "three"]


def test_a_log_that_was_emptied_is_read_from_its_beginning(log: Written) -> None:
    follows = LogFile(log.path)
    log.write("one and more of it\nhalf")
    assert lines(follows) == ["one and more of it"]
    os.truncate(log.path, 0)
    log.write("two\n")
    assert lines(follows) == ["two"]


def test_other_logs_beside_it_are_not_read(log: Written) -> None:
    follows = LogFile(log.path)
    log.write("one\n")
    lines(follows)
    log.rotate()
    for name in ("audit.log", "wso2carbon-trace-messages.log", "http_access_2026-11-22.log"):
        (log.path.parent / name).write_text("strange\n")
    assert lines(follows) == []


def test_what_is_no_text_is_read_as_far_as_it_goes(log: Written) -> None:
    log.path.write_bytes(b"\xff\x00one\nt\xc3\xa9\n")
    assert lines(LogFile(log.path)) == ["�\x00one", "té"]


def test_what_is_no_file_keeps_nobody_waiting(log: Written) -> None:
    os.mkfifo(log.path)
    assert lines(LogFile(log.path)) == []


@pytest.fixture
def follower(log: Written) -> Follower[Sight]:
    """Return what a member follows a log with that has two lines about it and one about another."""
    log.write(BEGINS + LOCAL + JOINED)
    return log_file.kept(log.path.parent / "sight.json", log.path, SIGHTS, Sight())[1]


def begin_anew(log: Written) -> tuple[Sight, Follower[Sight]]:
    """Return what the next member begins with."""
    return log_file.kept(log.path.parent / "sight.json", log.path, SIGHTS, Sight())


def test_a_member_that_has_kept_nothing_reads_the_whole_log(log: Written, follower: Follower[Sight]) -> None:
    assert follower.read(Sight()) == RUNS
    for strange in ("", "[]", '{"sight": 1}', '{"sight": {}, "inode": 1, "offset": 0}'):
        (log.path.parent / "sight.json").write_text(strange)
        now, next_one = begin_anew(log)
        assert (now, next_one.read(now)) == (Sight(), RUNS)


def test_the_next_member_goes_on_where_the_last_one_stood(log: Written, follower: Follower[Sight]) -> None:
    follower.keep(follower.read(Sight()))
    log.write(LEFT[:30])
    follower.keep(follower.read(RUNS))  # in the middle of a line
    log.write(LEFT[30:] + OTHER)
    log.rotate()
    now, next_one = begin_anew(log)
    assert now == RUNS
    assert next_one.read(now) == Sight("a", {}, left=("10.0.1.11",))


def test_what_is_kept_is_for_root_alone(log: Written, follower: Follower[Sight]) -> None:
    follower.keep(Sight())
    assert (log.path.parent / "sight.json").stat().st_mode & 0o777 == 0o600


def test_where_a_member_stands_is_kept_with_each_new_file(log: Written, follower: Follower[Sight]) -> None:
    """The files of before are removed one day, and their numbers may be given to others."""
    follower.read(Sight())
    log.rotate()
    log.write(OTHER)
    assert follower.read(RUNS) == RUNS
    for file in log.path.parent.glob(f"{NAME}.*"):
        file.unlink()
    log.write(LEFT)
    now, next_one = begin_anew(log)
    assert (now, next_one.read(now).others) == (RUNS, {})


class Reader:
    """A member's part of the story: what it has read, and what it kept last; it has begun with an empty log."""

    def __init__(self, log: Written) -> None:
        self._log, self._follows, self.read = log, LogFile(log.path), list[str]()
        log.write("")
        self.look()
        self.keep()

    def look(self) -> None:
        """Read on."""
        self.read += self._follows.lines()

    def keep(self) -> None:
        """Keep what was read and where this was."""
        self._kept = (list(self.read), self._follows.inode, self._follows.whole)

    def die(self) -> None:
        """Begin anew with what was kept."""
        read, inode, offset = self._kept
        self.read, self._follows = list(read), LogFile(self._log.path, inode, offset)


@given(st.lists(st.sampled_from(["line", "half", "rotate", "look", "keep", "die"]), max_size=30), st.booleans())
def test_nothing_is_lost_and_nothing_read_twice(steps: list[str], dated: bool) -> None:
    """Whatever is written, rotated, read and kept meanwhile, and wherever a member ends."""
    with tempfile.TemporaryDirectory() as folder:
        log = Written(Path(folder), dated=dated)
        reader, written = Reader(log), ""
        for number, step in enumerate(steps):
            if step in {"line", "half"}:
                text = f"{number}" if step == "half" else f"{number}\n"
                log.write(text)
                written += text
            elif step != "rotate":
                getattr(reader, step)()
            elif not written or written.endswith("\n"):  # log4j ends its line before
                log.rotate()
        reader.look()
        assert reader.read == written.split("\n")[:-1]
