"""The nightly backup of the repository, by the committing node.

It is a dump, which any version of Subversion reads, of all revisions up to the last one as it begins: commits go on. It
is loaded once before it is sent, which checks the hash of each file in it: a backup that exists has been read.
"""

import contextlib
import datetime
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..failure import Failure
from ..h2.backup import upload
from . import loading, repository
from .loading import SUFFIX
from .place import Place
from .tools import into

ROOM = 3
"""The work needs so many times the repository's size: its dump, and the repository that is loaded from it."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dump:
    """A dump: its file, the last revision in it, and the identity of the repository."""

    file: Path
    revision: int
    uuid: str


def key_of(prefix: str, at: float, revision: int) -> str:
    """Return the object's key, below the folder `prefix`; keys sort by time (`at`, seconds since 1970)."""
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    return f"{prefix}/{moment:%Y-%m-%dT%H%M%SZ}-r{revision}{SUFFIX}"


def take(place: Place) -> Dump:
    """Return a dump that has been loaded once, in the work folder. Raises `Failure`."""
    _room(place)
    folder, owner = place.repository, place.owner
    made = Dump(
        loading.empty(loading.work(place), owner) / f"dump{SUFFIX}",
        repository.youngest(folder, owner),
        repository.uuid(folder, owner),
    )
    span = f"0:{made.revision}"
    into(["svnadmin", "dump", "--quiet", "--deltas", "--revision", span, str(folder)], made.file, owner)
    made.file.chmod(0o600)
    loaded = loading.load(place, made.file)
    found = repository.youngest(loaded, owner)
    if found != made.revision:
        raise Failure(f"the dump of the repository of artifacts ends at revision {found}, not at {made.revision}")
    shutil.rmtree(loaded)
    return made


def send(place: Place, client: Any, bucket: str, prefix: str, at: float, cluster: str) -> str:
    """Back the repository up into `bucket` and return the key; nothing of it stays here.

    `client` is boto3's of S3. Raises `Failure`.
    """
    try:
        made = take(place)
        key = key_of(prefix, at, made.revision)
        digest = upload(
            client, bucket, key, made.file, {"cluster": cluster, "revision": str(made.revision), "uuid": made.uuid}
        )
        log.info("backup %s: %d bytes, sha256 %s", key, made.file.stat().st_size, digest)
        return key
    finally:
        shutil.rmtree(loading.work(place), ignore_errors=True)


def _room(place: Place) -> None:
    size = 0
    for each in place.repository.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a commit that ends meanwhile
            size += each.lstat().st_size
    if shutil.disk_usage(place.data).free < ROOM * size:
        raise Failure(f"the data volume has not {ROOM * size >> 20} MiB free, which a backup needs for a while")
