"""Where the repository and all that belongs to it lies on a node."""

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..files import sync_folder
from ..paths import Paths
from . import NAME, USER


@dataclass(frozen=True)
class Place:
    """Folders of one node: `data` on the data volume, `etc` and `program` on the root volume.

    `owner` is the user that serves the repository; empty: whoever runs this, as in tests.
    """

    data: Path
    etc: Path
    program: Path
    owner: str = ""

    @property
    def repository(self) -> Path:
        """The repository."""
        return self.data / NAME

    @property
    def standing(self) -> Path:
        """Whether this node commits; on the data volume, so that another instance on it knows."""
        return self.data / "standing.json"

    @property
    def work(self) -> Path:
        """A folder in which something is made that is not whole yet: a rename from it stays on the volume."""
        return self.data / ".work"

    @property
    def conf(self) -> Path:
        """The configuration of svnserve."""
        return self.etc / "svnserve.conf"

    @property
    def cache(self) -> Path:
        """The configuration folder of the clients that run here, with the password for the mirroring."""
        return self.etc / "client"


def of(paths: Paths) -> Place:
    """Return that of a node."""
    return Place(paths.data / "subversion", paths.root / "etc/muster-subversion", paths.opt / "subversion/refuse", USER)


def ready(place: Place) -> None:
    """Make the folders; nobody but the owner gets into those with data, so that modes inside matter to nobody."""
    place.etc.mkdir(parents=True, exist_ok=True)
    place.etc.chmod(0o711)
    for folder in (place.data, place.cache):
        own(folder, place.owner)
    for repository in place.data.glob(f"{NAME}*"):
        give_all(repository, place.owner)


def own(folder: Path, owner: str) -> None:
    """Let there be `folder`, for `owner` alone."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    give(folder, owner)


def give(path: Path, owner: str) -> None:
    """Make `owner`, if there is one, the owner of `path`."""
    if owner:
        shutil.chown(path, owner, owner)


def give_all(folder: Path, owner: str) -> None:
    """Make `owner` that of all in `folder`: another instance may know the user by another number than its volume does.

    The folder itself comes last, so that one that was given by half is known by it.
    """
    if not owner or folder.is_symlink() or folder.stat().st_uid == pwd.getpwnam(owner).pw_uid:
        return
    number = pwd.getpwnam(owner)
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in (*folders, *names):
            os.chown(Path(parent) / name, number.pw_uid, number.pw_gid, follow_symlinks=False)
    os.chown(folder, number.pw_uid, number.pw_gid, follow_symlinks=False)


def write(path: Path, content: str, owner: str) -> bool:
    """Make `path` hold `content` for `owner` alone, whole or not at all; return whether that changed.

    It belongs to `owner` from its first moment: the server reads it anew for each connection.
    """
    if path.is_file() and path.read_text() == content:
        path.chmod(0o600)
        give(path, owner)
        return False
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(content)
            out.flush()
            os.fchmod(out.fileno(), 0o600)
            if owner:
                shutil.chown(out.fileno(), owner, owner)
            os.fsync(out.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(path.parent)
    return True
