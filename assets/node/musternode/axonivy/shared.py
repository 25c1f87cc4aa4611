"""The folder that all nodes share: mounted, with the engine's folders in it, which lose nothing that is there."""

import contextlib
import logging
import os
import shutil
from os.path import ismount
from pathlib import Path, PurePath
from typing import Iterator, List

from ..failure import Failure
from ..waiting import poll
from . import layout
from .document import MOUNTED
from .host import NUMBER, USER, Host
from .layout import Layout

log = logging.getLogger(__name__)
MOUNT = "mnt-axonivy.mount"
"""The unit of `MOUNTED`; systemd wants it called so."""
PATIENCE = 120.0
"""Seconds in which the file system must be mounted for the first time: the name of a mount target that was just made is
known everywhere after 90 (EFS User Guide)."""
WITHIN = 60
"""Seconds for one try."""
EVERY = 5.0


def unit(file_system: str) -> str:
    """Return the unit that mounts `file_system`, which the product's unit requires: by TLS, and by the node's role."""
    return f"""\
[Unit]
Description=The file system {file_system}, which all engines share
After=network-online.target
Wants=network-online.target

[Mount]
What={file_system}:/
Where={MOUNTED}
Type=efs
Options=tls,iam,_netdev
TimeoutSec={WITHIN}
"""


def place(this: Host) -> Path:
    """Return the folder on this host."""
    return this.paths.root / this.settings.settings.shared.lstrip("/")


def folders(this: Host) -> List[Path]:
    """Return the engine's folders in it."""
    names = [PurePath(folder).name for folder in layout.folders(this.settings.era, "").values()]
    return [place(this) / name for name in (*names, *this.settings.era.linked)]


def mount(this: Host, patience: float = 0.0) -> None:
    """Let the shared folder be there, within `patience` seconds and the time of one try; raises `Failure`."""
    file_system, folder = this.settings.settings.file_system, place(this)
    if not file_system:
        _look(this, folder)
        return
    if not ismount(folder) and not poll(lambda: _tried(this), within=patience, every=EVERY):
        raise Failure(_sentence(this, file_system))


def _tried(this: Host) -> bool:
    try:
        this.services.start(MOUNT)
    except Failure as fault:
        log.warning("%s", fault)
        return False
    return True


def _look(this: Host, folder: Path) -> None:
    if not folder.is_dir():
        raise Failure(
            f"{this.settings.settings.shared} is not there; axonivy.shared names a folder that the image mounts on "
            "each node: look at its /etc/fstab, and at the way to the server"
        )
    if folder.stat().st_dev == this.paths.root.stat().st_dev:
        log.warning("%s lies on this node's own disk; unless other nodes see it, too, they share nothing", folder)


def _sentence(this: Host, file_system: str) -> str:
    return (
        f"{file_system} was not mounted at {MOUNTED} in {WITHIN} s; look at the rule for TCP 2049 of its mount "
        f"target's security group, at the mount target in zone {this.node.zone}, and at the leave of the node's role "
        "for elasticfilesystem:ClientMount, ClientWrite and ClientRootAccess; mount.efs said: "
        f"{this.services.last_words(MOUNT)}"
    )


def check(this: Host) -> None:
    """Let the shared folder be there before the engine starts, which would make its own of it; raises `Failure`."""
    mount(this)
    for folder in folders(this):
        if not folder.is_dir():
            raise Failure(f"{folder} is not there; something else than before is mounted at {place(this)}")


def bring(this: Host, home: Path) -> bool:
    """Make the engine's folders, and links to them in its `home`; return whether a link changed. Raises `Failure`.

    A folder that is not there yet is made of what the archive has of it. One that is there stays as it is.
    """
    with _named(this):
        for folder in folders(this):
            if not folder.is_dir():
                _make(folder, home / folder.name, this.identity.node)
            if folder.stat().st_uid != NUMBER:
                own(folder)
    wanted = Layout(home).links(this.settings.era, str(place(this)))
    changed = [_linked(link, target) for link, target in wanted.items()]
    return any(changed)


def _make(folder: Path, shipped: Path, node: str) -> None:
    """Make `folder` whole or not at all; another node may do so at the same time, of which the first one counts."""
    part = folder.with_name(f".{folder.name}.{node}")
    shutil.rmtree(part, ignore_errors=True)
    if shipped.is_dir() and not shipped.is_symlink():
        shutil.copytree(shipped, part, symlinks=True)
    else:
        part.mkdir()
    part.chmod(0o750)
    for top, below, names in os.walk(part, topdown=False):
        for name in (*below, *names):
            own(Path(top) / name)
    own(part)
    try:
        part.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(part, ignore_errors=True)


def own(path: Path) -> None:
    """Give `path` to the engine's user on all nodes."""
    os.chown(path, NUMBER, NUMBER, follow_symlinks=False)


def _linked(link: Path, target: Path) -> bool:
    if link.is_symlink() and link.readlink() == target:
        return False
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # what it held stands in the shared folder, or another node's does
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return True


@contextlib.contextmanager
def _named(this: Host) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise Failure(
            f"a folder in {this.settings.settings.shared} could not be made or given to {USER}: {fault}; let its "
            f"server make it the number {NUMBER}'s"
        ) from None
