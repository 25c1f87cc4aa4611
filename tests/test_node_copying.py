"""The block copy of a database's file: exact after a pass over the closed file, and nothing that looks so before."""

import contextlib
import hashlib
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.h2 import blocks, copying
from musternode.h2.copying import CopyFailed, Fetched, fetch, verify
from musternode.h2.frames import BLOCK
from musternode.h2.peer import PeerClient
from tests.peer_support import Answers, Message, asking, serving, serving_alone, timed

NAME = "connections.mv.db"


class Place:
    """A source's folder with one file, a receiver's folder, and the way between them."""

    def __init__(self, root: Path) -> None:
        self.there = root / "there" / NAME
        self.here = root / "here" / NAME
        self.part = root / "here" / (NAME + copying.PART)
        for one in (self.there, self.here):
            one.parent.mkdir(parents=True, exist_ok=True)

    def fetch(
        self,
        client: PeerClient,
        known: Fetched | None = None,
        lost: Callable[[], str | None] = lambda: None,
        tell: Callable[[int, int], None] = lambda _done, _size: None,
        name: str = NAME,
    ) -> Fetched:
        """Make a pass."""
        return fetch(client.connect, name, self.here, lost=lost, tell=tell, known=known)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@contextlib.contextmanager
def way(place: Place, rule: Callable[[Message], Message] = lambda _: {"yes": True}) -> Iterator[PeerClient]:
    """Give a client of a server that has the source's folder."""
    with serving(Answers(rule), folder=place.there.parent) as server, asking(server.port) as client:
        yield client


@contextlib.contextmanager
def opened_as_by_h2(file: Path) -> Iterator[None]:
    """Hold the lock that Java takes on the whole file, in another process."""
    code = "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(file)], **pipes) as child:  # type: ignore[call-overload]
        child.stdout.readline()
        try:
            yield
        finally:
            child.kill()


def noise(size: int, seed: int = 0) -> bytes:
    """Return bytes without a pattern."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - content


def grown_or_cut(content: bytes, size: int, edits: list[tuple[int, bytes]]) -> bytes:
    """Return `content` made `size` bytes long and edited wherever an edit fits."""
    changed = bytearray(content[:size].ljust(size, b"\0"))
    for offset, piece in edits:
        changed[offset : offset + len(piece)] = piece[: max(0, size - offset)]
    return bytes(changed[:size])


SMALL = 256
"""Bytes of a block where files are many."""
SIZES = st.sampled_from([0, 1, SMALL - 1, SMALL, SMALL + 1, 2 * SMALL, 3 * SMALL + 7]) | st.integers(0, 9 * SMALL)
EDITS = st.lists(st.tuples(st.integers(0, 9 * SMALL), st.binary(min_size=1, max_size=9)), max_size=4)


@settings(max_examples=20)
@given(start=SIZES, passes=st.lists(st.tuples(SIZES, EDITS, st.booleans()), min_size=1, max_size=3))
def test_each_pass_makes_the_copy_equal_to_the_file_as_it_is_then(
    start: int, passes: list[tuple[int, list[tuple[int, bytes]], bool]]
) -> None:
    """Over any growth, truncation and edits between passes, whether the hashes of the pass before are known or not."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for module in (blocks, copying):
            patch.setattr(module, "BLOCK", SMALL)
        place, content, before = Place(Path(folder)), noise(start), None
        with way(place) as client:
            for size, edits, use in [(start, [], False), *passes]:
                content = grown_or_cut(content, size, edits)
                place.there.write_bytes(content)
                before = place.fetch(client, known=before if use else None)
                assert place.here.read_bytes() == content
                assert (before.size, before.still) == (len(content), True)


def test_only_blocks_that_differ_travel(place: Place) -> None:
    place.there.write_bytes(noise(8 * BLOCK))
    with way(place) as client:
        assert place.fetch(client).moved == 8
        with place.there.open("r+b") as file:
            for block in (1, 5):
                file.seek(block * BLOCK + 17)
                file.write(b"changed")
        assert place.fetch(client).moved == 2
    assert place.here.read_bytes() == place.there.read_bytes()


def test_a_file_in_use_is_copied_but_does_not_stand_as_a_copy(place: Place) -> None:
    place.there.write_bytes(noise(3 * BLOCK))
    with way(place) as client:
        with opened_as_by_h2(place.there):
            rough = place.fetch(client)
            assert (rough.still, place.here.exists(), place.part.exists()) == (False, False, True)
        exact = place.fetch(client, known=rough)
    assert (exact.still, exact.moved, place.part.exists()) == (True, 0, False)
    assert place.here.read_bytes() == place.there.read_bytes()


def test_passes_under_a_writer_and_one_after_it_make_an_exact_copy(place: Place) -> None:
    content = noise(24 * BLOCK)
    place.there.write_bytes(content)
    done, chosen = threading.Event(), random.Random(1)  # noqa: S311 - content

    def write() -> None:
        with place.there.open("r+b", buffering=0) as file:
            while not done.is_set():
                file.seek(chosen.randrange(30 * BLOCK))
                file.write(chosen.randbytes(5000))

    writer = threading.Thread(target=write)
    with way(place) as client:
        writer.start()
        try:
            rough = place.fetch(client)
            copied = (place.here if rough.still else place.part).read_bytes()
            time.sleep(0.05)
        finally:
            done.set()
            writer.join()
        assert copied != place.there.read_bytes(), "the control: the writer changed what had been copied"
        place.fetch(client, known=rough)
    assert place.here.read_bytes() == place.there.read_bytes()


def test_nobody_can_open_the_file_for_writing_during_an_exact_pass_and_anybody_can_after_it(place: Place) -> None:
    place.there.write_bytes(noise(40 * BLOCK))
    seen: list[bool] = []

    def locked(_done: int, _size: int) -> None:
        if not seen:
            seen.append(is_locked(place.there))

    with way(place) as client:
        assert place.fetch(client, tell=locked).still
    assert seen == [True]
    assert not is_locked(place.there)


def test_what_is_known_of_a_partial_file_is_not_trusted_once_it_was_touched(place: Place) -> None:
    place.there.write_bytes(noise(3 * BLOCK))
    with way(place) as client:
        with opened_as_by_h2(place.there):
            rough = place.fetch(client)
        with place.part.open("r+b") as file:
            file.write(b"changed by somebody")
        assert place.fetch(client, known=rough).moved == 1
    assert place.here.read_bytes() == place.there.read_bytes()


def test_an_older_file_in_the_copy_s_place_is_used_and_does_not_stand_meanwhile(place: Place) -> None:
    place.there.write_bytes(noise(4 * BLOCK))
    place.here.write_bytes(place.there.read_bytes()[: 2 * BLOCK] + b"another end")
    stood: list[bool] = []
    with way(place) as client:
        done = place.fetch(client, tell=lambda _done, _size: stood.append(place.here.exists()))
    assert done.moved == 2
    assert not any(stood)
    assert place.here.read_bytes() == place.there.read_bytes()


@pytest.mark.parametrize("change", [b"!", b""])
def test_a_copy_that_is_not_what_was_fetched_is_found_by_reading_it_again(place: Place, change: bytes) -> None:
    place.there.write_bytes(noise(3 * BLOCK))
    with way(place) as client:
        fetched = place.fetch(client)
    verify(place.here, fetched)
    with place.here.open("r+b") as file:
        file.seek(BLOCK + 5)
        file.write(change)
        if not change:
            file.truncate(3 * BLOCK - 1)
    with pytest.raises(CopyFailed, match="is not what was copied"):
        verify(place.here, fetched)


def test_progress_is_told_up_to_the_whole(place: Place) -> None:
    told: list[tuple[int, int]] = []
    place.there.write_bytes(noise(2 * BLOCK + 5))
    with way(place) as client:
        place.fetch(client, tell=lambda done, size: told.append((done, size)))
    assert told == [(BLOCK, 2 * BLOCK + 5), (2 * BLOCK, 2 * BLOCK + 5), (2 * BLOCK + 5, 2 * BLOCK + 5)]


def test_a_source_that_dies_ends_the_copy_at_once_and_leaves_nothing_that_looks_whole(place: Place) -> None:
    place.there.write_bytes(noise(40 * BLOCK))
    with serving_alone(place.there.parent) as alone, asking(alone.port) as client:

        def die(done: int, _size: int) -> None:
            if done >= 4 * BLOCK:
                alone.kill()

        seconds, fault = timed(lambda: place.fetch(client, tell=die))
    assert isinstance(fault, CopyFailed)
    assert "broke off" in str(fault)
    assert seconds < 5
    assert not place.here.exists()
    with way(place) as client:
        assert place.fetch(client).moved <= 36, "what had come was kept for the next try"
    assert place.here.read_bytes() == place.there.read_bytes()


def test_a_source_that_freezes_is_given_up_when_it_is_lost(place: Place) -> None:
    place.there.write_bytes(noise(40 * BLOCK))
    frozen: list[float] = []
    with serving_alone(place.there.parent) as alone, asking(alone.port) as client:

        def freeze(done: int, _size: int) -> None:
            if done >= 4 * BLOCK and not frozen:
                alone.stop()
                frozen.append(time.monotonic())

        def lost() -> str | None:
            return "node a is silent" if frozen and time.monotonic() > frozen[0] + 0.5 else None

        _, fault = timed(lambda: place.fetch(client, lost=lost, tell=freeze))
        assert isinstance(fault, CopyFailed)
        assert time.monotonic() - frozen[0] < 0.5 + 0.25 + 0.2
    assert str(fault) == "node a is silent"
    assert not place.here.exists()


def test_a_source_that_freezes_and_is_not_missed_is_given_up_after_the_patience(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PATIENCE", 0.5)
    place.there.write_bytes(noise(40 * BLOCK))
    with serving_alone(place.there.parent) as alone, asking(alone.port) as client:
        seconds, fault = timed(lambda: place.fetch(client, tell=lambda _done, _size: alone.stop()))
    assert isinstance(fault, CopyFailed)
    assert seconds < 5


def test_lost_is_asked_while_blocks_flow_too(place: Place) -> None:
    place.there.write_bytes(noise(8 * BLOCK))
    asked: list[float] = []
    with way(place) as client:
        place.fetch(client, lost=lambda: asked.append(time.monotonic()), tell=lambda _done, _size: time.sleep(0.2))
    assert len(asked) >= 6
    assert max(second - first for first, second in itertools.pairwise(asked)) < 0.45


@pytest.mark.parametrize(
    "name",
    ["../here/secret", "/etc/hostname", "", ".", "..", ".hidden", "link", "folder", "pipe", "none.mv.db", "a\0b"],
)
def test_nothing_but_a_plain_file_of_the_folder_is_given_away(place: Place, name: str) -> None:
    folder = place.there.parent
    (place.here.parent / "secret").write_text("secret")
    (folder / ".hidden").write_text("secret")
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    with way(place) as client, pytest.raises(CopyFailed, match="refuses"):
        place.fetch(client, name=name)
    assert not place.here.exists()


def test_a_source_that_may_not_give_its_database_away_refuses_with_a_sentence(place: Place) -> None:
    place.there.write_bytes(noise(BLOCK))
    refusal = pytest.raises(CopyFailed, match="refuses the copy: this node does not give its database away now")
    with way(place, lambda message: {"yes": message["ask"] != "may-copy"}) as client:
        for name in (NAME, "none.mv.db"):
            with refusal:
                place.fetch(client, name=name)
    assert not place.here.exists()


@pytest.mark.parametrize("locked", [True, False])
def test_a_file_that_is_locked_is_sent_only_by_leave_for_that(place: Place, locked: bool) -> None:
    place.there.write_bytes(noise(BLOCK))
    asked: list[object] = []

    def answer(message: Message) -> Message:
        asked.append(message.get("still"))
        return {"yes": not message.get("still")}

    with way(place, answer) as client, contextlib.ExitStack() as stack:
        if locked:
            stack.enter_context(pytest.raises(CopyFailed, match="does not give its database away now"))
        else:
            stack.enter_context(opened_as_by_h2(place.there))
        place.fetch(client)
    assert asked[0] is False
    assert (True in asked) is locked


def test_leave_that_is_withdrawn_ends_a_copy_that_runs(place: Place) -> None:
    place.there.write_bytes(noise(40 * BLOCK))
    allowed = [True]

    def withdraw(done: int, _size: int) -> None:
        allowed[0] = done < 2 * BLOCK
        time.sleep(0.02)

    with way(place, lambda _: {"yes": allowed[0]}) as client, pytest.raises(CopyFailed):
        place.fetch(client, tell=withdraw)
    assert not place.here.exists()


def test_leave_that_is_withdrawn_frees_the_file_though_the_receiver_is_frozen(place: Place) -> None:
    place.there.write_bytes(noise(40 * BLOCK))
    allowed = [True]
    seen: list[bool] = []

    def freeze(_done: int, _size: int) -> None:
        if not seen:
            allowed[0] = False
            time.sleep(1.0)
            seen.append(is_locked(place.there))

    with way(place, lambda _: {"yes": allowed[0]}) as client, pytest.raises(CopyFailed):
        place.fetch(client, tell=freeze)
    assert seen == [False]


def test_a_copy_that_would_fill_the_disk_is_not_begun(place: Place) -> None:
    place.there.write_bytes(noise(2 * BLOCK))
    with place.there.open("r+b") as file:
        file.truncate(shutil.disk_usage(place.here.parent).free + (1 << 30))
    with way(place) as client, pytest.raises(CopyFailed, match="MiB are free"):
        place.fetch(client)
    assert place.part.stat().st_blocks == 0


def test_a_disk_that_fails_is_a_sentence(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    place.there.write_bytes(noise(2 * BLOCK))
    monkeypatch.setattr(os, "pwrite", full)
    with way(place) as client, pytest.raises(CopyFailed, match="cannot be written: No space left on device"):
        place.fetch(client)
    assert not place.here.exists()


def test_a_block_that_does_not_have_its_hash_ends_the_copy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source whose memory errs: what it hashed is not what it sends."""
    place.there.write_bytes(noise(2 * BLOCK))
    monkeypatch.setattr(blocks, "digest", lambda content: hashlib.sha256(content + b"?").digest())
    with way(place) as client, pytest.raises(CopyFailed, match="block 0 does not have its hash"):
        place.fetch(client)
    assert not place.here.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_the_copy_belongs_to_whom_its_folder_belongs_to_and_to_him_alone(place: Place) -> None:
    place.there.write_bytes(noise(10))
    os.chown(place.here.parent, 12345, 23456)
    with way(place) as client:
        place.fetch(client)
    made = place.here.stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (12345, 23456, 0o600)


def is_locked(file: Path) -> bool:
    """Return whether an H2 could not open `file` now, as another process."""
    code = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    tried = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, check=False)
    assert tried.returncode == 0 or b"BlockingIOError" in tried.stderr
    return tried.returncode != 0
