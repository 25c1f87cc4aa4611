"""The way back from a backup."""

import logging
import shutil
from pathlib import Path
from typing import Callable

from ..aws import sha256_of
from ..failure import Failure
from . import UNIT, repository, roles, standing
from .keeping import Services
from .place import Place, own
from .standing import Standing
from .tools import WHOLE, out_of, run
from .words import Role

SUFFIX = ".svndump.gz"
log = logging.getLogger(__name__)


def load(place: Place, dump: Path) -> Path:
    """Return a repository made of `dump`, beside it, with an identity of its own; it has been read as a whole.

    Raises `Failure`.
    """
    fresh = work(place) / place.repository.name
    shutil.rmtree(fresh, ignore_errors=True)
    own(fresh.parent, place.owner)
    run(["svnadmin", "create", "--fs-type", "fsfs", str(fresh)], place.owner)
    try:
        out_of(["svnadmin", "load", "--quiet", "--ignore-uuid", str(fresh)], dump, place.owner)
        run(["svnadmin", "verify", "--quiet", str(fresh)], place.owner, within=WHOLE)
    except Failure as fault:
        shutil.rmtree(fresh, ignore_errors=True)
        raise Failure(f"the dump {dump.name} cannot be used: {fault}") from None
    return fresh


def restore(place: Place, services: Services, fetch: Callable[[Path], None], sha256: str) -> None:
    """Make the committing node's repository that of a backup; the one of before is put aside.

    `fetch(file)` brings the dump, whose hash must be `sha256`. Nothing changes before it is loaded. The repository has
    another identity then, and another term: a working copy, or a mirror, of revisions that are no more must not be
    taken for one of this history; both begin anew. Raises `Failure`. May be repeated.
    """
    now = standing.load(place)
    if now.role is not Role.COMMITTING:
        raise Failure("the repository here is a mirror, which follows the other node's: restore it there")
    source = shop(place) / f"restore{SUFFIX}"
    try:
        fetch(source)
        if sha256_of(source) != sha256:
            raise Failure(f"the backup has another hash than {sha256}: nothing was restored")
        fresh = load(place, source)
        services.stop(UNIT)
        try:
            repository.put_aside(place)
            fresh.rename(place.repository)
            roles.take(place, Standing(now.role, now.term + 1))
        finally:
            services.start(UNIT)
    finally:
        shutil.rmtree(work(place), ignore_errors=True)
    log.warning("the repository of artifacts is that of a backup now, with sha256 %s", sha256)


def work(place: Place) -> Path:
    """Return the folder for dumps, on the data volume."""
    return place.data / ".backup"


def shop(place: Place) -> Path:
    """Return the folder in which a dump is worked on, which is empty."""
    folder = work(place)
    shutil.rmtree(folder, ignore_errors=True)
    own(folder, place.owner)
    return folder
