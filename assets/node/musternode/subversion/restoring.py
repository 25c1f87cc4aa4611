"""The way back from a backup: another history is made beside the repository, and takes its place in a step.

Between both stands a mark on the data volume. It is there only once the other history is whole, and until it is in its
place: whatever ends a node meanwhile, its next look goes on, and nothing else becomes of the repository before that.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from ..aws import sha256_of
from ..failure import Failure
from ..files import sync_folder
from . import UNIT, marks, repository, roles, standing
from .loading import SUFFIX, empty, load
from .marks import Mark
from .place import Place, ready
from .standing import Standing
from .words import Role

if TYPE_CHECKING:
    from .keeping import Services

ROOM = 3
"""A dump is smaller than what is loaded of it: the volume must have so many times its size free."""
log = logging.getLogger(__name__)


def prepare(place: Place, fetch: Callable[[Path], object], sha256: str, id_: str) -> None:
    """Make the repository of a backup beside the one in use, and leave the mark by which `finish` puts it there.

    `fetch(file)` brings the dump, whose hash must be `sha256`. The repository in use goes on, and stays as it is if
    this fails. To be called by one thread at a time. Raises `Failure`. May be repeated.
    """
    now = _committing(place)
    if marks.marked(place) is not None:
        raise Failure("another restore is about to end here: order this one again after it")
    source = empty(beside(place), place.owner) / f"dump{SUFFIX}"
    try:
        fetch(source)
        _usable(place, source, sha256)
        load(place, source)
        source.unlink()
        os.sync()  # the mark must not outlive what it speaks of
    except BaseException:
        shutil.rmtree(beside(place), ignore_errors=True)
        raise
    marks.put(place, Mark(id_, now.term + 1))


def finish(place: Place, services: "Services") -> bool:
    """Put the repository that was prepared, if one was, in the place of the one in use; return whether that was done.

    The one of before is put aside. The other one has another identity, and another term: a working copy, or a mirror,
    of revisions that are no more must not be taken for one of this history; both begin anew. To be called where nothing
    else changes the repository. Raises `Failure`. May be repeated, and goes on where it was ended.
    """
    mark = marks.marked(place)
    if mark is None:
        return False
    now, fresh = standing.load(place), beside(place) / place.repository.name
    moved = not (fresh / "db/current").is_file()
    if not moved and repository.there(place) and (now.role is not Role.COMMITTING or now.term >= mark.term):
        _ended(place, mark.id, "this node has given way meanwhile: restore on the one that commits")
        return False
    if moved and not repository.there(place):
        raise _lost(place)
    services.stop(UNIT)
    if not moved:
        repository.put_aside(place)
        fresh.rename(place.repository)
        sync_folder(place.data)
    ready(place)
    roles.take(place, Standing(Role.COMMITTING, mark.term))
    _ended(place, mark.id, "")
    log.warning("the repository of artifacts is that of a backup now, by the order %s", mark.id)
    return True


def clear(place: Place) -> None:
    """Drop what a restore left that was broken off before its mark; to be called while none is prepared."""
    if marks.marked(place) is None:
        shutil.rmtree(beside(place), ignore_errors=True)


def beside(place: Place) -> Path:
    """Return the folder of the repository that is to take the place of the one in use; a rename stays on the volume."""
    return place.data / ".restore"


def _committing(place: Place) -> Standing:
    now = standing.load(place)
    if now.role is not Role.COMMITTING:
        raise Failure("the repository here is a mirror, which follows the other node's: restore it there")
    return now


def _usable(place: Place, source: Path, sha256: str) -> None:
    if sha256_of(source) != sha256:
        raise Failure(f"the backup has another hash than {sha256}: nothing was restored")
    wanted = ROOM * source.stat().st_size
    if shutil.disk_usage(place.data).free < wanted:
        raise Failure(f"the data volume has not {wanted >> 20} MiB free, which a restore needs: nothing was restored")


def _lost(place: Place) -> Failure:
    name = place.repository.name
    return Failure(
        f"the repository of artifacts was to be that of a backup, which is gone from {beside(place)}: move one to "
        f"{place.repository}, such as the newest {name}.aside-* beside it, and remove {marks.mark(place)}"
    )


def _ended(place: Place, id_: str, fault: str) -> None:
    """End the order: its mark goes before the folder that it speaks of."""
    marks.end(place, id_, fault)
    shutil.rmtree(beside(place), ignore_errors=True)
