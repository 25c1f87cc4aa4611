"""A product's archive on a node: brought, unpacked whole or not at all, and made the one in use by a link."""

import contextlib
import logging
import os
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any, Callable, Collection, Iterable, Iterator, Optional, Tuple

from .. import files
from ..failure import Failure
from .host import Host, S
from .kind import Kind

log = logging.getLogger(__name__)
_KEPT = re.compile(r"\.?[0-9a-f]{16}(\.part)?")
LARGEST = 8 << 30
"""Bytes that a distribution may have once it is unpacked."""


@contextlib.contextmanager
def named(this: Host[Any]) -> Iterator[None]:
    """Let a `Failure` say of which node it is."""
    try:
        yield
    except Failure as fault:
        sentence = str(fault)
        raise Failure(sentence if "node " in sentence else f"node {this.identity.node}: {sentence}") from None


def bring(kind: Kind[S], this: Host[S]) -> bool:
    """Bring the distribution that the settings name, and make it the one in use; return whether it was another."""
    artifact = this.settings.artifact
    archive = this.home / artifact.name
    this.home.mkdir(parents=True, exist_ok=True)
    with named(this):
        if not this.distribution.is_dir():
            this.aws().fetch(artifact.bucket, artifact.key, artifact.sha256, archive)
        unpack(archive, this.distribution, kind.user, kind.runs)
        home = kind.home_in(this.distribution, artifact.name)
    archive.unlink(missing_ok=True)
    changed, before = link(this.current, home)
    if changed and before is not None:
        log.info("node %s goes from %s to %s", this.identity.node, before.name, home.name)
    return changed


def unpack(archive: Path, folder: Path, user: str, runs: Callable[[Path], bool]) -> None:
    """Unpack a distribution to `folder`, for `user`, unless that is done; `runs` tells what may be executed.

    What is unpacked appears whole or not at all. Raises `Failure`.
    """
    if folder.is_dir():
        return
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _extract(archive, part)
    _give(part, user, runs)
    _settle(part)
    part.replace(folder)
    files.sync_folder(folder.parent)


def check(this: Host[Any], folders: Iterable[str]) -> None:
    """Raise `Failure` if a link leads out of the distribution in use, or stands for one of the `folders` of its home.

    All of it is the product's user's, who could have root write elsewhere by one.
    """
    home = this.current.resolve()
    if this.distribution.resolve() not in {home, *home.parents}:
        raise Failure(f"{this.current} leads out of {this.distribution}; remove that folder, and restart the member")
    for place in folders:
        if (home / place).exists() and (home / place).resolve() != home / place:
            raise Failure(f"{place} is a link, into which root does not write; put the folder itself there")


def tidy(home: Path, keep: Collection[Path]) -> None:
    """Remove the distributions of before from `home`, all but those in `keep`: there is no way back to them any more.

    A disk would fill, and an old configuration may hold an old key.
    """
    for folder in home.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder not in keep and _KEPT.fullmatch(folder.name):
            log.info("the distribution in %s is removed", folder)
            shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: Path, part: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise Failure(f"{archive.name} would have more than {LARGEST >> 30} GiB once it is unpacked")
            for entry in entries:
                if not stat.S_ISLNK(entry.external_attr >> 16):
                    packed.extract(entry, part)  # what leads outside is led inside (zipfile's own promise)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as fault:  # RuntimeError: it is encrypted
        raise Failure(f"{archive.name} is no zip archive that can be read: {fault}") from None


def _give(folder: Path, user: str, runs: Callable[[Path], bool]) -> None:
    """Make `folder` and all below it the user's, readable by nobody else; programs may be run.

    From below: no folder is the user's while root still works in it.
    """
    for top, _, names in os.walk(folder, topdown=False):
        for each in [*(Path(top) / name for name in names), Path(top)]:
            each.chmod(0o750 if each.is_dir() or runs(each) else 0o640)
            shutil.chown(each, user, user)


def _settle(folder: Path) -> None:
    """Make what was written below `folder` last through a loss of power."""
    for top, _, names in os.walk(folder):
        for name in names:
            with (Path(top) / name).open("rb") as written:
                os.fsync(written.fileno())
        files.sync_folder(Path(top))


def link(current: Path, home: Path) -> Tuple[bool, Optional[Path]]:
    """Make the link `current` lead to `home`; return whether it led elsewhere, and where to."""
    before = current.resolve() if current.is_symlink() else None
    if before == home.resolve():
        return False, before
    fresh = current.with_name(f".{current.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(home)
    fresh.replace(current)
    files.sync_folder(current.parent)
    return True, before
