"""Reading and writing on a socket within time limits, and what a peer's failure is called."""

import select
import socket
from functools import partial
from typing import Callable, Optional, TypeVar

from .clock import now

SLICE = 0.25
"""Seconds of silence after which whoever waits is asked whether he still wants to."""
T = TypeVar("T")
Waiting = Optional[Callable[[], None]]


class Refused(Exception):  # noqa: N818 - a state of the peer, no error of this program
    """The peer's host answers, but nobody listens on the port: its gate process is not alive."""


class Silent(Exception):  # noqa: N818 - a state of the peer, no error of this program
    """No (whole, genuine) answer came in time."""


class Broken(Silent):
    """The connection ended, or what came over it is not genuine."""


class Ended(Broken):
    """The other end closed the connection between two frames."""


def prepare(connection: socket.socket) -> None:
    """Make the waits below the only ones, send small frames at once, and find a silent peer that lost its power."""
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 5), (socket.TCP_KEEPINTVL, 2), (socket.TCP_KEEPCNT, 3)):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def read(connection: socket.socket, count: int, until: Optional[float], waiting: Waiting = None) -> bytes:
    """Return the next `count` bytes of a non-blocking socket; raises `Silent`, or `Broken` when they cannot come."""
    content = bytearray(count)
    rest = memoryview(content)
    while rest:
        size = _ready(partial(connection.recv_into, rest), connection, select.POLLIN, until, waiting)
        if not size:
            raise Broken("the connection ended")
        rest = rest[size:]
    return bytes(content)


def read_some(connection: socket.socket, most: int, waiting: Waiting = None) -> bytes:
    """Return up to `most` bytes, none at the stream's end; waits as long as `waiting` lets it. Raises `Broken`."""
    return _ready(partial(connection.recv, most), connection, select.POLLIN, None, waiting)


def write(connection: socket.socket, content: bytes, until: Optional[float], waiting: Waiting = None) -> None:
    """Send all of `content` on a non-blocking socket; raises `Silent`, or `Broken` when the other end is gone."""
    rest = memoryview(content)
    while rest:
        rest = rest[_ready(partial(connection.send, rest), connection, select.POLLOUT, until, waiting) :]


def _ready(
    operation: Callable[[], T], connection: socket.socket, event: int, until: Optional[float], waiting: Waiting
) -> T:
    """Return the result of `operation` as soon as `connection` is ready for it."""
    while True:
        try:
            return operation()
        except BlockingIOError:
            pass
        except OSError as fault:
            raise Broken(f"the connection broke: {fault.strerror or fault}") from None
        _wait(connection, event, until, waiting)


def _wait(connection: socket.socket, event: int, until: Optional[float], waiting: Waiting) -> None:
    """Return when `connection` is ready for `event`; raises `Silent` at `until`."""
    poll = select.poll()
    poll.register(connection, event)
    while True:
        left = SLICE if until is None else until - now()
        if left <= 0:
            raise Silent("no whole answer in time")
        if poll.poll(max(1.0, min(left, SLICE) * 1000)):
            return
        if waiting is not None:
            waiting()
