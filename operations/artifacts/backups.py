"""`muster artifacts backups`: the nightly dumps of the repository in the stack's bucket."""

from datetime import datetime
from pathlib import Path

from operations import dumps
from operations.artifacts.store import Answer, Store, store_of
from operations.aws import Aws
from operations.dumps import Backup
from operations.errors import Failure
from operations.h2.pair import Connect

SUFFIX = ".svndump.gz"


def backups(file: Path, connect: Connect = Aws) -> int:
    """List the backups of the cluster of `file`, the newest first, and tell of the last order to restore one.

    Return 0, or 1 if there is none. Raises `Failure`.
    """
    store = store_of(file, connect)
    status = dumps.show(listed(store), store.shelf, f"node {store.committer}")
    if answer := store.answer():
        print(described(answer))
    return status


def described(answer: Answer) -> str:
    """Return the line that tells what a node said of an order."""
    return f"{answer.at:%Y-%m-%d %H:%M:%S} UTC  node {answer.node}, order {answer.id}: {answer.state}: {answer.said}"


def listed(store: Store) -> list[Backup]:
    """Return all backups, the newest first. Raises `Failure`."""
    return dumps.listed(store.aws, store.shelf, SUFFIX)


def chosen(store: Store, at: str | None) -> Backup:
    """Return the backup with the key `at`, the newest one that was there at that time, or the newest. Raises `Failure`.

    A backup is there once it was put into the bucket, which is after the moment in its key.
    """
    found, until = listed(store), None if at is None else dumps.moment(at)
    if until is None:
        return dumps.chosen(found, store.shelf, at, f"./muster artifacts backups {store.typed}")
    return _newest(store, found, until)


def _newest(store: Store, found: list[Backup], until: datetime) -> Backup:
    for each in found:
        if each.at <= until:
            return each
    raise Failure(
        f"there is no backup as old as {until:%Y-%m-%d %H:%M:%S %Z}; see ./muster artifacts backups {store.typed}",
        code=2,
    )
