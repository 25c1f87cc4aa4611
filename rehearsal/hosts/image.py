"""The root file system of all hosts: Debian, built once by mmdebstrap and cached by its recipe.

In the cache's `image` folder: PACKAGES_KEY.tar as mmdebstrap made it, IMAGE_KEY/ unpacked and prepared, which hosts
share read-only. Both appear by a rename, so that a killed build leaves nothing that looks complete.
"""

import contextlib
import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from rehearsal.hosts import apt_sources, mounts, recipe
from rehearsal.hosts.authority import Authority
from rehearsal.hosts.cgroups import ControlGroups
from rehearsal.hosts.command import CommandError, Progress, run_logged
from rehearsal.hosts.prepare import prepare
from rehearsal.places import cache

_UNFINISHED = "build-"
_KEPT_SECONDS = 14 * 24 * 3600
_POLL = 0.5


def ensure(authority: Authority, progress: Progress, cancelled: threading.Event | None = None) -> Path:
    """Return the root of the image whose hosts trust `authority`, built first if the cache has none.

    A build takes 1 to 3 minutes; `progress` hears of it at least each 5 s. Two callers at once build once.
    Raises `CommandError` if it fails or `cancelled` is set; nothing half-built stays visible.
    """
    folder = cache() / "image"
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / recipe.image_key(authority.pem)
    if not root.is_dir():
        with _build_lock(folder, progress, cancelled):
            _remove_unfinished(folder)
            if not root.is_dir():
                _unpack(_ensure_packages(folder, progress, cancelled), root, authority, progress, cancelled)
            _prune(folder)
    os.utime(root)
    return root


def _ensure_packages(folder: Path, progress: Progress, cancelled: threading.Event | None) -> Path:
    tar = folder / f"{recipe.packages_key()}.tar"
    if not tar.exists():
        with _workshop(folder) as workshop:
            _debootstrap(workshop, folder / "build.log", progress, cancelled)
            (workshop / "packages.tar").rename(tar)
    os.utime(tar)
    return tar


def _debootstrap(workshop: Path, log: Path, progress: Progress, cancelled: threading.Event | None) -> None:
    """Make `packages.tar` in `workshop`, from the machine's own package sources where it has some of this suite."""
    settings = workshop / "apt.conf"
    settings.write_text(apt_sources.apt_settings())
    log.unlink(missing_ok=True)
    groups = ControlGroups("build")  # so that a build whose service was killed is found, and ended
    groups.make()
    try:
        run_logged(
            groups.command(_mmdebstrap(settings, workshop / "packages.tar")),
            title=f"building the image of the hosts (Debian {recipe.SUITE}, once per machine)",
            log=log,
            progress=progress,
            cancelled=cancelled,
            environment={"TMPDIR": str(workshop)},
        )
    finally:
        groups.remove()


def _mmdebstrap(settings: Path, tar: Path) -> list[str]:
    return [
        # Its mounts of /proc, /sys and /dev in the tree are nobody else's, and end with it.
        "unshare",
        "--mount",
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--verbose",
        f"--aptopt={settings}",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in recipe.LEFT_OUT),
        f"--include={','.join(recipe.PACKAGES)}",
        recipe.SUITE,
        str(tar),
        *apt_sources.debian_sources(recipe.SUITE),
    ]


def _unpack(tar: Path, root: Path, authority: Authority, progress: Progress, cancelled: threading.Event | None) -> None:
    with _workshop(root.parent) as workshop:
        tree = workshop / "root"
        tree.mkdir()
        run_logged(
            ["tar", "--extract", "--numeric-owner", "--xattrs", f"--file={tar}", f"--directory={tree}"],
            title="unpacking the image of the hosts",
            log=root.parent / "build.log",
            progress=progress,
            cancelled=cancelled,
        )
        progress("preparing the image of the hosts")
        prepare(tree, authority.pem)
        tree.chmod(0o755)
        tree.rename(root)


@contextlib.contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Make a folder beside the finished ones, so that what it makes can be renamed; gone at the end."""
    workshop = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    try:
        yield workshop
    finally:
        mounts.discard(workshop)


@contextlib.contextmanager
def _build_lock(folder: Path, progress: Progress, cancelled: threading.Event | None) -> Iterator[None]:
    """Let one build at a time into this cache; the lock ends with its process."""
    with (folder / "lock").open("w") as file:
        waited = 0.0
        while not _locked(file.fileno()):
            if cancelled is not None and cancelled.is_set():
                raise CommandError("waiting for another build of the image: cancelled")
            if waited % 5 == 0:
                progress("another process builds the image; waiting for it")
            time.sleep(_POLL)
            waited += _POLL
        yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_unfinished(folder: Path) -> None:
    """Remove what killed builds left; only the holder of the lock may."""
    for left in folder.glob(f"{_UNFINISHED}*"):
        mounts.discard(left)


def _prune(folder: Path) -> None:
    """Remove what no rehearsal has used for two weeks."""
    oldest = time.time() - _KEPT_SECONDS
    for entry in folder.iterdir():
        if entry.stat().st_mtime >= oldest or entry.name in ("lock", "build.log"):
            continue
        if entry.is_dir():
            mounts.discard(entry)
        else:
            entry.unlink(missing_ok=True)
