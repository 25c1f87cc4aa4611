"""A client of the pair with H2's driver, statement by statement (h2database 1.4.199, engine/SessionRemote.java)."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from tests.simulation.gate import ERROR, REFUSED, RESET, Conn, Request

if TYPE_CHECKING:
    from tests.simulation.world import World

CONNECT = 2.0
"""Seconds for which the driver waits for a host that does not answer a connecting."""
ELSEWHERE, PATIENCE = "c", 4.0
"""Where clients are that no node's kernel cuts off, and the seconds after which these give up by themselves."""
Asked = Generator[tuple[Conn | None, str, Any], Any, Any]
"""Yields (connection, statement, operand), or (None, "sleep", milliseconds); is sent the answer."""


class Broken(Exception):  # noqa: N818 - a cause is handled
    """The session is over."""


class Failed(Exception):  # noqa: N818 - a cause is handled
    """What was done has failed, and the session goes on."""


class Session:
    """A JDBC connection: the servers that it still has, in the list's order."""

    def __init__(self, servers: list[Conn]) -> None:
        self.servers = servers
        self.reads = 0.0
        """The share of what is done over it that only reads."""

    def switch_off(self) -> Asked:
        """Tell the servers left that the cluster is off; one that breaks meanwhile is removed in turn."""
        if not self.servers:
            raise Broken
        for conn in list(self.servers):
            answer = yield conn, "alone", 0
            if answer == RESET:
                yield from self.remove(conn)
            elif answer == ERROR:  # no fault of the connection: the driver keeps it, and goes on with it alone
                raise Failed

    def remove(self, conn: Conn) -> Asked:
        """Remove a server that failed: the driver goes on with the rest, and tells them so before anything else."""
        if conn in self.servers:
            self.servers.remove(conn)
        yield from self.switch_off()

    def arm(self) -> Asked:
        """Say the server list to both; a user without the administrator's rights may not where it is another one."""
        if len(self.servers) < 2:
            return
        for conn in list(self.servers):
            answer = yield conn, "list", 0
            if answer == REFUSED:
                raise Broken
            if answer == RESET:
                yield from self.remove(conn)

    def write(self, bit: int) -> Asked:
        """Write on each server, then commit on each."""
        for kind in ("update", "commit"):
            for conn in list(self.servers):
                if conn in self.servers and (yield conn, kind, bit) == RESET:
                    yield from self.remove(conn)

    def read(self) -> Asked:
        """Read from the first server."""
        while True:
            conn = self.servers[0]
            rows = yield conn, "read", 0
            if rows != RESET:
                return rows
            yield from self.remove(conn)


class Client:
    """An application at `place` that connects, works, and connects again. `refused` counts failures of what it did."""

    def __init__(self, world: "World", place: str, number: int) -> None:
        self.world, self.place, self.number = world, place, number
        self.refused = 0
        self.done_at = world.loop.now
        self.longest_gap = 0.0
        self._life: Asked | None = None
        self._waits: tuple[Conn, int] | None = None
        self._number = 0
        self.conns: list[Conn] = []

    @property
    def busy(self) -> bool:
        """Whether it still does something."""
        return self._life is not None

    def start(self) -> None:
        """Begin, or begin again."""
        host = self.world.hosts.get(self.place)
        if self._life is None and (host is None or host.up):
            self._life = self._live()
            self._resume(self._life, None)

    def kill(self) -> None:
        """End at once; its connections end."""
        self._life, self._waits = None, None
        self._close_all()

    def _close_all(self) -> None:
        for conn in self.conns:
            self._close(conn)
        self.conns = []

    def _close(self, conn: Conn) -> None:
        conn.open = False
        self.world.network.stream(self.place, conn.process.host.name, _closed, conn)

    def _live(self) -> Asked:
        while True:
            try:
                session = yield from self._connect()
                session.reads = 0.97 if self.world.random() < 0.25 else 0.25
                while True:
                    yield None, "sleep", self.world.think()
                    if self.world.quiet:
                        return
                    try:
                        yield from self._work(session)
                    except Failed:
                        self.refused += 1
            except (Broken, Failed):
                self.refused += 1
                self._close_all()
                yield None, "sleep", 100 + 400 * self.world.random()

    def _connect(self) -> Asked:
        session, whole = Session([]), True
        for name in ("a", "b"):
            conn = yield from self._open(name)
            if conn is None:
                whole = False
            else:
                session.servers.append(conn)
                conn.servers = session.servers
        if not whole:
            yield from session.switch_off()
        yield from session.arm()
        return session

    def _open(self, name: str) -> Asked:
        world, host = self.world, self.world.hosts[name]
        if self.place == host.peer and world.hosts[self.place].cut:
            return None
        if not host.up or not world.network.both(self.place, name):
            yield None, "sleep", 1000 * CONNECT
            return None
        if host.process is None:
            return None
        conn = Conn(self, host.process)
        self.conns.append(conn)
        return conn if (yield conn, "hello", 0) != RESET else None

    def _work(self, session: Session) -> Asked:
        world, checker = self.world, self.world.checker
        if world.random() < session.reads:
            needed = checker.acknowledged
            checker.read(needed, (yield from session.read()), self)
        else:
            bit = world.new_bit()
            yield from session.write(bit)
            checker.acknowledge(bit, session.servers)
        now = world.loop.now
        self.longest_gap = max(self.longest_gap, now - self.done_at)
        self.done_at = now

    def _resume(self, life: Asked, answer: Any) -> None:
        """Give the answer to what was asked last, and ask what comes next."""
        if life is not self._life:
            return
        self._waits = None
        try:
            conn, kind, operand = life.send(answer)
        except StopIteration:
            self._life = None
            self._close_all()
            return
        if conn is None:
            self.world.loop.after(operand / 1000, self._soon, self._resume, life, None)
        else:
            self._ask(life, conn, kind, operand)

    def _ask(self, life: Asked, conn: Conn, kind: str, operand: int) -> None:
        if not conn.open:
            self.world.loop.after(0.0, self._soon, self._resume, life, RESET)
            return
        self._number += 1
        self._waits = (conn, self._number)
        request = Request(conn, kind, operand, self._number, len(conn.servers) == 1)
        self.world.network.stream(self.place, conn.process.host.name, self.world.arrived, request)
        if self.place == ELSEWHERE:
            self.world.loop.after(PATIENCE, self._lose_patience, self._waits)

    def _lose_patience(self, waits: tuple[Conn, int]) -> None:
        """Begin anew: no rule of the pair ends what hangs on a machine that is not one of its two."""
        if self._waits == waits:
            self.kill()
            self.start()

    def _soon(self, call: Any, *given: Any) -> None:
        """Do it now, once the machine goes on, or never: not if the machine went down."""
        host = self.world.hosts.get(self.place)
        if host is None:
            call(*given)
        elif host.up:
            host.soon(call, *given)

    def answered(self, request: Request, answer: Any) -> None:
        """Take an answer off the network."""
        self._soon(self._answered, request, answer)

    def _answered(self, request: Request, answer: Any) -> None:
        if self._life is not None and self._waits == (request.conn, request.number) and request.conn.open:
            if answer == REFUSED:
                self._close(request.conn)
            self._resume(self._life, answer)

    def was_reset(self, conn: Conn, answer: str) -> None:
        """Take a reset off the network."""
        self._soon(self._was_reset, conn, answer)

    def _was_reset(self, conn: Conn, answer: str) -> None:
        conn.open = False
        if self._life is not None and self._waits is not None and self._waits[0] is conn:
            self._resume(self._life, answer)


def _closed(conn: Conn) -> None:
    """Let the gate know of a client that has gone."""
    if conn.here:
        conn.here, conn.uncommitted = False, 0
        conn.process.gate.conns.pop(conn, None)
