"""Brings the committing node's revisions into this node's repository, by svnsync, one by one and with their dates."""

import logging

from ..failure import Failure
from . import client, repository, roles, standing, svnsync
from .client import Sight
from .place import Place
from .svnsync import Source
from .words import Role

EVERY = 10.0
"""Seconds between two rounds."""
log = logging.getLogger(__name__)


def bring(place: Place, source: Source) -> Sight:
    """Make this node's repository a mirror of `source` that has all of its revisions; return what was seen there.

    One with another history than the source's is put aside, and the mirror begun anew. To be called by one process at a
    time, and only where this node's standing is that of a mirror. Raises `Failure`.
    """
    if standing.load(place).role is not Role.PASSIVE:
        raise Failure("the repository here takes commits: nothing may be mirrored into it")
    seen = _compared(place, source)
    if not repository.there(place):
        repository.make(place, uuid=seen.uuid)
    roles.enforce(place)
    last = repository.youngest(place.repository, place.owner)
    if last < seen.youngest or "svn:sync-currently-copying" in svnsync.marks(place):
        svnsync.remember(place, source)
        if "svn:sync-from-uuid" not in svnsync.marks(place):
            svnsync.run(place, source, "initialize", "--allow-non-empty")
        svnsync.run(place, source, "synchronize")
        log.info("mirrored %s up to revision %d", source.url, repository.youngest(place.repository, place.owner))
    return seen


def _compared(place: Place, source: Source) -> Sight:
    """Return what is seen of `source`, once there is no repository here whose history is another one."""
    if not repository.there(place):
        return client.look(source.address, source.port, source.user)
    last = repository.youngest(place.repository, place.owner)
    seen = client.look(source.address, source.port, source.user, last)
    same = seen.uuid == repository.uuid(place.repository, place.owner)
    if same and last and "svn:sync-currently-copying" not in svnsync.marks(place):
        same = seen.date == repository.date(place.repository, last, place.owner)
    if not same or last > seen.youngest:
        log.warning("the history here is another one than that of %s: the mirror begins anew", source.url)
        repository.put_aside(place)
    return seen
