"""A database that knows PostgreSQL's log-in and nothing else, and a client that does no more.

Protocol 3.0 with a password in clear text (PostgreSQL manual, "Message Flow": Start-up). It stands where engines are to
be let in or kept out by their user, and has no tables.
"""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from rehearsal.network.serving import Serving, adopt

PROTOCOL = 3 << 16
CLEAR_TEXT, ADMITTED = 3, 0
REFUSAL = "28P01"
"""invalid_password (PostgreSQL manual, "PostgreSQL Error Codes")."""
PATIENCE = 5.0


class LoginDatabase:
    """Lets `users` (passwords by names) in. `last` is with which name each address was let in last, `refused` whom not.

    All of it may be read and changed at any time.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self.users, self.last = dict(users), dict[str, str]()
        self.refused: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def decide(self, address: str, user: str, password: str) -> bool:
        """Return whether a user is let in who comes from an address."""
        with self._lock:
            known = self.users.get(user) == password
            if known:
                self.last[address] = user
            else:
                self.refused.append((address, user))
            return known


class _Server(socketserver.ThreadingTCPServer):
    """Knows the database."""

    daemon_threads = True
    database: LoginDatabase

    def handle_error(self, request: object, client_address: object) -> None:
        """Mind no client that ends before it has logged in, such as a scan of ports."""


class _Connection(socketserver.StreamRequestHandler):
    timeout = PATIENCE

    def handle(self) -> None:
        """Carry out one log-in."""
        length, protocol = struct.unpack("!ii", self.rfile.read(8))
        if protocol != PROTOCOL:
            return
        told = self.rfile.read(length - 8).decode().split("\0")
        user = told[told.index("user") + 1]
        self.wfile.write(_message(b"R", struct.pack("!i", CLEAR_TEXT)))
        _, size = struct.unpack("!ci", self.rfile.read(5))
        password = self.rfile.read(size - 4).rstrip(b"\0").decode()
        database = cast("_Server", self.server).database
        if database.decide(self.client_address[0], user, password):
            self.wfile.write(_message(b"R", struct.pack("!i", ADMITTED)) + _message(b"Z", b"I"))
        else:
            words = f"SFATAL\0C{REFUSAL}\0Mpassword authentication failed for user {user}\0\0"
            self.wfile.write(_message(b"E", words.encode()))


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", 4 + len(content)) + content


@contextmanager
def serving(listening: socket.socket, database: LoginDatabase) -> Iterator[LoginDatabase]:
    """Let a database answer on a socket that listens already, for the time of the block."""
    server = _Server(("", 0), _Connection, bind_and_activate=False)
    server.database = database
    adopt(server, listening)
    served = Serving(server)
    try:
        yield database
    finally:
        served.close()


def log_in(connection: socket.socket, user: str, password: str) -> bool:
    """Return whether a database lets a user in. Raises `OSError`."""
    wish = f"user\0{user}\0database\0ivy\0\0".encode()
    with connection, connection.makefile("rwb") as stream:
        stream.write(struct.pack("!ii", 8 + len(wish), PROTOCOL) + wish)
        stream.flush()
        assert _asked(stream.read) == CLEAR_TEXT
        stream.write(_message(b"p", f"{password}\0".encode()))
        stream.flush()
        return _asked(stream.read) == ADMITTED


def _asked(read: Callable[[int], bytes]) -> int | None:
    """Return for which proof the database asks, None if it refuses."""
    kind, length = struct.unpack("!ci", read(5))
    content = read(length - 4)
    return int.from_bytes(content[:4]) if kind == b"R" else None
