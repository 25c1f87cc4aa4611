"""The user's cluster file and its lock, as commands take them: read or refused, written or left alone."""

import shlex
import sys
from pathlib import Path

from muster.spec import Cluster, Lock, SpecError, load, lock_path, read_lock, write_lock
from operations.errors import Failure


def load_file(file: Path) -> Cluster:
    """Return the cluster of `file`. Raises `Failure` (2) after every fault was told on standard error."""
    try:
        return load(file)
    except SpecError as error:
        raise refused(file, error) from error


def load_lock(file: Path) -> Lock | None:
    """Return the lock beside `file`, or None. Raises `Failure` (2) for one that is damaged."""
    try:
        return read_lock(file)
    except SpecError as error:
        raise Failure(str(error), code=2) from error


def save_lock(file: Path, lock: Lock) -> None:
    """Write the lock beside `file`. Raises `Failure`; then the old one is as it was."""
    try:
        write_lock(file, lock)
    except OSError as error:
        raise Failure(f"{lock_path(file)}: {error.strerror}: the lock file is as it was") from error


def typed(file: Path) -> str:
    """Return `file` as it is typed in a shell, for the commands that are told to the user."""
    return shlex.quote(str(file))


def refused(file: Path, error: SpecError) -> Failure:
    """Tell every fault on standard error, and return the failure that sums them up."""
    print(error, file=sys.stderr)
    count = len(error.faults)
    return Failure(f"{file} is refused: {count} fault{'s'[: count != 1]}, listed above", code=2)
