"""A WebSocket client (RFC 6455), for one thread at a time: as a user of the cluster.

It shares nothing with what runs on nodes, which it judges.
"""

import base64
import contextlib
import hashlib
import os
import re
import socket
import struct
from types import TracebackType
from typing import NoReturn

from rehearsal.netns import connect_in

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
"""Opcodes (RFC 6455, 5.2)."""
MOST = 1 << 20
"""Bytes that a message may have here, and an answer to the request."""
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):  # noqa: N818 - an answer, no error of this program
    """The request was not answered by an upgrade; `code` is the status, 0 where it was no answer to this request."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Closed(Exception):  # noqa: N818 - the other side may close whenever it likes
    """The other side has ended the WebSocket; `code` is what it said (RFC 6455, 7.4), 1006 if it said nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


def visit(namespace: str, address: tuple[str, int], path: str, *, host: str, timeout: float = 10.0) -> "WebSocket":
    """Return a WebSocket from inside `namespace` to `address` (numeric); each step may take `timeout` seconds.

    Raises as `WebSocket` does, and as a connection does that is refused or not answered.
    """
    return WebSocket(connect_in(namespace, address, timeout), path, host=host)


class WebSocket:
    """A WebSocket to `path` on a connection that was made for it; `host` is the `Host` header.

    Raises `OSError` (`TimeoutError` on silence), `Refused`, or `Closed` if there is no answer.
    """

    def __init__(self, connection: socket.socket, path: str, *, host: str) -> None:
        self._socket, self._rest, self._closing = connection, b"", False
        try:
            self._upgrade(path, host)
        except BaseException:
            self._socket.close()
            raise

    def send(self, message: bytes, opcode: int = TEXT) -> None:
        """Send `message` as one frame."""
        self._socket.sendall(frame(opcode, message, os.urandom(4)))

    def receive(self) -> bytes:
        """Return the next message, from however many frames; pings before it are answered. Raises `Closed`."""
        message = b""
        while True:
            final, opcode, payload = self._frame()
            if opcode == CLOSE:
                self._end(payload)
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode != PONG:
                message += payload
                if final:
                    return message

    def close(self) -> None:
        """End it as the RFC wants: say so, and wait until the other side has said so and closed."""
        self._closing = True
        try:
            self.send(struct.pack(">H", 1000), CLOSE)
            while True:
                self.receive()
        except (Closed, OSError):
            self._socket.close()

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _end(self, payload: bytes) -> NoReturn:
        """Answer the other side's close, unless it is an answer itself, and raise `Closed`."""
        if not self._closing:
            with contextlib.suppress(OSError):
                self.send(payload[:2], CLOSE)
        self._socket.close()
        raise Closed(int.from_bytes(payload[:2], "big") if len(payload) > 1 else 1005)

    def _upgrade(self, path: str, host: str) -> None:
        key = base64.b64encode(os.urandom(16))
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._socket.sendall(head.encode() + b"Sec-WebSocket-Key: " + key + b"\r\nSec-WebSocket-Version: 13\r\n\r\n")
        status, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        code = re.fullmatch(r"HTTP/1\.1 (\d{3})( .*)?", status)
        if code is None or code.group(1) != "101":
            raise Refused(int(code.group(1)) if code else 0, status)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("sec-websocket-accept") != accept(key):
            raise Refused(0, "Sec-WebSocket-Accept is no answer to the key")

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._take(2)
        size = second & 0x7F
        if size > 125:
            wide = 2 if size == 126 else 8
            size = int.from_bytes(self._take(wide), "big")
        if size > MOST:
            raise Closed(1009)
        return bool(first & 0x80), first & 0x0F, self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._read()
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest and len(self._rest) < MOST:
            self._read()
        taken, _, self._rest = self._rest.partition(end)
        return taken

    def _read(self) -> None:
        more = self._socket.recv(65536)
        if not more:
            raise Closed(1006)
        self._rest += more


def accept(key: bytes) -> str:
    """Return what a server says to a client's key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()


def frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """Return a whole message as one frame of a client, under the four bytes `mask`."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, size)
    covered = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + covered
