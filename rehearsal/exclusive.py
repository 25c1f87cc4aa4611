"""One rehearsal at a time on a machine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = Path("/run/muster-rehearsal.lock")
"""Beside the run folder, which comes and goes. The kernel lets go of it however its holder ends."""


class BusyError(Exception):
    """Another rehearsal runs; the text names its process and how to end it."""


@contextmanager
def exclusive(lock: Path = LOCK) -> Iterator[None]:
    """Be the only rehearsal of this machine for the length of the block. Raises `BusyError` at once if one runs."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip() or "?"
            raise BusyError(
                f"a rehearsal runs already (process {holder}); end it with ./muster rehearse --down"
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(lock: Path = LOCK) -> int | None:
    """Return the process id of the rehearsal that runs now, or None."""
    try:
        with exclusive(lock):
            return None
    except BusyError:
        words = lock.read_text().strip()
        return int(words) if words.isdigit() else None
