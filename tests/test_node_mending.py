"""A database file after a crash under writers: H2 1.4.199 loses what was flushed, and does not once it is mended."""

import shutil
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.h2 import mending
from musternode.h2.faults import H2Error
from musternode.h2.offline import Offline
from musternode.h2.tools import Tools
from musternode.waiting import poll
from tests.h2_alone import NAME, Alone, alone
from tests.node_support import ADMIN, h2_jar

CRASHES = 4


@dataclass
class Crash:
    """A file after `kill -9` of its server; `flushed` rows were there when the last good checkpoint began."""

    file: Path
    flushed: int


def rows(file: Path) -> int:
    """Return how many rows H2 finds in `file`."""
    with Offline(Tools(h2_jar(), file.parent / "run"), file.parent, NAME).open([ADMIN]) as session:
        return int(session.query("SELECT COUNT(*) FROM A")[0])


def reached(written: list[int], most: int) -> bool:
    return written[0] > most


def crash(node: Alone) -> int:
    """Kill the server under a writer, right after a checkpoint; return how many rows it must have on disk."""
    written = [0]

    def write() -> None:
        try:
            with node.wire() as session:
                while True:
                    session.execute(f"INSERT INTO A VALUES({written[0]}, REPEAT('x', 200))")
                    written[0] += 1
        except H2Error:
            return

    writer = threading.Thread(target=write)
    writer.start()
    flushed = 0
    with node.wire() as session:
        for most in (1000, 3000, 6000):
            assert poll(partial(reached, written, most), within=60, every=0.01)
            flushed = written[0]
            session.execute("CHECKPOINT SYNC")
    assert node.processes.child is not None
    node.processes.child.kill()
    node.processes.child.wait()
    writer.join()
    return flushed


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> list[Crash]:
    """Return files of crashed servers."""
    folder = tmp_path_factory.mktemp("crashes")
    found: list[Crash] = []
    for number in range(CRASHES):
        with alone(folder / "node") as node:
            node.database.start_empty()
            with node.shop.offline.tools.started("org.h2.tools.Shell", shell_arguments(node)) as tool:
                tool.to_the_end(lambda: None)
            flushed = crash(node)
            kept = folder / str(number) / f"{NAME}.mv.db"
            kept.parent.mkdir()
            shutil.copy(node.database.file, kept)
            found.append(Crash(kept, flushed))
        shutil.rmtree(folder / "node")
    return found


def shell_arguments(node: Alone) -> list[str]:
    """Return what makes H2's shell make the table."""
    url = f"jdbc:h2:tcp://127.0.0.1:{node.database.pair.local[1]}/./{NAME}"
    made = ["-sql", "CREATE TABLE A(N INT PRIMARY KEY, T VARCHAR)"]
    return ["-url", url, "-user", ADMIN.username, "-password", ADMIN.password, *made]


def test_a_mended_file_has_every_row_that_was_flushed(crashes: list[Crash], tmp_path: Path) -> None:
    """The control: of the very same files H2 loses rows that a checkpoint had put on disk."""
    plain: list[int] = []
    mended: list[int] = []
    for each in crashes:
        for kind, found in (("plain", plain), ("mended", mended)):
            file = tmp_path / kind / each.file.parent.name / each.file.name
            file.parent.mkdir(parents=True)
            shutil.copy(each.file, file)
            if kind == "mended":
                mending.mend(file)
            found.append(rows(file) - each.flushed)
    assert min(mended) >= 0
    assert min(plain) < 0


def test_mending_touches_few_bytes_of_one_block_and_is_done_once(crashes: list[Crash], tmp_path: Path) -> None:
    changed = []
    for each in crashes:
        file = Path(shutil.copy(each.file, tmp_path / each.file.parent.name))
        before = file.read_bytes()
        if mending.mend(file):
            after = file.read_bytes()
            assert len(after) == len(before)
            places = [place for place in range(len(before)) if before[place] != after[place]]
            changed.append(places[-1] - places[0])
        assert not mending.mend(file)
    assert changed
    assert max(changed) < 250


def test_a_file_of_a_server_that_ended_in_good_order_is_left_as_it_is(tmp_path: Path) -> None:
    with alone(tmp_path) as node:
        node.database.start_empty()
        with node.shop.offline.tools.started("org.h2.tools.Shell", shell_arguments(node)) as tool:
            tool.to_the_end(lambda: None)
        node.database.stop()
        before = node.database.file.read_bytes()
        assert not mending.mend(node.database.file)
        assert node.database.file.read_bytes() == before


def test_a_note_gets_the_chunks_place_in_as_many_characters() -> None:
    note = b"chunk:47,block:7fffffffffffffff,len:7fffffff,map:e,next:7fffffffffffffff,root:7fffffffffffffff,version:47"
    fields = {"block": "96e", "len": "12e", "next": "a9c", "root": "11c004", "version": "47"}
    filled = mending.filled(note, fields)
    assert len(filled) == len(note)
    assert filled == (
        b"chunk:47,block:000000000000096e,len:0000012e,map:e,next:0000000000000a9c,root:000000000011c004,version:47"
    )


@given(
    head=st.sampled_from([b"", b"H:2,block:2,chunk:1,format:1,version:1\n", b"H:2,block:0,format:3\n"]),
    rest=st.binary(max_size=300),
    chunk=st.sampled_from([b"", b"chunk:1,block:2,len:1,root:4000000e1,version:1\n"]),
)
def test_what_is_no_file_of_h2_is_left_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes, chunk: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "x.mv.db"
    footer = b"chunk:1,block:2,version:1".ljust(127) + b"\n"
    block = (chunk + rest).ljust(4096 - 128, b"\x81") + footer
    content = head.ljust(4096) * 2 + block
    file.write_bytes(content)
    assert not mending.mend(file)
    assert file.read_bytes() == content


def test_a_file_that_is_not_there_needs_nothing(tmp_path: Path) -> None:
    assert not mending.mend(tmp_path / "none")
