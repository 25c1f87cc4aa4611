"""The nightly backup of the pair, by the leader, and the way back.

`BACKUP TO` copies the open file as of one moment and makes no writer wait; `SCRIPT` on the living database reads table
after table while they change, so that a dump of it is of no moment at all (command/dml/ScriptCommand.java). So the
file is copied first, and the copy is then dumped outside the server into statements that any version of H2 reads: a
backup that exists has been opened once.
"""

import base64
import contextlib
import datetime
import logging
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

from ..aws import Credentials, sha256_of
from ..failure import Failure
from ..settings import SCRIPT, Backup
from . import seeding, text
from .database import Database
from .faults import H2Error
from .mend import mend
from .offline import Offline
from .opening import version_of
from .order import Order
from .seeding import Workshop
from .wire import Wire

COPYING = 600.0
"""Seconds that copying the open file may take."""
ROOM = 3
"""The work needs so many times the database's size: copied as a zip, unpacked, dumped."""
SUFFIX = ".sql.gz"
log = logging.getLogger(__name__)


def due(now: float, last: float, hour: int) -> bool:
    """Return whether a backup is due at `now`: none was made since it was last `hour` o'clock (UTC).

    `now` and `last` (0 = never) are seconds since 1970. A night that was missed is made up as soon as this is asked.
    """
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    latest = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
    if latest > moment:
        latest -= datetime.timedelta(days=1)
    return last < latest.timestamp()


@dataclass(frozen=True)
class Taken:
    """When a backup was made, by which epoch, of which cluster."""

    at: float
    epoch: int
    cluster: str


def key_of(prefix: str, taken: Taken) -> str:
    """Return the object's key, below the folder `prefix`; keys sort by time."""
    moment = datetime.datetime.fromtimestamp(taken.at, datetime.timezone.utc)
    return f"{prefix}/{moment:%Y-%m-%dT%H%M%SZ}-epoch{taken.epoch}{SUFFIX}"


class Last:
    """When this node made its last backup, kept in `file` on the data volume."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def at(self) -> float:
        """Return seconds since 1970, 0.0 for never."""
        try:
            return self._file.stat().st_mtime
        except OSError:
            return 0.0

    def note(self) -> None:
        """Say that one has been made now; nobody else reads it."""
        self._file.touch(mode=0o600)
        self._file.chmod(0o600)  # also one that was there


def snapshot(database: Database, shop: Workshop) -> Offline:
    """Return a copy of the open database as of one moment, outside the server; raises `H2Error`, `Failure`.

    The only part of a backup that uses the server: none must run while the file is lent (`Database.release`).
    """
    shop.clear()
    size = database.file.stat().st_size
    if shutil.disk_usage(shop.folder).free < ROOM * size:
        raise Failure(f"the data volume has not {ROOM * size >> 20} MiB free, which a backup needs for a while")
    archive = shop.folder / "made" / "copy.zip"
    if shop.owner:
        for folder in (shop.folder, archive.parent):
            shutil.chown(folder, shop.owner, shop.owner)
    with Wire(database.pair.local, database.pair.name, shop.admin, timeout=COPYING) as session:
        session.execute("CHECKPOINT SYNC", f"BACKUP TO {text.literal(str(archive))}")
    _unpack(archive, shop)
    return shop.offline


def _unpack(archive: Path, shop: Workshop) -> None:
    target = shop.offline.file
    with zipfile.ZipFile(archive) as content, content.open(target.name) as member, target.open("wb") as out:
        shutil.copyfileobj(member, out, 1 << 20)
    archive.unlink()
    mend(target)  # the copy is like a file after a crash


def dump(copy: Offline, shop: Workshop) -> Path:
    """Return a dump of `copy`, compressed, in the folder of `shop`; the copy is gone then. Raises `H2Error`."""
    to = shop.folder / f"dump{SUFFIX}"
    copy.dump(to, shop.admin)
    to.chmod(0o600)
    shutil.rmtree(copy.folder)
    return to


def send(copy: Offline, shop: Workshop, client: Any, place: Backup, taken: Taken) -> str:
    """Dump `copy`, put it into the bucket of `place` and return its key; nothing of it stays here.

    Nothing of the living database is used. `client` is boto3's of S3. Raises `H2Error`, `Failure`.
    """
    try:
        file, key = dump(copy, shop), key_of(place.prefix, taken)
        facts = {"h2": version_of(shop.tools.jar), "cluster": taken.cluster, "epoch": str(taken.epoch)}
        digest = upload(client, place.bucket, key, file, facts)
        log.info("backup %s: %d bytes, sha256 %s", key, file.stat().st_size, digest)
        return key
    finally:
        shutil.rmtree(shop.folder, ignore_errors=True)


def upload(client: Any, bucket: str, key: str, file: Path, facts: Mapping[str, str]) -> str:
    """Put `file` at `key` by boto3's `client` of S3, which checks what arrives; return its sha256. Raises `Failure`."""
    from botocore.exceptions import BotoCoreError, ClientError

    digest = sha256_of(file)
    try:
        with file.open("rb") as body:
            client.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(digest)).decode("ascii"),
                ContentType="application/gzip",
                Metadata={"sha256": digest, **facts},
            )
    except (ClientError, BotoCoreError) as fault:
        raise Failure(f"s3:PutObject on arn:aws:s3:::{bucket}/{key} failed: {fault}") from None
    return digest


def restore(database: Database, shop: Workshop, fetch: Callable[[Order, Path], None], order: Order) -> None:
    """Put this node's files aside and make the database from the backup of `order`; the server runs on it then.

    `fetch(order, file)` brings the dump, or raises `Failure` if its hash is another. All of the old data stays where it
    is until the new database is whole: an order that cannot be carried out changes nothing. The mark with the order's
    epoch comes last, and ends the order. Raises `Failure`, `H2Error`. May be repeated.
    """
    source = shop.folder.with_name(f"{shop.folder.name}-restore{SUFFIX}")
    try:
        fetch(order, source)
        seeding.build(source, SCRIPT, shop)
        database.set_aside(max(database.disk().epoch, 0))
        shop.deliver(database.file)
        database.start()
        _look(database, shop.admin)
        database.mark(order.epoch)
    finally:
        with contextlib.suppress(FileNotFoundError):
            source.unlink()
    log.warning("the database is that of backup %s now, by the order of epoch %d", order.key, order.epoch)


def _look(database: Database, admin: Credentials) -> None:
    """Open the database in the server, which must find it whole."""
    with Wire(database.pair.local, database.pair.name, admin) as session:
        if session.query("SELECT CAST(COUNT(*) AS VARCHAR) FROM MUSTER.FORMATION") != [("0",)]:
            raise H2Error("the restored database is not as it was made")
        session.execute("CHECKPOINT SYNC")
