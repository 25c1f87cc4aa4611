"""Asks a repository over the network, without any program and without a password in any argument."""

from dataclasses import dataclass
from typing import Optional

from ..aws import Credentials
from ..failure import Failure
from .connection import Connection, text

WITHIN = 3.0
"""Seconds for all of it."""


@dataclass(frozen=True)
class Sight:
    """A repository: its identity, its last revision, and when the one that was asked about was made."""

    uuid: str
    youngest: int
    date: str


def look(address: str, port: int, user: Credentials, revision: Optional[int] = None, within: float = WITHIN) -> Sight:
    """Return the repository at `address`, with the date of `revision` (or of its last); raises `Failure`.

    A revision that it does not have has no date.
    """
    connection = Connection(address, port, within)
    try:
        uuid = connection.enter(user)
        (youngest,) = connection.asked("get-latest-rev")
        last = youngest if isinstance(youngest, int) else 0
        about = last if revision is None else revision
        found = connection.asked("rev-prop", about, b"svn:date") if about <= last else []
        date = found[0] if found and isinstance(found[0], list) else []
        return Sight(uuid, last, text(date[0]) if date else "")
    finally:
        connection.close()


def fault(address: str, port: int, within: float = WITHIN) -> str:
    """Return why the repository at `address` serves nobody, empty if it does; nobody's password is needed for it."""
    try:
        connection = Connection(address, port, within)
    except Failure as cause:
        return str(cause)
    try:
        connection.greet()
    except Failure as cause:
        return str(cause)
    finally:
        connection.close()
    return ""
