"""A gate with something behind it: handshakes as the driver writes them, a server, clients with time-outs."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from musternode.h2 import clock
from musternode.h2.gate import Gate
from musternode.h2.handshake import Policy
from musternode.h2.link import NEEDLE
from rehearsal.poll import poll

SERVERS = "10.0.0.11:9092,10.0.0.12:9092"
POLICY = Policy("connections", SERVERS, "sa")
URL = f"jdbc:h2:tcp://{SERVERS}/./connections"
CLUSTER = {"CLUSTER": "TRUE"}
PATIENCE = 10.0


def number(value: int) -> bytes:
    """Return an int as Transfer.writeInt sends it."""
    return struct.pack(">i", value)


def text(value: str | None) -> bytes:
    """Return a string as Transfer.writeString sends it."""
    return number(-1) if value is None else number(len(value)) + value.encode("utf-16-be")


def blob(value: bytes | None) -> bytes:
    """Return bytes as Transfer.writeBytes sends them."""
    return number(-1) if value is None else number(len(value)) + value


def hello(
    database: str | None = "./connections",
    url: str | None = URL,
    user: str | None = "APP",
    settings: Mapping[str, str] = CLUSTER,
    password: bytes | None = b"\x01" * 32,
) -> bytes:
    """Return the first message of the driver."""
    given = b"".join(text(key) + text(value) for key, value in settings.items())
    versions = number(6) + number(18)
    return (
        versions + text(database) + text(url) + text(user) + blob(password) + blob(None) + number(len(settings)) + given
    )


HELLO = hello()
CANCEL = number(18) * 2 + text(None) * 2 + text("ab" * 32) + number(13) + number(7)
"""What a driver sends on a connection of its own to cancel a statement."""


class Client:
    """A client that has said its hello; every read ends after `PATIENCE` seconds at the latest."""

    def __init__(self, address: tuple[str, int], first: bytes = HELLO) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(first)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.socket.sendall(data)

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes, or fewer if the connection ends in order."""
        taken = b""
        while len(taken) < count and (more := self.socket.recv(count - len(taken))):
            taken += more
        return taken

    def was_reset(self) -> bool:
        """Wait for the connection's end and return whether it was a reset."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return False

    def silent(self, seconds: float = 0.2) -> bool:
        """Return whether nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)
        return False

    def close(self) -> None:
        """Close in order."""
        self.socket.close()


@dataclass
class Upstream:
    """A server that remembers what each connection sent and does `behave(connection)` in a thread of its own."""

    behave: "Callable[[Seen], None]"
    host: str = "127.0.0.1"
    seen: "list[Seen]" = field(default_factory=list)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._socket = socket.create_server((self.host, 0), family=family)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                one = Seen(self._socket.accept()[0])
                self.seen.append(one)
                threading.Thread(target=self._run, args=[one], daemon=True).start()

    def _run(self, one: "Seen") -> None:
        with contextlib.suppress(OSError), one.socket:
            self.behave(one)

    def close(self) -> None:
        """Listen no more and end all connections."""
        with contextlib.suppress(OSError):  # it may have been closed before
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self.seen:
            with contextlib.suppress(OSError):
                one.socket.shutdown(socket.SHUT_RDWR)


@dataclass
class Seen:
    """One connection at the upstream."""

    socket: socket.socket
    data: bytes = b""

    def has(self, expected: bytes) -> None:
        """Wait until exactly `expected` has come."""
        poll(lambda: len(self.data) >= len(expected), within=PATIENCE, every=0.002)
        assert self.data == expected


def echo(one: Seen) -> None:
    """Send back what comes, then the end."""
    while data := one.socket.recv(65536):
        one.data += data
        one.socket.sendall(data)


def swallow(one: Seen) -> None:
    """Take what comes."""
    while data := one.socket.recv(65536):
        one.data += data


@dataclass
class World:
    """An open gate before an upstream, and the hits that it told."""

    gate: Gate
    address: tuple[str, int]
    upstream: Upstream
    hits: list[int]

    def client(self, first: bytes = HELLO) -> Client:
        """Return a client that has sent `first`."""
        return Client(self.address, first)

    def greeted(self) -> tuple[Client, Seen]:
        """Return a client and its connection at the upstream, where the handshake has come."""
        before = len(self.upstream.seen)
        client = self.client()
        poll(lambda: len(self.upstream.seen) > before, within=PATIENCE, every=0.002)
        self.upstream.seen[before].has(HELLO)
        if self.upstream.behave is echo:
            assert client.take(len(HELLO)) == HELLO
        return client, self.upstream.seen[before]

    def hit(self, count: int = 1) -> int:
        """Wait for the hit number `count` and return it."""
        poll(lambda: len(self.hits) >= count, within=PATIENCE, every=0.002)
        return self.hits[count - 1]


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free now."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as made:
        return int(made.getsockname()[1])


@contextlib.contextmanager
def world(
    behave: Callable[[Seen], None] = swallow,
    *,
    host: str = "127.0.0.1",
    policy: Policy = POLICY,
    lease: float = 60.0,
    stands_for: Mapping[str, str] | None = None,
) -> Iterator[World]:
    """Yield an open gate with a lease of so many seconds; it is stopped at the end."""
    upstream, hits = Upstream(behave, host), list[int]()
    address = (host, free_port(host))
    gate = Gate(address, upstream.address, policy, hits.append, stands_for=stands_for)
    gate.start()
    try:
        gate.lease(clock.now() + lease)
        assert gate.open()
        yield World(gate, address, upstream, hits)
    finally:
        gate.stop()
        upstream.close()


__all__ = ["NEEDLE"]
