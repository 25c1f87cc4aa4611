"""The database's file of the peer, made here block by block: only blocks that differ travel.

The receiver sends the SHA-256 of each block that it has. The source reads each of its blocks once and answers `the
same`, or hash and content. A pass over the file in use makes a rough copy, of which a pass over the closed file makes
the exact one, in the time that it takes to hash the file and to send what changed. Whether the file was closed the
source knows: H2 holds a lock on a file that it has open (mvstore/FileStore.java, 1.4.199, `tryLock`), so whoever gets
that lock reads a file that nobody writes.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple

from .. import files
from .blocks import HASH, blocks, count, digest
from .channel import Channel
from .clock import now
from .frames import BLOCK, Forged, Frame, Kind, read_words, words
from .sockets import Broken, Refused, Silent
from .watch import Watch

PATIENCE = 10.0
"""Seconds in which the next frame must come: the source's disk has to read `source.RUN` blocks for it."""
PART = ".part"
"""What the name of a file ends with that is not an exact copy (yet)."""
_HASHES = 4096


class CopyFailed(Exception):  # noqa: N818 - a cause is reported
    """Why there is no copy, in one sentence."""


@dataclass(frozen=True)
class Fetched:
    """What a pass brought: the file's size, how many blocks of it travelled, and whether it is an exact copy.

    It is one if the source's file was closed from the pass's first to its last byte (`still`).
    """

    size: int
    moved: int
    still: bool
    hashes: Tuple[bytes, ...]
    identity: Tuple[int, int, int]
    """Of the partial file as the pass left it: inode, size, time of its last change in ns."""


def fetch(
    connect: Callable[[], Channel],
    name: str,
    into: Path,
    *,
    lost: Callable[[], Optional[str]],
    tell: Callable[[int, int], None],
    known: Optional[Fetched] = None,
) -> Fetched:
    """Make a copy of the source's file `name`: at `into` if it is exact, else beside it with the ending `PART`.

    Blocks that are there from a pass before, or from an older file at `into`, are used; `known` is the result of the
    pass before and saves reading them. `lost` is asked at least each 0.25 s, and its text ends the copying.
    `tell(done, size)` is told of progress, in bytes. Raises `CopyFailed`; nothing stands at `into` then. The copy lasts
    through a loss of power and belongs to whom its folder belongs to.
    """
    part = into.with_name(into.name + PART)
    watch = _watch(lost)
    try:
        with _opened(into, part) as descriptor:
            own = _own_hashes(descriptor, known, watch)
            with connect() as made:
                fetched = _Pass(made, descriptor, own, watch, tell).run(name)
        if fetched.still:
            part.replace(into)
            files.sync_folder(into.parent)
    except (Refused, Silent, Forged) as fault:
        raise CopyFailed(f"the copying of {name} broke off: {fault}") from None
    except OSError as fault:
        raise CopyFailed(f"{part} cannot be written: {fault.strerror or fault}") from None
    return fetched


def verify(copy: Path, fetched: Fetched) -> None:
    """Read the file at `copy` again; raises `CopyFailed` unless each of its blocks is that which the source has sent.

    So equal bytes rest on nothing that was only remembered. To be done before H2 opens the file, which changes it.
    """
    try:
        with copy.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            found = tuple(hashed for hashed, _ in blocks(file.fileno(), size))
    except OSError as fault:
        raise CopyFailed(f"{copy} cannot be read: {fault.strerror or fault}") from None
    if (size, found) != (fetched.size, fetched.hashes):
        raise CopyFailed(f"{copy} is not what was copied to it")


class _Pass:
    """One pass over the file."""

    def __init__(
        self, made: Channel, descriptor: int, own: List[bytes], watch: Watch, tell: Callable[[int, int], None]
    ) -> None:
        self._made = made
        self._descriptor = descriptor
        self._own = own
        self._watch = watch
        self._tell = tell
        self._hashes: List[bytes] = []
        self._moved = 0
        self._end = 0

    def run(self, name: str) -> Fetched:
        self._send(Kind.OPEN, words({"stream": "copy", "name": name}))
        announced = _size(self._next(Kind.READY))
        _check_room(self._descriptor, announced)
        for place in range(0, len(self._own), _HASHES):
            self._send(Kind.HASHES, b"".join(self._own[place : place + _HASHES]))
        self._send(Kind.END)
        while (frame := self._next(Kind.SAME, Kind.BLOCK, Kind.END)).kind is not Kind.END:
            self._take(frame)
            self._tell(min(len(self._hashes) * BLOCK, announced), announced)
        return self._finish(_size(frame), read_words(frame.payload).get("still") is True)

    def _take(self, frame: Frame) -> None:
        place = len(self._hashes)
        if frame.kind is Kind.SAME:
            self._hashes += self._own[place : place + int.from_bytes(frame.payload, "big")]
            return
        hashed, content = frame.payload[:HASH], frame.payload[HASH:]
        if digest(content) != hashed:
            raise Broken(f"block {place} does not have its hash")
        _write(self._descriptor, content, place * BLOCK)
        self._end = place * BLOCK + len(content)
        self._hashes.append(hashed)
        self._moved += 1

    def _finish(self, size: int, still: bool) -> Fetched:
        if count(size) != len(self._hashes) or self._end > size:
            raise Broken(f"{len(self._hashes)} blocks for a file of {size} bytes")
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)
        return Fetched(size, self._moved, still, tuple(self._hashes), _identity(self._descriptor))

    def _send(self, kind: Kind, payload: bytes = b"") -> None:
        self._made.send(kind, payload, until=now() + PATIENCE, waiting=self._watch.between)

    def _next(self, *due: Kind) -> Frame:
        frame = self._made.receive(until=now() + PATIENCE, waiting=self._watch.between)
        self._watch.between()
        if frame.kind is Kind.REFUSAL:
            raise CopyFailed(f"the other node refuses the copy: {read_words(frame.payload).get('why')}")
        if frame.kind not in due:
            raise Broken(f"a frame {frame.kind.name} in the middle of a copy")
        return frame


def _watch(lost: Callable[[], Optional[str]]) -> Watch:
    def ask() -> None:
        if reason := lost():
            raise CopyFailed(reason)

    return Watch(ask)


@contextlib.contextmanager
def _opened(into: Path, part: Path) -> Iterator[int]:
    """Open the partial file, which an older file at `into` becomes; nothing stands at `into` afterwards."""
    if into.exists():
        into.replace(part)
        files.sync_folder(into.parent)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        owner = part.parent.stat()
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        yield descriptor
    finally:
        os.close(descriptor)


def _own_hashes(descriptor: int, known: Optional[Fetched], watch: Watch) -> List[bytes]:
    """Return the hashes of the partial file, those of the pass before if nobody touched the file since."""
    if known is not None and known.identity == _identity(descriptor):
        return list(known.hashes)
    found = []
    with contextlib.closing(blocks(descriptor, os.fstat(descriptor).st_size)) as all_blocks:
        for hashed, _ in all_blocks:
            watch.between()
            found.append(hashed)
    return found


def _identity(descriptor: int) -> Tuple[int, int, int]:
    now_is = os.fstat(descriptor)
    return now_is.st_ino, now_is.st_size, now_is.st_mtime_ns


def _size(frame: Frame) -> int:
    size = read_words(frame.payload).get("size")
    if not isinstance(size, int) or size < 0:
        raise Broken("a copy without a size")
    return size


def _check_room(descriptor: int, size: int) -> None:
    """Refuse at once what would fill the disk: H2 needs room beside its file to go on."""
    disk = os.fstatvfs(descriptor)
    free, more = disk.f_bavail * disk.f_frsize, size - os.fstat(descriptor).st_blocks * 512
    if more > free:
        raise CopyFailed(f"the copy needs {more >> 20} MiB more than there are: {free >> 20} MiB are free")


def _write(descriptor: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
