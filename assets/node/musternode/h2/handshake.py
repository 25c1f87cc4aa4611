"""The first message of an H2 client and who is let in by it.

Both servers read it alike (server/TcpServerThread.java, tags version-1.4.199 and version-2.4.240): two version
numbers, database, URL, user, two password hashes, settings. Nothing after it is ever parsed: later messages have no
outer length, and their values differ by version (value/Transfer.java).
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Mapping, Optional

LONGEST = 16 * 1024
"""Bytes of a handshake; the driver's has some hundred."""
_TEXT = 4096
_SETTINGS = 100
_CANCEL = 13
"""SESSION_CANCEL_STATEMENT (engine/SessionRemote.java)."""
_VERSIONS = range(6, 256)
_KEY = re.compile(r"[A-Z][A-Z0-9_ ]{0,63}")
_USER = re.compile(r"[ -~]{1,128}")
BEFORE_LOGIN = frozenset(
    (
        *("ACCESS_MODE_DATA", "AUTHREALM", "AUTO_SERVER", "AUTO_SERVER_PORT", "CIPHER", "DATABASE_EVENT_LISTENER"),
        *("FILE_LOCK", "JAVA_OBJECT_SERIALIZER", "JMX", "MV_STORE", "OPEN_NEW", "PAGE_SIZE", "RECOVER"),
    )
)
"""Settings that act before the password is asked for: they load classes or open the file a second time
(engine/Engine.java openSession, engine/Database.java constructor)."""


class Refused(Exception):  # noqa: N818 - a verdict
    """The bytes are no handshake of an H2 client; the text says what is wrong with them and quotes nothing of them."""


class _Incomplete(Exception):  # noqa: N818 - an answer
    """More bytes are needed."""


@dataclass(frozen=True)
class Hello:
    """What a client says first. A connection that only cancels a statement says nothing but `cancel`."""

    database: str = ""
    url: str = ""
    user: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    cancel: bool = False


@dataclass(frozen=True)
class Policy:
    """Who may speak to the database: the one named `database`, by a URL with the whole list `servers`, not `admin`."""

    database: str
    servers: str
    admin: str

    def refusal(self, hello: Hello) -> Optional[str]:
        """Return why `hello` is refused, in one clause without a secret, or None if it is let in."""
        if hello.cancel:
            return None
        if not _USER.fullmatch(hello.user):
            return f"the user name {shown(hello.user)} is not plain text"
        if hello.user.upper() == self.admin.upper():
            return "the administrator may log in on the node itself only"
        if hello.database != f"./{self.database}":
            return f"the database {shown(hello.database)} is not ./{self.database}"
        if not hello.url.startswith(f"jdbc:h2:tcp://{self.servers}/"):
            return f"the URL {shown(hello.url.partition(';')[0])} does not name the servers {self.servers}"
        return self._setting(hello.settings)

    def _setting(self, settings: Mapping[str, str]) -> Optional[str]:
        if settings.get("CLUSTER") != "TRUE":
            return "the setting CLUSTER is not the driver's"
        early = sorted(BEFORE_LOGIN.intersection(settings))
        return f"the setting {early[0]} acts before the login" if early else None


def shown(value: str) -> str:
    """Return `value` for a log: quoted, in ASCII on one line, its control characters escaped, 80 characters of it."""
    return ascii(value if len(value) <= 80 else value[:80] + "...")


def parse(data: bytes) -> Optional[Hello]:
    """Return the handshake at the beginning of `data`, or None while it is incomplete; raises `Refused`."""
    try:
        return _hello(_Cursor(data))
    except _Incomplete:
        if len(data) >= LONGEST:
            raise Refused("the handshake does not end") from None
        return None


def _hello(cursor: "_Cursor") -> Hello:
    lowest, highest = cursor.number(), cursor.number()
    if lowest not in _VERSIONS or highest not in _VERSIONS:
        raise Refused("it does not begin with versions of H2's protocol")
    database, url = cursor.text(), cursor.text()
    if database is None and url is None:
        return _cancel(cursor)
    user = cursor.text()
    cursor.blob()
    cursor.blob()
    if database is None or url is None or user is None:
        raise Refused("the handshake lacks the database, the URL or the user")
    return Hello(database, url, user, _settings(cursor))


def _cancel(cursor: "_Cursor") -> Hello:
    cursor.text()
    if cursor.number() != _CANCEL:
        raise Refused("a connection without a database may cancel a statement and do nothing else")
    cursor.number()
    return Hello(cancel=True)


def _settings(cursor: "_Cursor") -> Mapping[str, str]:
    count = cursor.number()
    if not 0 <= count <= _SETTINGS:
        raise Refused("the handshake has too many settings")
    settings = {}
    for _ in range(count):
        key, value = cursor.text(), cursor.text()
        if key is None or value is None or not _KEY.fullmatch(key) or key in settings:
            raise Refused("a setting is given twice or not in the driver's way")  # H2 would take `cluster` as SQL
        settings[key] = value
    return settings


class _Cursor:
    """Reads H2's fields from the beginning of `data` (value/Transfer.java); raises `_Incomplete` or `Refused`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def number(self) -> int:
        """Read an int."""
        (value,) = struct.unpack(">i", self._take(4))
        return int(value)

    def text(self) -> Optional[str]:
        """Read a string, None for null."""
        length = self.number()
        if length == -1:
            return None
        try:
            return self._take(2 * length).decode("utf-16-be")
        except UnicodeDecodeError:
            raise Refused("a text of the handshake is not UTF-16") from None

    def blob(self) -> None:
        """Skip bytes, which may be null."""
        length = self.number()
        if length != -1:
            self._take(length)

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= 2 * _TEXT:
            raise Refused("a field of the handshake has an impossible length")
        begin, self._place = self._place, self._place + count
        if self._place > len(self._data):
            raise _Incomplete
        return bytes(self._data[begin : self._place])
