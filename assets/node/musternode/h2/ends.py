"""Sockets under epoll: which events each waits for, and their end."""

import contextlib
import select
import socket
import struct
from typing import List

IN, OUT, FAULT, GONE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLERR, select.EPOLLHUP
MUTE = -1
"""Not registered: the kernel tells that both ways are shut even to one who waits for nothing, again and again."""
_AT_ONCE = struct.pack("ii", 1, 0)


class End:
    """One socket of a connection: what is still to be sent to it, and how much of it is over."""

    __slots__ = ("descriptor", "eof", "mask", "out", "recv", "send", "shut", "socket")

    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self.recv, self.send = made.recv, made.send  # looked up once: they are called for every message
        self.descriptor = made.fileno()
        self.mask = MUTE
        self.out = b""
        """Bytes taken from the other side that the kernel did not take yet."""
        self.eof = False
        """It sends no more."""
        self.shut = False
        """It was told that nothing more comes."""


class Ends:
    """The sockets that one epoll watches."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.graves: List[socket.socket] = []
        """What `bury` will close."""

    def want(self, end: End, mask: int) -> None:
        """Wait for the events in `mask` from now on."""
        if mask == end.mask or (mask == 0 and end.mask == MUTE):
            return
        if end.mask == MUTE:
            self.epoll.register(end.descriptor, mask)
        else:
            self.epoll.modify(end.descriptor, mask)
        end.mask = mask

    def mute(self, end: End) -> None:
        """Hear nothing of `end` until something is wanted of it."""
        if end.mask != MUTE:
            self.epoll.unregister(end.descriptor)
            end.mask = MUTE

    def end(self, end: End, *, reset: bool) -> None:
        """Take `end` out; it is closed at the next `bury`, by a reset if `reset` says so."""
        self.mute(end)
        end.out = b""
        if reset:
            linger_none(end.socket)
        self.graves.append(end.socket)

    def bury(self) -> None:
        """Close what was ended: not before a batch of events is done, so that no descriptor means two sockets in it."""
        while self.graves:
            self.graves.pop().close()


def linger_none(made: socket.socket) -> None:
    """Let `made` be closed by a reset (socket(7), SO_LINGER of zero)."""
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)


def family(host: str) -> socket.AddressFamily:
    """Return the family of a numeric address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
