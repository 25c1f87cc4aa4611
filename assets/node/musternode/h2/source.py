"""The side of a copy that has the file (see `copying`)."""

import contextlib
import fcntl
import os
import re
import stat
import struct
from pathlib import Path
from typing import Any, Callable, Iterator, List, Mapping

from .blocks import HASH, blocks
from .channel import Channel
from .clock import now
from .frames import Kind, words
from .sockets import Broken
from .watch import Watch

RUN = 64
"""Most blocks that one frame `the same` stands for: with a disk of 100 MB/s one frame comes each second."""
PATIENCE = 10.0
"""Seconds in which the receiver must take a frame; a frozen one must not hold the lock on the file for long."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_WHOLE_FILE = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)  # struct flock, fcntl(2); 64-bit Linux


class Unfit(Exception):  # noqa: N818 - an answer to the receiver
    """Why nothing can be sent."""


def serve(made: Channel, request: Mapping[str, Any], folder: Path, allowed: Callable[[bool], bool]) -> None:
    """Send the file that `request` names as far as the receiver does not have it, while `allowed(locked)`.

    `locked` is whether this process holds the file's lock: H2 cannot open it then.
    """
    locked = False

    def ask() -> None:
        if not allowed(locked):
            raise Unfit("this node does not give its database away now")

    watch = Watch(ask)
    try:
        watch.now()
        with _opened(folder, str(request.get("name"))) as descriptor:
            locked = still = _lock(descriptor)
            watch.now()
            size = os.fstat(descriptor).st_size
            made.send(Kind.READY, words({"size": size}), until=now() + PATIENCE)
            sent = _send(made, descriptor, size, _receive_hashes(made, watch), watch)
        made.send(Kind.END, words({"size": sent, "still": still}), until=now() + PATIENCE, waiting=watch.between)
    except Unfit as why:  # in the middle of a frame this sentence cannot be read: the receiver finds a broken frame
        made.send(Kind.REFUSAL, words({"why": str(why)}), until=now() + PATIENCE)


@contextlib.contextmanager
def _opened(folder: Path, name: str) -> Iterator[int]:
    """Open the plain file `name` of `folder`; its descriptor and the lock on it end with the block."""
    if not _NAME.fullmatch(name):
        raise Unfit("that is no name of a file")
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise Unfit(f"{name} cannot be read: {fault.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unfit(f"{name} is no plain file")
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Return whether nobody has the file open for writing under a lock, as H2 has; then nobody gets one meanwhile.

    The lock belongs to this descriptor, not to the process: a process-wide one would end with the first descriptor of
    the file that any thread closes (fcntl(2), open file description locks).
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except BlockingIOError:
        return False
    return True


def _receive_hashes(made: Channel, watch: Watch) -> List[bytes]:
    """Return the hashes of the receiver's blocks, in order."""
    joined = bytearray()
    while True:
        frame = made.receive(until=now() + PATIENCE, waiting=watch.between)
        if frame.kind is Kind.END:
            return [bytes(joined[place : place + HASH]) for place in range(0, len(joined), HASH)]
        if frame.kind is not Kind.HASHES or len(frame.payload) % HASH:
            raise Broken(f"a frame {frame.kind.name} where hashes are due")
        joined += frame.payload


def _send(made: Channel, descriptor: int, size: int, known: List[bytes], watch: Watch) -> int:
    """Send what differs from `known`; return how many bytes the file had as it was read."""
    same = sent = 0

    def say(kind: Kind, payload: bytes) -> None:
        made.send(kind, payload, until=now() + PATIENCE, waiting=watch.between)

    with contextlib.closing(blocks(descriptor, size)) as found:
        for place, (hashed, content) in enumerate(found):
            watch.between()
            sent += len(content)
            alike = place < len(known) and known[place] == hashed
            if same and (same == RUN or not alike):
                say(Kind.SAME, same.to_bytes(4, "big"))
                same = 0
            if alike:
                same += 1
            else:
                say(Kind.BLOCK, hashed + content)
    if same:
        say(Kind.SAME, same.to_bytes(4, "big"))
    return sent
