"""A pair of members on real H2 servers, each stepped by a thread, whose nodes can be rebooted and made anew."""

import contextlib
import functools
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from musternode.h2.session import Session
from musternode.h2.tools import Tools
from musternode.settings import Settings
from musternode.state import State
from rehearsal.poll import poll
from tests.double_support import free_port
from tests.node_support import ADDRESSES, ADMIN, USER, RecordedFront, Side, h2_jar, settings, side


class World:
    """Two members that see each other's state directly; each is stepped by a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.tools = Tools(h2_jar(), folder / "run")
        self.sides: dict[str, Side] = {}
        self._ended = threading.Event()
        self._turns = {name: threading.RLock() for name in "ab"}
        for name in "ab":
            other = "b" if name == "a" else "a"
            chosen, front = settings(self.port), RecordedFront()
            self.sides[name] = side(name, folder, chosen, front, functools.partial(self.ask, other))
        self._threads = [threading.Thread(target=self._run, args=(name,)) for name in self.sides]

    @property
    def servers(self) -> list[str]:
        """Both servers."""
        return [f"{address}:{self.port}" for address in ADDRESSES.values()]

    def ask(self, name: str) -> State | None:
        """Return the state of a member, None if it is cut off."""
        asked = self.sides[name]
        return None if asked.cut else asked.board.state

    def start(self) -> None:
        """Let both members live."""
        for one in self.sides.values():
            one.member.begin()
        for thread in self._threads:
            thread.start()

    def _run(self, name: str) -> None:
        while not self._ended.wait(0.05):
            with self._turns[name]:
                self.sides[name].member.tick()

    def adopt(self, name: str, chosen: Settings) -> Side:
        """Begin one member anew with other settings, as it does itself; its server and its application go on."""
        with self._turns[name]:
            old = self.sides[name]
            new = side(name, self.folder, chosen, old.front, functools.partial(self.ask, "b" if name == "a" else "a"))
            new.processes.child, new.processes.run, new.cut = old.processes.child, old.processes.run, old.cut
            new.application.up, new.application.starts = old.application.up, old.application.starts
            self.sides[name] = new
            new.member.begin()
        return new

    def boot(self, name: str) -> None:
        """End all that runs on a node and lose what is in memory, then begin its member: with the same settings."""
        with self._turns[name]:
            self._power_off(name)
            self.adopt(name, self.sides[name].member.settings)

    def recreate(self, name: str, chosen: Settings) -> Side:
        """Let another machine have the node's volume."""
        with self._turns[name]:
            self._power_off(name)
            (self.folder / name / "machine").write_text(uuid.uuid4().hex)
            return self.adopt(name, chosen)

    def _power_off(self, name: str) -> None:
        one = self.sides[name]
        one.processes.stop("muster-h2.service")
        one.application.stop()
        (self.folder / name / "open").unlink(missing_ok=True)

    def serving(self) -> bool:
        """Return whether both serve and know that the pair is formed."""
        states = [one.board.state for one in self.sides.values()]
        return all(state.phase == "serving" and state.formed and not state.holds for state in states)

    def await_serving(self, within: float = 30) -> None:
        """Wait until both serve."""
        poll(self.serving, within=within, every=0.05)

    def query(self, name: str, statement: str) -> list[str]:
        """Return the rows that one server alone has."""
        server = self.sides[name].database.pair.own
        url = f"jdbc:h2:tcp://{server}/./connections;CLUSTER=TRUE;IFEXISTS=TRUE"
        with Session(self.tools, url, ADMIN) as session:
            return session.query(statement)

    def write(self, *statements: str) -> None:
        """Execute statements through the pair as the application's user."""
        with Session(self.tools, self.sides["a"].database.pair.url, USER) as session:
            session.execute(*statements)

    def end(self) -> None:
        """End members and servers."""
        self._ended.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=60)
        for one in self.sides.values():
            one.processes.stop("muster-h2.service")


@contextlib.contextmanager
def world(folder: Path) -> Iterator[World]:
    """Yield two members that are not started yet, and end them."""
    made = World(folder)
    try:
        yield made
    finally:
        made.end()


def until(condition: Callable[[], object], within: float = 20) -> None:
    """Wait for a condition."""
    poll(condition, within=within, every=0.02)
