"""Real H2 servers and H2's own driver, with gates in front or without."""

import atexit
import base64
import contextlib
import functools
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from musternode.h2 import clock
from musternode.h2.gate import Gate
from musternode.h2.handshake import Policy
from rehearsal.doubles import h2
from rehearsal.poll import poll
from tests.conftest import ROOT
from tests.gate_support import free_port

OLD, NEW = "1.4.199", "2.4.240"
ADMIN, ADMIN_PASSWORD = "sa", "a'd\"m;i n\\${x:y}--;"
USER, PASSWORD = "app", "p'w\"d; \\o${rd} \u20ac/*;"
QUICK_START = ("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
MAIN = "org.h2.tools.Server"


def jar(version: str = OLD) -> Path:
    """Return the jar of that H2, fetched once by Maven and compared with its pin."""
    return h2.jar(version)


@functools.cache
def compiled() -> str:
    """Return a folder with the compiled Driver.java."""
    folder = tempfile.mkdtemp(prefix="driver-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["javac", "-d", folder, str(ROOT / "tests/fixtures/Driver.java")], check=True)
    return folder


@dataclass
class Server:
    """One H2 server process on a loopback address of its own."""

    address: tuple[str, int]
    folder: Path
    version: str = OLD
    options: tuple[str, ...] = ()
    child: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        host, port = self.address
        java = ["java", *QUICK_START, f"-Dh2.bindAddress={host}", "-cp", str(jar(self.version)), MAIN]
        options = ["-tcp", "-tcpPort", str(port), "-tcpAllowOthers", "-ifNotExists", "-baseDir", str(self.folder)]
        command = [*java, *options, "-properties", "null", *self.options]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        assert b"server running" in line, line

    def kill(self) -> float:
        """Kill it as a crash would; return when it was gone, in seconds since 1970."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            assert self.child.stdout is not None
            self.child.stdout.close()
        return time.time()


class Driver:
    """The driver in a JVM of its own; `mode` is one of Driver.java. At the end of the block it is gone."""

    def __init__(self, mode: str, url: str, user: str, password: str, version: str = OLD) -> None:
        java = ["java", *QUICK_START, "-Dh2.socketConnectRetry=0", "-Dfile.encoding=UTF-8"]
        command = [*java, "-cp", f"{jar(version)}:{compiled()}", "Driver", mode, url, user]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._say(base64.b64encode(password.encode()).decode())

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):
                assert stream is not None
                stream.close()

    def do(self, statement: str) -> str:
        """Return the answer to a statement."""
        self._say(statement)
        return self.line()

    def line(self, within: float = 60.0) -> str:
        """Return the next line that it says."""
        return self._lines.get(timeout=within)

    def lines(self) -> list[str]:
        """Return what it has said since the last time."""
        said = []
        with contextlib.suppress(queue.Empty):
            while True:
                said.append(self._lines.get_nowait())
        return said

    def finish(self) -> None:
        """Let writers end by themselves."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=60)

    def _say(self, line: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()

    def _read(self) -> None:
        assert self._child.stdout is not None
        with contextlib.suppress(ValueError):
            for line in self._child.stdout:
                self._lines.put(line.rstrip("\n"))


def ask(url: str, *statements: str, user: str = ADMIN, password: str = ADMIN_PASSWORD, version: str = OLD) -> list[str]:
    """Return the answers to the log-in and, if that worked, to each statement."""
    with Driver("sql", url, user, password, version) as driver:
        first = driver.line()
        return [first, *(driver.do(one) for one in statements)] if first == "OK" else [first]


@dataclass
class Writers:
    """What four writers have said: rows with the time of their acknowledgement, and the codes of faults."""

    driver: Driver
    acknowledged: dict[int, float] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)

    def look(self) -> "Writers":
        """Take in what was said since the last look."""
        for line in self.driver.lines():
            kind, number, *rest = line.split()
            if kind == "A":
                self.acknowledged[int(number)] = int(rest[0]) / 1000
            else:
                self.faults.append(int(number))
        return self

    def after(self, moment: float) -> int:
        """Return how many rows were acknowledged later than `moment`."""
        return sum(when > moment for when in self.acknowledged.values())


@dataclass
class GatedPair:
    """Two servers that hold one list, and a gate before each if `gates` are there."""

    servers: list[Server]
    gates: list[Gate]
    url: str
    version: str

    def rows(self, place: int) -> set[int]:
        """Return the rows that one server has."""
        host, port = self.servers[place].address
        url = f"jdbc:h2:tcp://{host}:{port}/./connections;CLUSTER=TRUE;IFEXISTS=TRUE"
        _, answer = ask(url, "SELECT A FROM T", version=self.version)
        return set(map(int, answer.split()[1:]))

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writers]:
        """Yield writers who write through the whole list, each at work."""
        with Driver("write", self.url, USER, PASSWORD, self.version) as driver:
            writers = Writers(driver)
            poll(lambda: len(writers.look().acknowledged) > 400, within=60)
            yield writers


@contextlib.contextmanager
def pair(folder: Path, version: str = OLD, *, decide: Callable[[], bool] | None) -> Iterator[GatedPair]:
    """Yield a pair whose gates let a held client go on as `decide` says; without it there are no gates."""
    port = free_port()
    servers = [Server((f"127.0.9.{place}", port), folder / str(place), version) for place in (1, 2)]
    fronts = [f"127.0.8.{place}" if decide else f"127.0.9.{place}" for place in (1, 2)]
    servers_list = ",".join(f"{front}:{port}" for front in fronts)
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(server.kill)
            server.start()
            _prepare(server, servers_list)
        made = GatedPair(servers, [], f"jdbc:h2:tcp://{servers_list}/./connections", version)
        for server, front in zip(servers, fronts, strict=True):
            if decide:
                policy = Policy("connections", servers_list, ADMIN)
                made.gates.append(stack.enter_context(gate((front, port), server.address, policy, decide)))
        yield made


@contextlib.contextmanager
def gate(
    listen: tuple[str, int], upstream: tuple[str, int], policy: Policy, decide: Callable[[], bool]
) -> Iterator[Gate]:
    """Yield an open gate that decides each hit as `decide` says, in a thread of its own as the keeper does."""
    hits: queue.SimpleQueue[int] = queue.SimpleQueue()
    made = Gate(listen, upstream, policy, hits.put)

    def keep() -> None:
        while hit := hits.get():
            made.decide(hit, decide())

    thread = threading.Thread(target=keep)
    thread.start()
    made.start()
    made.lease(clock.now() + 600)
    try:
        assert made.open()
        yield made
    finally:
        made.stop()
        hits.put(0)
        thread.join()


def _prepare(server: Server, servers: str) -> None:
    host, port = server.address
    hexadecimal = "".join(f"\\u{ord(one):04x}" for one in PASSWORD)
    answers = ask(
        f"jdbc:h2:tcp://{host}:{port}/./connections",
        "CREATE TABLE T(A INT PRIMARY KEY)",
        f"CREATE USER APP PASSWORD STRINGDECODE('{hexadecimal}')",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON T TO APP",
        "CHECKPOINT SYNC",
        f"SET CLUSTER '{servers}'",
        version=server.version,
    )
    assert set(answers) == {"OK"}, answers
