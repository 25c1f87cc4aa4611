"""The elements of H2's TCP protocol on a socket: big-endian numbers, UTF-16 text, tagged values.

Source: h2database 1.4.199 and 2.4.240, value/Transfer.java. All lengths are bounded, and what does not fit ends the
connection: after one wrong length nothing that follows can be trusted.
"""

import contextlib
import socket
import struct
import time
from typing import Callable, Dict, Iterator, Optional, Tuple

from .faults import H2Error, Hung

LONGEST = 1 << 26
"""Bytes of one text: more than any answer that is asked for here, less than harms this process."""
_CHUNK = 1 << 16
_TEXT = 2
"""Bytes of one UTF-16 unit."""


class Transfer:
    """A connection whose every exchange ends within a time; raises `Hung` after that and `H2Error` if it is gone."""

    def __init__(self, server: Tuple[str, int], timeout: float) -> None:
        self._server = f"{server[0]}:{server[1]}"
        self._timeout = timeout
        self._until = time.monotonic() + timeout
        self._out = bytearray()
        self._in = bytearray()
        self._socket: Optional[socket.socket] = None
        try:
            self._socket = socket.create_connection(server, timeout=timeout)
        except socket.timeout:
            raise Hung(f"H2 at {self._server} took no connection for {timeout:g} s") from None
        except OSError as fault:
            raise H2Error(f"H2 at {self._server} cannot be reached: {fault.strerror or fault}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def closed(self) -> bool:
        """Whether nothing more can be said."""
        return self._socket is None

    def close(self) -> None:
        """Close the socket; what was written and not sent is dropped."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def garbled(self, what: str) -> H2Error:
        """Close the connection, whose bytes make no sense, and return the error for it."""
        self.close()
        return H2Error(f"H2 at {self._server} answered {what}; the connection is closed")

    def write_int(self, value: int) -> "Transfer":
        """Write a 32-bit number."""
        self._out += struct.pack(">i", value)
        return self

    def write_text(self, value: Optional[str]) -> "Transfer":
        """Write a text or None; its length counts UTF-16 units."""
        if value is None:
            return self.write_int(-1)
        units = value.encode("utf-16-be", "surrogatepass")
        self.write_int(len(units) // _TEXT)
        self._out += units
        return self

    def write_bytes(self, value: Optional[bytes]) -> "Transfer":
        """Write bytes or None."""
        if value is None:
            return self.write_int(-1)
        self.write_int(len(value))
        self._out += value
        return self

    def flush(self) -> None:
        """Send what was written; the time of one exchange begins here."""
        self._until = time.monotonic() + self._timeout
        out, self._out = bytes(self._out), bytearray()
        with self._in_time() as connection:
            connection.sendall(out)

    def read_int(self) -> int:
        """Read a 32-bit number."""
        return int(struct.unpack(">i", self._take(4))[0])

    def read_byte(self) -> int:
        """Read a byte, which is signed as in Java."""
        return int(struct.unpack(">b", self._take(1))[0])

    def read_bool(self) -> bool:
        """Read a boolean."""
        value = self.read_byte()
        if value not in (0, 1):
            raise self.garbled(f"{value} for a boolean")
        return value == 1

    def read_text(self) -> Optional[str]:
        """Read a text or None."""
        length = self.read_int()
        if length == -1:
            return None
        if not 0 <= length <= LONGEST // _TEXT:
            raise self.garbled(f"a text of {length} characters")
        return self._take(length * _TEXT).decode("utf-16-be", "surrogatepass")

    def read_value(self) -> Optional[str]:
        """Read a value as text, as H2's CAST to VARCHAR would give it, or None for NULL."""
        tag = self.read_int()
        if tag not in _VALUES:
            raise self.garbled(f"a value of type {tag}, which is not text: the query must cast it to VARCHAR")
        return _VALUES[tag](self)

    def _take(self, count: int) -> bytes:
        while len(self._in) < count:
            self._receive()
        taken = bytes(self._in[:count])
        del self._in[:count]
        return taken

    def _receive(self) -> None:
        with self._in_time() as connection:
            chunk = connection.recv(_CHUNK)
        if not chunk:
            self.close()
            raise H2Error(f"H2 at {self._server} ended the connection")
        self._in += chunk

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[socket.socket]:
        """Yield the socket, which waits no longer than this exchange may take."""
        if self._socket is None:
            raise H2Error(f"the connection to H2 at {self._server} is closed")
        try:
            self._socket.settimeout(max(self._until - time.monotonic(), 0.001))  # 0 would mean: do not wait at all
            yield self._socket
        except socket.timeout:
            self.close()
            raise Hung(f"H2 at {self._server} gave no answer for {self._timeout:g} s") from None
        except OSError as fault:
            self.close()
            raise H2Error(f"the connection to H2 at {self._server} broke: {fault.strerror or fault}") from None


def _long(transfer: Transfer) -> str:
    high, low = transfer.read_int(), transfer.read_int()
    return str((high << 32) | (low & 0xFFFFFFFF))


_VALUES: Dict[int, Callable[[Transfer], Optional[str]]] = {
    0: lambda _: None,
    1: lambda transfer: "TRUE" if transfer.read_bool() else "FALSE",
    4: lambda transfer: str(transfer.read_int()),
    5: _long,
    6: Transfer.read_text,  # DECIMAL travels as text
    13: Transfer.read_text,
    14: Transfer.read_text,  # VARCHAR_IGNORECASE
    21: Transfer.read_text,  # CHAR
}
"""How each type is read; the numbers are the protocol's own, the same in both versions."""
