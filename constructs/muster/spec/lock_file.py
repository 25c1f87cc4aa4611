"""The lock file on disk: beside its cluster file, replaced as a whole or not at all."""

import os
import tempfile
from pathlib import Path
from typing import Final

from muster.spec.faults import Fault, SpecError
from muster.spec.lock import Lock, parse, render
from muster.spec.model import Cluster

LARGEST: Final = 1024 * 1024
"""Bytes of a lock file; real ones have about 1,500."""


def lock_path(path: Path) -> Path:
    """Return where the lock of the cluster file `path` is: `clusters/x.yaml` has `clusters/x.lock.json`."""
    return path.with_suffix(".lock.json")


def read_lock(path: Path) -> Lock | None:
    """Return the lock beside the cluster file `path`, or None if there is none.

    Raises `SpecError` with one line for a file that is no lock.
    """
    file = lock_path(path)
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refusal(file, (error.strerror or "cannot be read").lower()) from None
    if len(data) > LARGEST:
        raise _refusal(file, f"is larger than {LARGEST // 1024} KiB")
    try:
        return parse(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise _refusal(file, "is not UTF-8") from None
    except ValueError as error:
        raise _refusal(file, str(error)) from None


def cluster_lock(cluster: Cluster) -> Lock | None:
    """Return the lock beside the file that `cluster` was read from, as `read_lock` does."""
    document = cluster._document
    return read_lock(Path(document.path)) if document else None


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock beside the cluster file `path`. Raises `OSError`; then the old one is as it was."""
    write_whole(lock_path(path), render(lock).encode())


def write_whole(file: Path, data: bytes) -> None:
    """Replace the content of `file` at once; its mode stays, a new file can be read by all. Raises `OSError`."""
    target = file.resolve()
    mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            os.fchmod(opened.fileno(), mode)
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _refusal(file: Path, what: str) -> SpecError:
    way_out = "take it from version control as it was last deployed; without one, addresses may move"
    return SpecError([Fault(str(file), None, "", f"{what}: {way_out}")])
