"""Many users of an echo over WebSocket at once, by one thread: they send, listen, and connect anew when they must.

A user takes a connection for dead on which a message is unanswered for `SILENCE`, as programs do that cannot wait.
"""

import base64
import contextlib
import errno
import os
import re
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from rehearsal.poll import NotYet, poll
from rehearsal.websocket import CLOSE, PING, PONG, TEXT, accept, frame
from tests.echo_judging import ANSWERED, ENDED, LEFT, OPENED, SENT, SILENT, Event, Tally, tally

SILENCE = 3.0
"""Seconds without the answer to a message, or to the request for an upgrade."""
RETRY = 0.5
"""Seconds between two tries to connect."""
TICK = 0.02
"""Seconds between two looks at all users' clocks."""
DRAIN = 10.0
"""Seconds for the last answers to come."""
CONNECTED_WITHIN = 60.0
MOST = 1 << 16
"""Bytes that are read at once, and more than the answer to a request has."""

RESTING, CONNECTING, ASKING, OPEN = "resting", "connecting", "asking", "open"


@dataclass(frozen=True)
class Place:
    """Where the echo is: an address, the `Host` header and the path; `make` makes a TCP socket that may go there."""

    address: tuple[str, int]
    host: str
    path: str
    make: Callable[[], socket.socket] = lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def frames(data: bytes) -> tuple[list[tuple[bool, int, bytes]], bytes]:
    """Return the whole frames of a server (RFC 6455, 5.2) in `data`, each as (final, opcode, payload), and the rest."""
    found = []
    while len(data) >= 2:
        size, start = data[1] & 0x7F, 2
        if size > 125:
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            break
        found.append((bool(data[0] & 0x80), data[0] & 0x0F, data[start : start + size]))
        data = data[start + size :]
    return found, data


@dataclass
class User:
    """One user. Its thread calls `step` often, and `ready` when its socket is."""

    number: int
    place: Place
    every: float
    selector: selectors.BaseSelector
    events: list[Event]
    phase: str = RESTING
    again: float = 0.0
    """When it connects, sends, or gives up what it asked: by its phase."""
    line: int = 0
    said: int = 0
    waiting: deque[float] = field(default_factory=deque)
    """When those messages were sent that have no answer yet."""
    _socket: socket.socket | None = None
    _key: bytes = b""
    _in: bytes = b""
    _out: bytes = b""
    _message: bytes = b""

    def step(self, now: float, *, silent: bool) -> None:
        """Do what is due; one that is `silent` sends nothing more."""
        if self.phase == RESTING:
            if now >= self.again:
                self._connect(now)
        elif self.phase != OPEN:
            if now >= self.again:
                self._rest(now + RETRY)
        elif self.waiting and now - self.waiting[0] > SILENCE:
            self._ended(now, SILENT)
        elif now >= self.again and not silent:
            self._say(now)

    def ready(self) -> None:
        """Write and read what can be without waiting."""
        try:
            self._write()
            if self.phase in {ASKING, OPEN}:
                self._read()
        except BlockingIOError:
            return
        except OSError:
            self._ended(time.monotonic())

    def leave(self) -> None:
        """End the connection, if there is one, as a user does who has no more to say."""
        if self.phase == OPEN and self._socket is not None:
            self._note(LEFT)
            with contextlib.suppress(OSError):
                self._socket.send(frame(CLOSE, (1000).to_bytes(2, "big"), os.urandom(4)))
        self._rest(0.0)

    def _connect(self, now: float) -> None:
        self._key = base64.b64encode(os.urandom(16))
        self._socket = self.place.make()
        self._socket.setblocking(False)
        self.phase, self.again = CONNECTING, now + SILENCE
        self.line += 1
        request = f"GET {self.place.path} HTTP/1.1\r\nHost: {self.place.host}\r\nUpgrade: websocket\r\n"
        self._out = request.encode() + b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        self._out += self._key + b"\r\n\r\n"
        self.selector.register(self._socket, selectors.EVENT_WRITE, self)
        if self._socket.connect_ex(self.place.address) not in (0, errno.EINPROGRESS):
            self._rest(now + RETRY)

    def _say(self, now: float) -> None:
        self.said += 1
        text = f"user {self.number} message {self.said} on connection {self.line}"
        self.waiting.append(now)
        self.again = max(self.again + self.every, now)
        self._note(SENT, text)
        self._queue(TEXT, text.encode())

    def _queue(self, opcode: int, payload: bytes) -> None:
        self._out += frame(opcode, payload, os.urandom(4))
        try:
            self._write()
        except OSError:
            self._ended(time.monotonic())

    def _write(self) -> None:
        """Send what is to be sent; the selector tells when there is room for the rest."""
        assert self._socket is not None
        if self.phase == CONNECTING:
            if fault := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(fault, os.strerror(fault))
            self.phase = ASKING
        with contextlib.suppress(BlockingIOError):
            while self._out:
                self._out = self._out[self._socket.send(self._out) :]
        more = selectors.EVENT_WRITE if self._out else 0
        self.selector.modify(self._socket, selectors.EVENT_READ | more, self)

    def _read(self) -> None:
        assert self._socket is not None
        more = self._socket.recv(MOST)
        if not more:
            self._ended(time.monotonic())
            return
        self._in += more
        if self.phase == ASKING and not self._upgraded():
            return
        found, self._in = frames(self._in)
        for final, opcode, payload in found:
            if self.phase == OPEN:  # nothing counts that comes after a close
                self._take(opcode, payload, final=final)

    def _upgraded(self) -> bool:
        head, whole, rest = self._in.partition(b"\r\n\r\n")
        if not whole and len(self._in) < MOST:
            return False
        wanted = rb"\r\n(?i:sec-websocket-accept): *" + re.escape(accept(self._key).encode()) + rb"(\r\n|$)"
        if not head.startswith(b"HTTP/1.1 101 ") or not re.search(wanted, head):
            self._rest(time.monotonic() + RETRY)
            return False
        self.phase, self._in = OPEN, rest
        self._note(OPENED)
        self.again = time.monotonic() + self.every * (self.number % 10) / 10  # else all would speak at once
        return True

    def _take(self, opcode: int, payload: bytes, *, final: bool) -> None:
        if opcode == CLOSE:
            self._ended(time.monotonic())
        elif opcode == PING:
            self._queue(PONG, payload)
        elif opcode != PONG:
            self._message += payload
            if final:
                self._heard()

    def _heard(self) -> None:
        text, self._message = self._message.decode("utf-8", "replace"), b""
        if self.waiting:
            self.waiting.popleft()
        self._note(ANSWERED, text)

    def _ended(self, now: float, how: str = ENDED) -> None:
        """Connect anew at once, unless there never was an answer."""
        if self.phase == OPEN:
            self._note(how)
            self._rest(now)
        elif self.phase != RESTING:
            self._rest(now + RETRY)

    def _rest(self, until: float) -> None:
        if self._socket is not None:
            self.selector.unregister(self._socket)
            self._socket.close()
        self._socket, self.phase, self.again = None, RESTING, until
        self._in = self._out = self._message = b""
        self.waiting.clear()

    def _note(self, kind: str, text: str = "") -> None:
        self.events.append(Event(self.number, self.line, time.monotonic(), kind, text))


class EchoCrowd:
    """`number` users of the echo at `place`, each with a message `every` so many seconds, for the time of a block.

    The block begins once all are connected, and ends once they have had their last answers.
    """

    def __init__(self, place: Place, number: int = 200, every: float = 1.0) -> None:
        self._selector = selectors.DefaultSelector()
        self._events: list[Event] = []
        self._users = [User(each, place, every, self._selector, self._events) for each in range(number)]
        self._silent, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="echo-crowd", daemon=True)
        self._fault: BaseException | None = None

    @property
    def connected(self) -> int:
        """How many users have a connection now."""
        return sum(user.phase == OPEN for user in self._users)

    @property
    def events(self) -> Sequence[Event]:
        """What the users have seen so far."""
        return tuple(self._events)

    def tally(self) -> Tally:
        """Return what they saw, put together."""
        return tally(self.events, len(self._users))

    def all_connected(self) -> bool:
        """Return whether every user has a connection, or raise `NotYet` with how many have."""
        if self._fault:
            raise self._fault
        if self.connected < len(self._users):
            raise NotYet(f"{self.connected} of {len(self._users)} users are connected")
        return True

    def __enter__(self) -> "EchoCrowd":
        self._thread.start()
        try:
            poll(self.all_connected, within=CONNECTED_WITHIN)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._silent.set()
        with contextlib.suppress(TimeoutError):  # what does not come is told by the events
            poll(lambda: all(user.phase == OPEN and not user.waiting for user in self._users), within=DRAIN, every=TICK)
        self._end()
        if self._fault and error is None:
            raise self._fault

    def _end(self) -> None:
        self._silent.set()
        self._over.set()
        self._thread.join()
        for user in self._users:
            user.leave()
        self._selector.close()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._turn()
        except BaseException as fault:  # raised in the test's own thread
            self._fault = fault

    def _turn(self) -> None:
        for key, _ in self._selector.select(TICK):
            key.data.ready()
        now, silent = time.monotonic(), self._silent.is_set()  # after what has come: a slow machine is no silence
        for user in self._users:
            user.step(now, silent=silent)
