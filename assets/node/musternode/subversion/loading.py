"""Makes a repository of a dump, beside the one in use."""

import shutil
from pathlib import Path

from ..failure import Failure
from . import repository
from .place import Place, own
from .tools import WHOLE, out_of, run

SUFFIX = ".svndump.gz"


def load(place: Place, dump: Path) -> Path:
    """Return a repository made of `dump`, beside it, with an identity of its own; it has been read as a whole.

    Raises `Failure`.
    """
    fresh = dump.parent / place.repository.name
    shutil.rmtree(fresh, ignore_errors=True)
    own(fresh.parent, place.owner)
    repository.create(fresh, place.owner)
    try:
        out_of(["svnadmin", "load", "--quiet", "--ignore-uuid", str(fresh)], dump, place.owner)
        run(["svnadmin", "verify", "--quiet", str(fresh)], place.owner, within=WHOLE)
    except Failure as fault:
        shutil.rmtree(fresh, ignore_errors=True)
        raise Failure(f"the dump {dump.name} cannot be used: {fault}") from None
    return fresh


def work(place: Place) -> Path:
    """Return the folder for dumps, on the data volume."""
    return place.data / ".backup"


def empty(folder: Path, owner: str) -> Path:
    """Return `folder`, which is empty, and `owner`'s alone."""
    shutil.rmtree(folder, ignore_errors=True)
    own(folder, owner)
    return folder
