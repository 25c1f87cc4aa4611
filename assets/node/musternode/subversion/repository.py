"""One repository on the disk: made whole or not at all, looked at, put aside."""

import datetime
import logging
import shutil
from pathlib import Path
from typing import Sequence

from .place import Place, own
from .tools import WHOLE, run

ASIDE = 2
"""How many repositories that were put aside are kept."""
log = logging.getLogger(__name__)


def there(place: Place) -> bool:
    """Return whether there is a repository."""
    return (place.repository / "db/current").is_file()


def make(place: Place, *, uuid: str = "", folders: Sequence[str] = ()) -> None:
    """Make a repository without any content but `folders`, with `uuid` or a new one, unless there is one.

    A worker that finds no folder for its tenant tries to make it, which it may not, and does not begin: so they are
    made here (SVNBasedArtifactRepository.checkRemoteDirectory). Raises `Failure`.
    """
    if there(place):
        return
    fresh = blank(place, uuid)
    for name in folders:
        run(["svn", "mkdir", *_local(place), "--message", "Made with the repository", uri(fresh, name)], place.owner)
    fresh.rename(place.repository)
    clear(place)


def blank(place: Place, uuid: str = "") -> Path:
    """Return an empty repository in the work folder; what is left there of before is gone. Raises `Failure`."""
    clear(place)
    own(place.work, place.owner)
    fresh = place.work / place.repository.name
    create(fresh, place.owner)
    if uuid:
        run(["svnadmin", "setuuid", str(fresh), uuid], place.owner)
    return fresh


def create(folder: Path, owner: str) -> None:
    """Make `folder` a repository of `owner`'s without a revision; raises `Failure`."""
    run(["svnadmin", "create", "--fs-type", "fsfs", str(folder)], owner)


def clear(place: Place) -> None:
    """Let the work folder be gone."""
    shutil.rmtree(place.work, ignore_errors=True)


def uuid(folder: Path, owner: str) -> str:
    """Return the identity of the repository in `folder`; raises `Failure`."""
    return run(["svnlook", "uuid", str(folder)], owner).strip()


def youngest(folder: Path, owner: str) -> int:
    """Return the number of its last revision; raises `Failure`."""
    return int(run(["svnlook", "youngest", str(folder)], owner))


def date(folder: Path, revision: int, owner: str) -> str:
    """Return when `revision` was made, to the microsecond, by which two histories are told apart; raises `Failure`."""
    return run(["svnlook", "propget", "--revprop", "--revision", str(revision), str(folder), "svn:date"], owner).strip()


def verify(folder: Path, owner: str) -> None:
    """Read all of the repository in `folder`; raises `Failure` with what is broken."""
    run(["svnadmin", "verify", "--quiet", str(folder)], owner, within=WHOLE)


def sweep(place: Place) -> int:
    """Drop what commits left that were broken off, and return how many; to be called while nobody commits."""
    found = run(["svnadmin", "lstxns", str(place.repository)], place.owner).split()
    if found:
        run(["svnadmin", "rmtxns", "--quiet", str(place.repository), *found], place.owner)
    return len(found)


def put_aside(place: Place) -> None:
    """Let there be no repository: one with revisions is kept beside its place, as are `ASIDE` of them."""
    last = place.repository / "db/current"
    if last.is_file() and last.read_text().split()[0] != "0":
        moment = datetime.datetime.now(datetime.timezone.utc)
        to = place.data / f"{place.repository.name}.aside-{moment:%Y%m%dT%H%M%S.%fZ}"
        place.repository.rename(to)
        log.warning("the repository of artifacts was put aside as %s", to)
    elif place.repository.exists():
        shutil.rmtree(place.repository)
    for old in sorted(place.data.glob(f"{place.repository.name}.aside-*"))[:-ASIDE]:
        shutil.rmtree(old)


def uri(folder: Path, name: str = "") -> str:
    """Return the URL by which programs on this host reach the repository in `folder`, or `name` in it."""
    return folder.resolve().as_uri() + (f"/{name}" if name else "")


def _local(place: Place) -> Sequence[str]:
    return ("--quiet", "--non-interactive", "--no-auth-cache", "--config-dir", str(place.cache))
