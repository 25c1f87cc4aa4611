"""The gate of one process and the clients' connections through it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.client import Client
    from tests.simulation.machine import Server
    from tests.simulation.process import Process

RESET, REFUSED, ERROR = "reset", "90040", "error"
"""Answers that end a connection, a connecting, and what is being done."""


class Conn:
    """A connection of `client` through the gate of `process`; `server` is the run of H2 that it reached.

    `servers` are all that its session has left.
    """

    __slots__ = ("client", "here", "open", "process", "server", "servers", "uncommitted")

    def __init__(self, client: "Client", process: "Process") -> None:
        self.client, self.process = client, process
        self.here = self.open = True
        self.server: Server | None = None
        self.uncommitted = 0
        self.servers: list[Conn] = [self]


@dataclass(frozen=True)
class Request:
    """What a client wants over `conn`; `number` tells its requests apart. `alone`: its session has no other server."""

    conn: Conn
    kind: str
    what: int
    number: int
    alone: bool


class Gate:
    """Clients of one process. It works only with a lease, which it looks at before everything."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self.listens = False
        self.until = 0.0
        self.conns: dict[Conn, None] = {}
        self.held: dict[int, Request] = {}
        self._hits = 0

    def is_open(self, now: float) -> bool:
        """Return whether it lets clients in; one whose lease is over has shut itself."""
        if self.listens and now >= self.until:
            self.shut()
        return self.listens

    def open(self, now: float) -> None:
        """Let clients in, if there is a lease."""
        if now < self.until:
            self.listens = True

    def shut(self) -> None:
        """Reset everybody."""
        self.listens = False
        for conn in list(self.conns):
            self.reset(conn)

    def reset(self, conn: Conn) -> None:
        """End a connection."""
        if conn.here:
            conn.here, conn.uncommitted = False, 0
            self.conns.pop(conn, None)
            self._process.say_reset(conn)

    def expel(self, host: str) -> None:
        """Reset who comes from `host`."""
        for conn in [one for one in self.conns if one.client.place == host]:
            self.reset(conn)

    def hold(self, request: Request) -> int:
        """Hold a client that wants to go on with this server alone."""
        self._hits += 1
        self.held[self._hits] = request
        return self._hits

    def decide(self, number: int, allowed: bool, now: float) -> None:
        """Let a held client go on, or reset it."""
        request = self.held.pop(number, None)
        if request is None or not request.conn.here:
            return
        if allowed and self.is_open(now):
            self._process.world.checker.passed(self._process)
            self.ask_server(request)
        elif self._process.world.denies_by_error:
            self._process.reply(request, ERROR)
        else:
            self.reset(request.conn)

    def ask_server(self, request: Request) -> None:
        """Give a request to H2 and its answer to the client."""
        conn, server = request.conn, request.conn.server
        if server is None or not server.alive or not conn.here:
            self.reset(conn)
        elif server.hung:
            server.parked.add(self._process.serve, request)
        else:
            answer = self._answer(conn, server, request)
            self._process.reply(request, answer)

    def _answer(self, conn: Conn, server: "Server", request: Request) -> Any:
        server.closed = False
        kind = request.kind
        if kind == "update":
            conn.uncommitted |= request.what
        elif kind == "commit":
            server.rows |= conn.uncommitted
            conn.uncommitted = 0
            if request.alone:
                self._process.world.checker.committed_alone(self._process, request.what)
        elif kind == "read":
            return server.rows
        elif kind == "list" and not server.clustered:
            return REFUSED
        elif kind == "alone":
            server.clustered = False
        return "ok"
