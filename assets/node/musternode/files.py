"""Files written whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Optional


def write(path: Path, content: bytes, *, mode: int = 0o644, group: Optional[str] = None) -> bool:
    """Make `path` hold `content` with `mode`, owned by root and `group`; return whether the content changed.

    Temporary file, fsync, rename, fsync of the folder: a crash leaves the old file or the new one.
    """
    same = path.is_file() and path.read_bytes() == content
    if same and (path.stat().st_mode & 0o7777) == mode and _owned(path, group):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            # by the open file, not by its name: the folder may be a user's, who could put a link there
            if group is not None:
                shutil.chown(out.fileno(), group=group)
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)
    return not same


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` last through a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _owned(path: Path, group: Optional[str]) -> bool:
    return group is None or path.group() == group
