"""One client and its connection to H2: bytes both ways, held where the driver would switch the cluster off."""

import errno
import socket
import struct
from typing import Callable, Optional, Tuple

from .ends import FAULT, GONE, IN, OUT, End, Ends

NEEDLE = struct.pack(">i", 14) + "SET CLUSTER ''".encode("utf-16-be")
"""What the driver sends before a first lone acknowledgement (engine/SessionRemote.java switchOffCluster), as
Transfer.writeString writes it in 1.4.199 and 2.4.240. With its length, so that a longer text is another one."""
CHUNK = 4 * 1024
"""Bytes of one read; a larger buffer costs every small message more than it gains with large ones."""
_TAIL = len(NEEDLE) - 1
_SILENCE = ((socket.TCP_KEEPIDLE, 3), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 4))
"""An idle client whose machine is gone keeps its locks in H2 for 7 s. Not TCP_USER_TIMEOUT: that would also end a
client who is alive and reads slowly (tcp(7), zero window)."""


class Link:
    """Forwards between `client` and, once it is connected, H2. Raises `OSError` when a side is gone.

    A side is read only while the other one takes what was read. The end of one direction is passed on when all before
    it has been. `reached(link)` is called when the needle was found: from then on nothing of the client passes.
    """

    def __init__(self, ends: Ends, client: socket.socket, address: str, reached: "Callable[[Link], None]") -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _SILENCE:
            client.setsockopt(socket.IPPROTO_TCP, option, value)
        self._ends = ends
        self._reached = reached
        self._tail = b""
        self.address = address
        self.client = End(client)
        self.server: Optional[End] = None
        self.connecting = False
        self.hello = b""
        """What came of the handshake, until H2 is connected."""
        self.held: Optional[bytes] = None
        """The bytes that wait for a decision."""
        self.hit = 0
        """The number of the decision; 0 = none."""
        self.dead = False
        ends.want(self.client, IN)

    def attach(self, server: socket.socket) -> End:
        """Take `server`, not connected yet, as the side of H2."""
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = End(server)
        return self.server

    def connect(self, address: Tuple[str, int]) -> None:
        """Connect the side of H2 to `address`, then pass on the handshake; raises `OSError` if it refuses at once."""
        assert self.server is not None
        code = self.server.socket.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, "H2 does not answer")
        self.connecting = True
        first, self.hello = self.hello, b""
        self._scan(first)
        self._settle()

    def read(self, end: End) -> int:
        """Take what `end` has sent and pass it on; return how many bytes. Only for a connected link."""
        data = end.recv(CHUNK)
        if not data:
            self._over(end)
        elif end is self.client:
            self._scan(data)
        else:
            self._push(self.client, data)
        return len(data)

    def write(self, end: End) -> None:
        """Send `end` what waits for it."""
        if self.connecting and end is self.server:
            code = end.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, "H2 does not answer")
            self.connecting = False
        if end.out:
            end.out = end.out[end.send(end.out) :]
        self._pass_end_to(end)
        self._settle()

    def complain(self, end: End, events: int) -> None:
        """Take an error or a hang-up of `end`; raises `OSError` if the link is over by it."""
        if events & FAULT or self.held is not None:
            raise ConnectionResetError
        if events & GONE:
            self._ends.mute(end)

    def release(self) -> None:
        """Pass on what is held."""
        data, self.held, self.hit = self.held or b"", None, 0
        if self.server is not None:
            self._push(self.server, data)
        self._settle()

    def end(self, *, reset: bool = True) -> None:
        """End both sides."""
        if self.dead:
            return
        self.dead, self.held = True, None
        self._ends.end(self.client, reset=reset)
        if self.server is not None:
            self._ends.end(self.server, reset=reset)

    def _scan(self, data: bytes) -> None:
        window = self._tail + data
        self._tail = window[-_TAIL:]  # the needle cannot overlap itself, so what was found is never found again
        if NEEDLE in window:
            self.held = data  # earlier bytes of it may be with H2, which acts on a whole statement only
            self._settle()
            self._reached(self)
        elif self.server is not None:
            self._push(self.server, data)

    def _push(self, to: End, data: bytes) -> None:
        try:
            sent = 0 if to.out or self.connecting else to.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            to.out += data[sent:]
            self._settle()

    def _over(self, end: End) -> None:
        """Take the end of what `end` sends."""
        end.eof = True
        self._pass_end_to(self.other(end))
        self._settle()

    def _pass_end_to(self, end: End) -> None:
        """Tell `end` that nothing more comes, if all that came before has been sent."""
        if self.other(end).eof and not end.out and not end.shut and not self.connecting:
            end.shut = True
            end.socket.shutdown(socket.SHUT_WR)

    def finished(self) -> bool:
        """Return whether both directions have ended in order."""
        return self.server is not None and self.client.shut and self.server.shut

    def other(self, end: End) -> End:
        """Return the other side of a connected link."""
        assert self.server is not None
        return self.server if end is self.client else self.client

    def _settle(self) -> None:
        """Wait for what can be done now on both sides."""
        if self.server is None or self.dead:
            return
        for end, other in ((self.client, self.server), (self.server, self.client)):
            stopped = end.eof or other.out or self.connecting or (end is self.client and self.held is not None)
            waits = end.out or (self.connecting and end is self.server)
            self._ends.want(end, (0 if stopped else IN) | (OUT if waits else 0))
