"""The nightly dumps that nodes put into the stack's bucket, of a database or of a repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from operations.aws import Aws
from operations.errors import Failure


@dataclass(frozen=True)
class Backup:
    """A dump in the bucket; `size` in bytes."""

    key: str
    at: datetime
    size: int


@dataclass(frozen=True)
class Shelf:
    """Where the dumps lie; `prefix` ends in a slash."""

    bucket: str
    prefix: str


class NoBackups(Failure):
    """The cluster makes none."""


def listed(aws: Aws, shelf: Shelf, suffix: str) -> list[Backup]:
    """Return all backups whose keys end in `suffix`, the newest first. Raises `Failure`."""
    found = aws.pages("s3", "list_objects_v2", "Contents", Bucket=shelf.bucket, Prefix=shelf.prefix)
    dumps = [Backup(each["Key"], each["LastModified"], each["Size"]) for each in found if each["Key"].endswith(suffix)]
    return sorted(dumps, key=lambda each: (each.at, each.key), reverse=True)


def show(found: Sequence[Backup], shelf: Shelf, maker: str) -> int:
    """Print them. Return 0, or 1 if there is none, which `maker` makes each night."""
    for each in found:
        print(f"{each.at:%Y-%m-%d %H:%M:%S} UTC  {each.size:>12} bytes  {each.key}")
    if not found:
        print(f"there is no backup in s3://{shelf.bucket}/{shelf.prefix}; {maker} makes one each night")
    return 0 if found else 1


def chosen(found: Sequence[Backup], shelf: Shelf, wanted: str | None, listing: str) -> Backup:
    """Return the backup `wanted` by its key, with the folder or without, or the newest one. Raises `Failure`.

    `listing` is the command that lists them.
    """
    if not found:
        raise Failure(f"there is no backup in s3://{shelf.bucket}/{shelf.prefix}")
    if wanted is None:
        return found[0]
    for each in found:
        if wanted in (each.key, each.key.removeprefix(shelf.prefix)):
            return each
    raise Failure(f"there is no backup {wanted}; see {listing}", code=2)


def moment(text: str) -> datetime | None:
    """Return the moment that `text` says, in UTC unless it says another zone; None for a text that says none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def sha256(aws: Aws, shelf: Shelf, backup: Backup) -> str:
    """Return the hash that the node noted with the object: it takes nothing else. Raises `Failure`."""
    head = aws.call("s3", "head_object", Bucket=shelf.bucket, Key=backup.key)
    found = str(head.get("Metadata", {}).get("sha256", ""))
    if not found:
        raise Failure(f"s3://{shelf.bucket}/{backup.key} was not put there by a node: it has no sha256 in its metadata")
    return found
