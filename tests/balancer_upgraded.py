"""A client's connection that is upgraded from HTTP to another protocol: an echo's."""

import socket

KEY = "bXVzdGVyIG11c3RlciBtdQ=="
PATIENCE = 5.0
"""Seconds for what is sent to come back."""


class Upgraded:
    """A connection on which what is sent comes back; it is closed with its block."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        lines = (
            "GET /echo HTTP/1.1",
            "Host: gw",
            "Connection: Upgrade",
            "Upgrade: websocket",
            f"Sec-WebSocket-Key: {KEY}",
        )
        connection.sendall("\r\n".join([*lines, "Sec-WebSocket-Version: 13", "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head and (part := connection.recv(1024)):
            head += part
        self.head = head.decode()

    def echoes(self, text: bytes = b"\x81\x00ping") -> bool:
        """Return whether what is sent comes back: not on a connection that has ended."""
        self._connection.settimeout(PATIENCE)
        try:
            self._connection.sendall(text)
            return self._connection.recv(1024) == text
        except OSError:
            return False

    def ended(self, within: float) -> bool:
        """Return whether the connection ends by itself in so many seconds."""
        self._connection.settimeout(within)
        try:
            return not self._connection.recv(1)
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def __enter__(self) -> "Upgraded":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
