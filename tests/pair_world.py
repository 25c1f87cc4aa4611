"""Two gate processes in one: real gates, real H2 servers, the real peer port; the witness and the kernel stand in."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from musternode.aws import Credentials
from musternode.h2 import backup, clock
from musternode.h2.database import Database, Pair
from musternode.h2.events import Stop
from musternode.h2.kernel import Kernel
from musternode.h2.order import Order
from musternode.h2.pair_state import Phase, Rules
from musternode.h2.parts import Parts, Place
from musternode.h2.seeding import Workshop
from musternode.h2.session import Session
from musternode.h2.store import Store
from musternode.h2.tools import Tools
from musternode.h2.wire import Wire
from musternode.h2.witness import Item, Read, Unreachable, Witness
from rehearsal.poll import poll
from tests.double_support import free_port
from tests.node_support import ADDRESSES, ADMIN, USER, Processes, SchemaOnly, h2_jar

LOCAL = {"a": "127.0.2.1", "b": "127.0.2.2"}
KEY = b"a key of the pair"


class Board:
    """The witness's item in memory, for both nodes; `away` are the nodes that cannot reach it."""

    def __init__(self) -> None:
        self.item: Item | None = None
        self.away: set[str] = set()
        self.lock = threading.Lock()
        self.history: list[Item] = []


class BoardWitness(Witness):
    """The board as one node reads and writes it."""

    def __init__(self, board: Board, node: str) -> None:
        self._board, self._name = board, node

    def read(self) -> Read:
        """Read the item."""
        self._reach()
        with self._board.lock:
            return Read(self._board.item, 1000.0)

    def create(self, item: Item) -> bool:
        """Write the first item."""
        return self._put(None, item)

    def replace(self, epoch: int, item: Item) -> bool:
        """Write the next item."""
        return self._put(epoch, item)

    def _put(self, epoch: int | None, item: Item) -> bool:
        self._reach()
        with self._board.lock:
            if (self._board.item.epoch if self._board.item else None) != epoch:
                return False
            self._board.item = item
            self._board.history.append(item)
            return True

    def _reach(self) -> None:
        if self._name in self._board.away:
            raise Unreachable("the witness is away")


class NoKernel:
    """Stands for nftables: the gate's own lease is what is left."""

    def arm(self) -> None:
        """Do nothing."""

    def renew(self, seconds: float) -> None:
        """Do nothing."""

    def drop(self) -> None:
        """Do nothing."""

    def cut(self) -> None:
        """Do nothing."""

    def restore(self) -> None:
        """Do nothing."""

    def outgoing(self) -> frozenset[int]:
        """Know of no connection."""
        return frozenset()

    def incoming(self) -> frozenset[int]:
        """Know of no connection."""
        return frozenset()


class Node:
    """One node: its H2 server outlives its gate process, as on a host."""

    def __init__(self, name: str, folder: Path, ports: tuple[int, int], board: Board) -> None:
        self.name, self.folder, self._ports, self._board = name, folder / name, ports, board
        database, _ = ports
        self.processes = Processes(LOCAL[name], database, self.folder / "h2")
        self.tools = Tools(h2_jar(), self.folder / "run")
        self.application = SchemaOnly(self.tools)
        servers = [f"{ADDRESSES[each]}:{database}" for each in "ab"]
        self.pair = Pair(servers, f"{ADDRESSES[name]}:{database}", "connections", (LOCAL[name], database))
        self.parts: Parts | None = None
        self._thread: threading.Thread | None = None

    def database(self) -> Database:
        """Return the node's database, of which each gate process has its own object."""
        store = Store(self.folder / "h2", "connections")
        return Database(self.pair, self.tools, store, self.processes, ADMIN, USER)

    def restored(self, database: Database, order: Order) -> None:
        """Carry out an order whose key is the dump's file on this machine."""
        shop = Workshop(self.tools, self.folder / "h2" / ".work", "connections", ADMIN, USER)

        def fetch(wanted: Order, to: Path) -> None:
            shutil.copyfile(wanted.key, to)

        backup.restore(database, shop, fetch, order)

    def run(self) -> tuple[str, int]:
        """Return run and process of the H2 server."""
        child = self.processes.child
        return (self.processes.run, child.pid) if child is not None and child.poll() is None else ("", 0)

    def start(self) -> None:
        """Begin a gate process."""
        other = "b" if self.name == "a" else "a"
        port = self._ports[1]
        place = Place(
            own=(ADDRESSES[self.name], port),
            peer=(ADDRESSES[other], port),
            key=KEY,
            admin=ADMIN.username,
            memory=self.folder / "run",
            public=self.folder / "public",
        )
        self.parts = Parts(
            place,
            Rules(self.name, other, lowest=self.name == "a", takeover_interval=0.0),
            self.database(),
            cast("Kernel", NoKernel()),
            BoardWitness(self._board, self.name),
            self,
            seed=lambda database: database.seed(self.application.make_schema),
            restore=self.restored,
            look=lambda _database: None,
            more=lambda: {"generation": "g", "state": None},
            every=2.0,
            still=0.2,
        )
        self._thread = threading.Thread(target=self.parts.live, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the gate process to end, and wait."""
        if self.parts is not None and self._thread is not None:
            self.parts.keeper.put(Stop())
            self._thread.join(30)

    def kill(self) -> None:
        """End the gate process without a word."""
        if self.parts is not None and self._thread is not None:
            self.parts.kill()
            self._thread.join(30)
            # its threads live on in the test's process; they must do nothing for a process that is gone
            self.parts.keeper.state = replace(self.parts.keeper.state, phase=Phase.LEFT)

    @property
    def phase(self) -> Phase:
        """Where the member stands."""
        assert self.parts is not None
        return self.parts.keeper.state.phase

    @property
    def serves(self) -> bool:
        """Whether clients are let in here."""
        return self.parts is not None and self.parts.gate.is_open

    def query(self, statement: str) -> list[str]:
        """Return the rows that this server alone has."""
        with Wire(self.pair.local, "connections", ADMIN) as session:
            return [str(row) for (row,) in session.query(statement)]


class PairWorld:
    """Two nodes and the witness."""

    def __init__(self, folder: Path) -> None:
        self.board = Board()
        ports = free_port(), free_port()
        self.nodes = {name: Node(name, folder, ports, self.board) for name in "ab"}

    def start(self) -> None:
        """Begin both gate processes."""
        for node in self.nodes.values():
            node.start()

    def whole(self) -> bool:
        """Return whether both serve as members of the same epoch."""
        item = self.board.item
        if item is None or item.members != {"a", "b"}:
            return False
        states = [node.parts.keeper.state for node in self.nodes.values() if node.parts is not None]
        return all(node.serves for node in self.nodes.values()) and {each.epoch for each in states} == {item.epoch}

    def heard(self) -> bool:
        """Return whether each has just heard the other: a loaded machine may keep them from it for a while."""
        states = [node.parts.keeper.state for node in self.nodes.values() if node.parts is not None]
        return self.whole() and all(clock.now() - state.word_asked < 0.5 for state in states)

    def await_whole(self, within: float = 60.0) -> None:
        """Wait until both serve."""
        poll(self.whole, within=within, every=0.05)

    def write(self, *statements: str, user: Credentials = USER) -> None:
        """Execute statements as a client of the pair."""
        node = self.nodes["a"]
        with Session(node.tools, node.pair.url, user) as session:
            session.execute(*statements)

    def end(self) -> None:
        """End everything."""
        for node in self.nodes.values():
            node.kill()
            node.processes.kill("muster-h2.service")


@contextlib.contextmanager
def pair_world(folder: Path) -> Iterator[PairWorld]:
    """Yield two nodes that are not started yet, and end them."""
    made = PairWorld(folder)
    try:
        yield made
    finally:
        made.end()
