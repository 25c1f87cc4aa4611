"""One rehearsal at a time: a lock that its process holds and that ends with it, however it ends."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rehearsal.places import RUN

LOCK = RUN.parent / f"{RUN.name}.lock"
"""Beside the run state, which comes and goes."""


class AlreadyRunningError(Exception):
    """Another rehearsal runs on this machine; the text is one line that names its process and what to do."""


@contextlib.contextmanager
def exclusive(lock: Path = LOCK) -> Iterator[None]:
    """Hold the lock; raises `AlreadyRunningError` at once if another process does."""
    with _locked(lock) as file:
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            lock.unlink()


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[TextIO]:
    """Lock the file of this name; one that its last holder removed meanwhile is not it any more."""
    while True:
        with lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError(_refusal(lock)) from None
            if lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                yield file
                return


def _refusal(lock: Path) -> str:
    process = f"process {_written(lock) or 'unknown'}"
    return f"a rehearsal runs already ({process}); end it with ./muster rehearse --down"


def holder(lock: Path = LOCK) -> int | None:
    """Return the process that runs a rehearsal now, None if there is none."""
    with contextlib.suppress(FileNotFoundError), lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _written(lock)
    return None


def _written(lock: Path) -> int | None:
    """Return the process that the lock file names; none in the moment between locking and writing."""
    with contextlib.suppress(FileNotFoundError):
        text = lock.read_text().strip()
        return int(text) if text.isdigit() else None
    return None
