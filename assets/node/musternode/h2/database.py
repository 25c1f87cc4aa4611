"""This node's H2 server, which listens on loopback only, and what is done with its data: made, copied, compared."""

import contextlib
import logging
import threading
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Tuple

from ..aws import Credentials
from ..failure import Failure
from ..system import Services
from ..waiting import poll
from . import formation, text, wire
from .digest import digest
from .events import Disk
from .faults import H2Error
from .formation import rights as rights
from .mend import mend
from .outline import outline
from .pair import Pair as Pair
from .room import Room
from .session import Session
from .store import Store, in_use
from .tools import Tools
from .wire import Wire

UNIT = "muster-h2.service"
CHECKPOINT = 5.0
"""Seconds that a checkpoint may take: it writes what a second of clients has changed."""
LONG = 600.0
"""Seconds for reading a whole table."""
CLUSTER = "SELECT CAST(VALUE AS VARCHAR) FROM INFORMATION_SCHEMA.SETTINGS WHERE NAME = 'CLUSTER'"
CLOSED_BY_SHUTDOWN = (90098, 90121)
"""What a session may be told as its database closes (api/ErrorCode.java: DATABASE_IS_CLOSED, DATABASE_CALLED_AT_..)."""
log = logging.getLogger(__name__)


class Database:
    """The H2 server of this node and its database. Who may reach it meanwhile is the caller's care."""

    def __init__(
        self, pair: Pair, tools: Tools, store: Store, services: Services, admin: Credentials, user: Credentials
    ) -> None:
        self.pair = pair
        self.store = store
        self._tools = tools
        self._services = services
        self._admin = admin
        self._user = user
        self._room = Room(store.file)
        self._kept: Optional[Wire] = None
        self._keeping = threading.Lock()

    @property
    def file(self) -> Path:
        """The database's one file."""
        return self.store.file

    def use(self, user: Credentials) -> None:
        """Take `user` for the application's from now on."""
        self._user = user

    def running(self) -> bool:
        """Return whether the server runs."""
        return self._services.running(UNIT)

    def run_id(self) -> str:
        """Return the id of this run of the server."""
        return self._services.run_id(UNIT)

    def start(self) -> None:
        """Start the server unless it runs, and return once it answers; raises `Failure`.

        What a former run wrote and would not find again is put right in the file first.
        """
        self.store.ready()
        if not self.running():
            self._drop_kept()  # a session of the run before: its end says nothing of the new one
            self._mend()
            self._services.start(UNIT)
        if not poll(lambda: self.probe() or not self.running(), within=60) or not self.running():
            address, port = self.pair.local
            raise Failure(f"the H2 server at {address}:{port} did not start: {self._services.last_words(UNIT)}")

    def stop(self) -> None:
        """Stop the server by SIGTERM; it closes its database first, so nothing is lost."""
        self._drop_kept()
        self._services.stop(UNIT)

    def kill(self) -> None:
        """Kill the server, which may hang or be stopped; raises `Failure` if it lives on for 5 s.

        What it had not flushed is lost from its file.
        """
        self._services.kill(UNIT)
        if not poll(lambda: not self.running(), within=5, every=0.05):
            raise Failure("the H2 server lives on after SIGKILL")
        self._drop_kept()

    def probe(self) -> bool:
        """Return whether the server's own threads answer within a second; touches no database."""
        return wire.probe(self.pair.local)

    def checkpoint(self) -> None:
        """Put on disk all that clients were told is written; raises `H2Error`, `Hung` after `CHECKPOINT` seconds.

        Goes over a session that is kept. Thread-safe. The file has room behind it then, if the disk has any.
        """
        with self._keeping:
            try:
                if self._kept is None:
                    self._kept = self._wire(timeout=CHECKPOINT)
                self._kept.execute("CHECKPOINT SYNC")
                self._room.hold()  # H2 has the file open and locked now, so nobody here has a lock on it
            except H2Error:
                self._forget_kept()
                raise

    def disk(self) -> Disk:
        """Return what the disk holds; raises `Failure` if its mark makes no sense."""
        return self.store.disk()

    def mark(self, epoch: int) -> None:
        """Say that the data on disk is whole and of `epoch`; lasts."""
        self.store.mark(epoch)

    def set_aside(self, epoch: int) -> None:
        """Stop the server and put its files aside as the old data of `epoch`."""
        self.stop()
        self.store.set_aside(epoch)

    def start_empty(self) -> None:
        """Put the old files aside, as of the epoch on their mark, and start the server on nothing."""
        self.set_aside(max(self.disk().epoch, 0))
        self.start()

    def seed(self, make: Callable[[str], None]) -> None:
        """Make the first data: `make(url)` as administrator on this server alone, then user and rights; marks it."""
        self.start_empty()
        address, port = self.pair.local
        make(text.url(f"{address}:{port}", self.pair.name))
        with self._wire() as session:
            session.execute(*rights(self._user), "CHECKPOINT SYNC")
        self.mark(0)

    def create_cluster(self, source: Tuple[str, int], lost: Callable[[], Optional[str]]) -> None:
        """Make this server a copy of the one reached at `source`, by H2's own tool; both then hold the pair's list.

        `source` is a loopback end that leads to the peer's H2. Nobody may be connected here meanwhile. Raises
        `H2Error` when the tool fails or `lost`, asked meanwhile, gives a reason. Marks nothing: compare first.
        """
        self.start_empty()
        there, here = (text.url(f"{address}:{port}", self.pair.name) for address, port in (source, self.pair.local))
        self._tools.create_cluster(there, here, self._admin, self.pair.list, lost=lost)
        self.checkpoint()

    def release(self) -> None:
        """Close the database file and leave the server up, so that the file can be copied; the next session opens it.

        Every session ends, this node's own too. Raises `H2Error` if the file is still in use 10 s later.
        """
        self._drop_kept()
        if not self.file.exists():
            return
        with contextlib.suppress(OSError):  # it may have been the last one to know
            self._shut_down()
        if not poll(lambda: not in_use(self.file), within=10, every=0.02):
            raise H2Error("the database file is still in use after SHUTDOWN")

    def digest(self) -> Mapping[str, str]:
        """Return, for each table and for the schema with its rights, what two equal copies have in common."""
        with self._wire(timeout=LONG) as session:
            return digest(session)

    def outline(self) -> Mapping[str, str]:
        """Return what a server that has opened a copied file shows at once: rows of each table, schema and rights."""
        with self._wire() as session:
            return outline(session)

    def arm(self) -> None:
        """Make this server accept clients that know the pair's list."""
        with self._wire() as session:
            session.execute(f"SET CLUSTER '{self.pair.list}'")

    def clustered(self) -> bool:
        """Return whether this server holds the pair's list; raises `H2Error`."""
        with self._wire() as session:
            return session.query(CLUSTER) == [(f"'{self.pair.list}'",)]

    def formed_rows(self, node: str, generation: str) -> Optional[List[str]]:
        """Write this node's row as any client would and return all rows here, or None unless both servers took it.

        Each row is `node generation`. H2's driver writes to both servers or, if one fails it, empties the list on the
        other (engine/SessionRemote.java, removeServer): a row that is here under a list that stands is there too.
        Raises `H2Error`.
        """
        self._write_formation(node, generation)
        rows = self._formation()
        return rows if f"{node} {generation}" in rows and self.clustered() else None

    def formed_alone(self, node: str, generation: str) -> bool:
        """Write this node's row as any client would, who has both servers in his list; return whether it is here.

        The client's driver finds the other server gone and switches the cluster off here. Raises `H2Error`.
        """
        self._write_formation(node, generation)
        return f"{node} {generation}" in self._formation()

    def _write_formation(self, node: str, generation: str) -> None:
        with Session(self._tools, self.pair.url, self._user) as client:
            client.execute(formation.row(node, generation))

    def _formation(self) -> List[str]:
        with self._wire() as session:
            return sorted(str(row) for (row,) in session.query(formation.ROWS))

    def _mend(self) -> None:
        try:
            done = "" if in_use(self.file) else mend(self.file)
        except OSError as fault:
            raise Failure(f"the database file {self.file} cannot be read: {fault}") from None
        if done:
            log.warning("H2 did not end in order; in its file Muster %s", done)

    def _wire(self, timeout: float = 30.0) -> Wire:
        return Wire(self.pair.local, self.pair.name, self._admin, timeout=timeout)

    def _shut_down(self) -> None:
        try:
            with self._wire() as session:
                session.execute("SHUTDOWN")
        except H2Error as fault:
            if fault.code not in CLOSED_BY_SHUTDOWN:
                raise

    def _drop_kept(self) -> None:
        with self._keeping:
            self._forget_kept()

    def _forget_kept(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
