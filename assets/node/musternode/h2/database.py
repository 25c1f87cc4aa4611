"""This node's H2 server and what is done with its data: made, copied, compared."""

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence

from ..aws import Credentials
from ..failure import Failure
from ..system import Services
from ..waiting import poll
from . import text
from .session import Session
from .store import Store
from .tools import H2Error, Tools

UNIT = "muster-h2.service"
ROWS = "SELECT NODE || ' ' || GENERATION FROM MUSTER.FORMATION"
CLUSTER = "SELECT VALUE FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME = 'CLUSTER'"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pair:
    """Both servers (`address:port` by ordinal), which one is this node's, and the database's name."""

    servers: Sequence[str]
    own: str
    name: str

    @property
    def peer(self) -> str:
        """The other server."""
        return next(server for server in self.servers if server != self.own)

    @property
    def list(self) -> str:
        """The one server list, the same text everywhere."""
        return ",".join(self.servers)

    @property
    def url(self) -> str:
        """The URL that the application uses on every node."""
        return text.url(self.list, self.name)


class Database:
    """The H2 server of this node. Who may reach it meanwhile is the caller's care."""

    def __init__(
        self, pair: Pair, tools: Tools, store: Store, services: Services, admin: Credentials, user: Credentials
    ) -> None:
        self.pair = pair
        self.store = store
        self._tools = tools
        self._services = services
        self._admin = admin
        self._user = user
        self._fresh = ""

    def running(self) -> bool:
        """Return whether the server runs."""
        return self._services.running(UNIT)

    def run_id(self) -> str:
        """Return the id of this run of the server."""
        return self._services.run_id(UNIT)

    def stop(self) -> None:
        """Stop the server; it closes its database first."""
        self._services.stop(UNIT)

    def start(self) -> None:
        """Start the server unless it runs, and return once it accepts connections; raises `Failure`."""
        self.store.ready()
        if not self.running():
            self._services.start(UNIT)
        if not poll(lambda: reachable(self.pair.own) or not self.running(), within=60) or not self.running():
            raise Failure(f"the H2 server at {self.pair.own} did not start: {self._services.last_words(UNIT)}")

    def start_empty(self) -> None:
        """Set the old files aside and start the server on nothing; a server so started and unused since is kept."""
        if self._fresh and self.running() and self.run_id() == self._fresh:
            return
        self.stop()
        self.store.set_aside()
        self.start()
        self._fresh = self.run_id()

    def seed(self, make_schema: Callable[[str], None]) -> None:
        """Make the first data: `make_schema(url)` as administrator on this server alone, then user and rights."""
        self.start_empty()
        self._fresh = ""
        alone = text.url(self.pair.own, self.pair.name)
        make_schema(alone)
        with Session(self._tools, alone, self._admin) as session:
            session.execute(*rights(self._user), "CHECKPOINT SYNC")
        self.store.mark()

    def copy_from_peer(self, lost: Callable[[], Optional[str]]) -> Session:
        """Make this server a copy of the peer's and return an open session that alone may use this server.

        The two copies have been compared and both servers hold the list. Raises `H2Error` when a step fails or
        `lost` gives a reason. The session must be given to `admit_all` or closed.
        """
        self.start_empty()
        self._fresh = ""
        source, target = (text.url(server, self.pair.name) for server in (self.pair.peer, self.pair.own))
        self._tools.create_cluster(source, target, self._admin, self.pair.list, lost=lost)
        own, peer = self._sessions((self.pair.own, self.pair.peer), self._admin, lost)
        with peer:
            try:
                self._compare(own, peer)
                own.execute("SET EXCLUSIVE 2", "CHECKPOINT SYNC")
            except BaseException:
                own.close()
                raise
        self.store.mark()
        return own

    def admit_all(self, session: Session) -> None:
        """End the exclusive use of this server by `session`, and the session."""
        with session:
            session.execute("SET EXCLUSIVE FALSE")

    def formed_rows(self, node: str, generation: str) -> Optional[List[str]]:
        """Write this node's row through the cluster and return the rows if both servers hold the same, else None.

        Each row is `node generation`. All is done as the application's user; raises `H2Error`.
        """
        statement = f"MERGE INTO MUSTER.FORMATION KEY(NODE) VALUES({text.literal(node)}, {text.literal(generation)})"
        with Session(self._tools, self.pair.url, self._user) as both:
            both.execute(statement)
        own, peer = self._sessions((self.pair.own, self.pair.peer), self._user)
        with own, peer:
            rows = sorted(own.query(ROWS))
            return rows if rows == sorted(peer.query(ROWS)) and self._clustered(own, peer) else None

    def formed_alone(self, node: str, generation: str) -> bool:
        """Write this node's row as any client would, who has both servers in his list; return whether it is here.

        The client's driver finds the other server gone and switches the cluster off here. Raises `H2Error`.
        """
        row = f"{text.literal(node)}, {text.literal(generation)}"
        with Session(self._tools, self.pair.url, self._user) as client:
            client.execute(f"MERGE INTO MUSTER.FORMATION KEY(NODE) VALUES({row})")
        (own,) = self._sessions((self.pair.own,), self._user)
        with own:
            return f"{node} {generation}" in own.query(ROWS)

    def _compare(self, own: Session, peer: Session) -> None:
        with ThreadPoolExecutor(2) as pool:
            here, there = pool.map(lambda session: session.digest(), (own, peer))
        if here != there:
            raise H2Error(f"the copy differs from its source: {here} here, {there} there")
        if not self._clustered(own, peer):
            raise H2Error("a server does not hold the cluster's list after CreateCluster")
        log.info("both copies are equal: %s", here)

    def _clustered(self, *sessions: Session) -> bool:
        return all(session.query(CLUSTER) == [f"'{self.pair.list}'"] for session in sessions)

    def _sessions(
        self, servers: Sequence[str], user: Credentials, lost: Callable[[], Optional[str]] = lambda: None
    ) -> List[Session]:
        """Open a session on each of `servers` at once, in a way that changes no server's setting."""
        with ThreadPoolExecutor(len(servers)) as pool:
            opening = [
                pool.submit(Session, self._tools, text.probe(one, self.pair.name), user, lost) for one in servers
            ]
        faults = [one.exception() for one in opening]
        if not any(faults):
            return [one.result() for one in opening]
        for one in opening:
            if one.exception() is None:
                one.result().close()
        raise next(fault for fault in faults if fault)


def rights(user: Credentials) -> List[str]:
    """Return the statements that make the application's user, who is no administrator, and Muster's own table.

    No administrator may connect by the cluster's URL: he would join a stale server again without a word
    (engine/Engine.java, checkClustering), where anybody else gets error 90040.
    """
    name, password = text.user(user.username), text.literal(user.password)
    return [
        f"CREATE USER IF NOT EXISTS {name} PASSWORD {password}",
        f"ALTER USER {name} SET PASSWORD {password}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA PUBLIC TO {name}",
        "CREATE SCHEMA IF NOT EXISTS MUSTER",
        "CREATE TABLE IF NOT EXISTS MUSTER.FORMATION(NODE VARCHAR PRIMARY KEY, GENERATION VARCHAR)",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON MUSTER.FORMATION TO {name}",
    ]


def reachable(server: str, timeout: float = 1.0) -> bool:
    """Return whether `server` (`address:port`) takes a TCP connection within `timeout` seconds."""
    address, port = server.rsplit(":", 1)
    try:
        with socket.create_connection((address, int(port)), timeout=timeout):
            return True
    except OSError:
        return False
