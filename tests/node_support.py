"""Real H2 servers on loopback addresses under a member's own code: systemd, front and application are stand-ins."""

import contextlib
import functools
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from musternode.aws import Credentials
from musternode.front import Front
from musternode.h2.database import Database, Pair
from musternode.h2.session import Session
from musternode.h2.store import Store
from musternode.h2.tools import Tools
from musternode.member import Member
from musternode.report import Body, Reported
from musternode.settings import (
    Artifact,
    Asset,
    Node,
    Ports,
    ProductSettings,
    Secrets,
    Settings,
)
from musternode.state import Board, State
from rehearsal import places
from rehearsal.poll import poll
from tests.double_support import free_port

H2 = "1.4.199"
ADMIN = Credentials("sa", "a'd\"m;i n\\${x:y}--;")
USER = Credentials("as400gateway", "p'w\"d; \\o${rd}/*;")
ADDRESSES = {"a": "127.0.1.1", "b": "127.0.1.2"}


def h2_jar() -> Path:
    """Return the jar of the H2 that the guide names, fetched once by Maven."""
    folder = places.cache() / "h2"
    jar = folder / f"h2-{H2}.jar"
    if not jar.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
        artifact = f"-Dartifact=com.h2database:h2:{H2}"
        subprocess.run(["mvn", "-q", "-B", plugin, artifact, f"-DoutputDirectory={folder}"], check=True, cwd="/")
    return jar


def settings(
    port: int = 9092,
    generation: str = "0123456789abcdef",
    timeout: int = 900,
    addresses: Mapping[str, str] = ADDRESSES,
) -> Settings:
    """Return settings of a pair, on loopback unless it has other addresses."""
    members = tuple(Node(name, place, "z", addresses[name], f"vol-{name}") for place, name in enumerate("ab"))
    return Settings(
        format=1,
        cluster="as400",
        product="as400gateway",
        region="eu-west-1",
        generation=generation,
        members=members,
        asset=Asset("assets", "a.zip", "0" * 64),
        artifact=Artifact("artifacts", "a.jar", "1" * 64, "as400-common-api-1.0.0.jar"),
        wait_url="http://127.0.0.1:9/",
        formation_timeout=timeout,
        java=17,
        secrets=Secrets("arn:admin", "arn:application"),
        ports=Ports(8080, port, 9093, 9180),
        settings=ProductSettings("/opt/as400gateway", "connections", "/actuator/health"),
    )


@dataclass
class Processes:
    """Starts the H2 server as a child of the test where systemd would start its unit."""

    address: str
    port: int
    folder: Path
    child: "subprocess.Popen[bytes] | None" = None
    run: str = ""

    def start(self, unit: str) -> None:
        """Start the server."""
        assert unit == "muster-h2.service"
        java = ["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-Dh2.bindAddress={self.address}"]
        tool = ["-cp", str(h2_jar()), "org.h2.tools.Server", "-tcp", "-tcpAllowOthers", "-tcpPort", str(self.port)]
        rest = ["-baseDir", str(self.folder), "-ifNotExists", "-properties", "null"]
        self.child = subprocess.Popen([*java, *tool, *rest], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.run = uuid.uuid4().hex

    def stop(self, unit: str) -> None:
        """Stop the server as systemd does, by SIGTERM."""
        assert unit == "muster-h2.service"
        if self.child is not None:
            self.child.terminate()
            self.child.wait()

    def restart(self, unit: str) -> None:
        """Stop and start."""
        self.stop(unit)
        self.start(unit)

    def running(self, _: str) -> bool:
        """Return whether the server lives."""
        return self.child is not None and self.child.poll() is None

    def run_id(self, _: str) -> str:
        """Return another id for each start."""
        return self.run

    def last_words(self, _: str) -> str:
        """Return nothing of interest."""
        return "nothing"


@dataclass
class RecordedFront:
    """Remembers who would be let in."""

    doors: list[str] = field(default_factory=list)

    def shut(self) -> None:
        """Nobody."""
        self.doors.append("shut")

    def reserve(self, address: str) -> None:
        """One address."""
        self.doors.append(address)

    def open(self) -> None:
        """Everybody."""
        self.doors.append("open")


@dataclass
class SchemaOnly:
    """An application that makes one table in its first run and is healthy whenever it runs."""

    tools: Tools
    up: bool = False
    starts: int = 0

    def start(self) -> None:
        """Start."""
        self.up, self.starts = True, self.starts + 1

    def stop(self) -> None:
        """Stop."""
        self.up = False

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def healthy(self) -> bool:
        """Return whether it runs."""
        return self.up

    def complaint(self) -> str:
        """Return nothing of interest."""
        return "it is down"

    def make_schema(self, url: str) -> None:
        """Make the table with rows that are hard to copy, and an identity column."""
        with Session(self.tools, url, ADMIN) as session:
            session.execute(
                "CREATE TABLE CONFIGURATION(ID IDENTITY, KEY VARCHAR(200), VALUE CLOB)",
                "CREATE TABLE PLAIN(A INT, B VARCHAR)",
                "INSERT INTO CONFIGURATION(KEY, VALUE) VALUES('k;', REPEAT('line' || CHAR(10) || ';', 4000))",
                "INSERT INTO PLAIN VALUES(1, 'x'), (1, 'x'), (2, NULL)",
                "DELETE FROM PLAIN WHERE A = 2",
            )


class Silent(Reported):
    """Keeps reports instead of sending them."""

    def __init__(self) -> None:
        self.sent: list[Body] = []

    def has(self, _generation: str) -> bool:
        """Return whether one was kept."""
        return bool(self.sent)

    def send_aside(self, _url: str, _generation: str, body: Body) -> None:
        """Keep the report."""
        self.sent.append(body)


@dataclass
class Side:
    """One member with its parts."""

    name: str
    member: Member
    database: Database
    processes: Processes
    front: Front
    application: SchemaOnly
    reported: Silent
    board: Board
    cut: bool = False

    @property
    def doors(self) -> list[str]:
        """Who was let in, one after the other."""
        assert isinstance(self.front, RecordedFront)
        return self.front.doors


def side(name: str, folder: Path, chosen: Settings, front: Front, ask: Callable[[], State | None]) -> Side:
    """Return member `name` of the pair in `chosen`, its files in `folder`."""
    base, address, tools = folder / name / "h2", chosen.member(name).address, Tools(h2_jar(), folder / "run")
    port = chosen.ports.database
    processes = Processes(address, port, base)
    pair = Pair([f"{one.address}:{port}" for one in chosen.members], f"{address}:{port}", chosen.settings.database)
    database = Database(pair, tools, Store(base, chosen.settings.database), processes, ADMIN, USER)
    board, application, reported = Board(State(name, chosen.generation)), SchemaOnly(tools), Silent()
    member = Member(
        name=name,
        settings=chosen,
        database=database,
        application=application,
        front=front,
        board=board,
        ask=ask,
        reported=reported,
        mark=folder / name / "open",
        deadline=float("inf"),
    )
    return Side(name, member, database, processes, front, application, reported, board)


class World:
    """Two members that see each other's state directly; each is stepped by a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.tools = Tools(h2_jar(), folder / "run")
        self.sides: dict[str, Side] = {}
        self._ended = threading.Event()
        for name in "ab":
            other = "b" if name == "a" else "a"
            chosen, front = settings(self.port), RecordedFront()
            self.sides[name] = side(name, folder, chosen, front, functools.partial(self.ask, other))
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in self.sides.values()]

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

    def _run(self, one: Side) -> None:
        while not self._ended.wait(0.05):
            one.member.tick()

    def serving(self) -> bool:
        """Return whether both serve and know that the pair is formed."""
        states = [one.board.state for one in self.sides.values()]
        return all(state.phase == "serving" and state.formed and not state.holds for state in states)

    def await_serving(self, within: float = 30) -> None:
        """Wait until both serve."""
        poll(self.serving, within=within, every=0.05)

    def query(self, name: str, statement: str) -> list[str]:
        """Return the rows that one server alone has."""
        url = f"jdbc:h2:tcp://{ADDRESSES[name]}:{self.port}/./connections;CLUSTER=TRUE;IFEXISTS=TRUE"
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
