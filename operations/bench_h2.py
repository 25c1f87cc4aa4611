"""Real H2 servers on this machine's loopback, and a client that writes to one of them and keeps a record."""

import contextlib
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from musternode.aws import Credentials
from musternode.h2.database import Database, Pair
from musternode.h2.faults import H2Error
from musternode.h2.session import Session
from musternode.h2.store import Store
from musternode.h2.tools import Tools
from musternode.h2.wire import Wire
from operations.errors import Failure
from rehearsal.doubles import BuildError, h2

H2 = "1.4.199"
ADMIN = Credentials("sa", "benchmark")
USER = Credentials("application", "benchmark")
NAME = "connections"
BATCH = 20_000
"""Rows that one statement inserts."""
PAUSE = 0.02
"""Seconds after a refused write before the next try."""


def h2_jar() -> Path:
    """Return the jar of the H2 that the product ships, fetched once by Maven; raises `Failure`."""
    try:
        return h2.jar(H2)
    except BuildError as error:
        raise Failure(str(error)) from None


class Server:
    """An H2 server as a child of this process, with the options of the node's unit."""

    def __init__(self, port: int, folder: Path) -> None:
        self._command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-Dh2.bindAddress=127.0.0.1"]
        self._command += ["-cp", str(h2_jar()), "org.h2.tools.Server", "-tcp", "-tcpPort", str(port)]
        self._command += ["-baseDir", str(folder), "-ifNotExists", "-properties", "null"]
        self._child: subprocess.Popen[bytes] | None = None
        self._run = ""

    def start(self, _unit: str) -> None:
        """Start it."""
        try:
            self._child = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise Failure("java is not installed (apt-get install openjdk-17-jdk-headless)") from None
        self._run = uuid.uuid4().hex

    def stop(self, _unit: str) -> None:
        """End it by SIGTERM and wait."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()

    def kill(self, _unit: str) -> None:
        """End it by SIGKILL and wait."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def restart(self, unit: str) -> None:
        """Stop and start it."""
        self.stop(unit)
        self.start(unit)

    def running(self, _unit: str) -> bool:
        """Return whether it lives."""
        return self._child is not None and self._child.poll() is None

    def run_id(self, _unit: str) -> str:
        """Return another id for each start."""
        return self._run

    def last_words(self, _unit: str) -> str:
        """Return nothing: it is not listened to."""
        return "nothing"


def database(folder: Path, port: int, ports: tuple[int, int]) -> Database:
    """Return the database of a server on `port` with its files in `folder`, one of a pair on `ports`."""
    base = folder / "h2"
    pair = Pair([f"127.0.0.1:{one}" for one in ports], f"127.0.0.1:{port}", NAME)
    return Database(pair, Tools(h2_jar(), folder / "run"), Store(base, NAME), Server(port, base), ADMIN, USER)


def fill(folder: Path, url: str, megabytes: int) -> None:
    """Make a table of 1000 rows of 1 KiB for each of `megabytes`, and an empty one for a writer."""
    row = "X, REPEAT(RAWTOHEX(HASH('SHA256', STRINGTOUTF8(X), 1)), 4)"  # RAWTOHEX writes 4 digits for each character
    with Session(Tools(h2_jar(), folder / "run"), url, ADMIN) as session:
        session.execute(
            "CREATE TABLE WRITTEN(ID INT PRIMARY KEY, TEXT VARCHAR)",
            "CREATE TABLE CONTENT(ID INT PRIMARY KEY, TEXT VARCHAR)",
        )
        for first in range(1, megabytes * 1000 + 1, BATCH):
            last = min(first + BATCH - 1, megabytes * 1000)
            session.execute(f"INSERT INTO CONTENT SELECT {row} FROM SYSTEM_RANGE({first}, {last})")  # noqa: S608 - numbers


class Writer:
    """Writes row after row to one server, as fast as it takes them, and remembers when it was refused."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._wire: Wire | None = None
        self._shut = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._refused_since: float | None = None
        self._windows: list[float] = []
        self.accepted = 0

    @contextlib.contextmanager
    def writing(self) -> Iterator["Writer"]:
        """Write as long as the block lasts."""
        self._thread.start()
        try:
            yield self
        finally:
            self._done.set()
            self._thread.join()

    @contextlib.contextmanager
    def shut_out(self) -> Iterator[None]:
        """Refuse it the way in, as a gate does, as long as the block lasts; it has left when the block begins."""
        self._shut.set()
        until(lambda: self._wire is None)
        yield
        self._shut.clear()

    def window(self) -> float:
        """Return the longest time without an accepted write, in seconds, and forget it; it must be over soon."""
        until(lambda: self._refused_since is None and bool(self._windows))
        longest = max(self._windows)
        self._windows.clear()
        return longest

    def forget(self) -> None:
        """Forget when it was refused; that must be over soon."""
        until(lambda: self._refused_since is None)
        self._windows.clear()

    def _run(self) -> None:
        while not self._done.is_set():
            began = time.monotonic()
            if self._shut.is_set() or not self._write():
                self._refused_since = self._refused_since or began
                self._leave()
                time.sleep(PAUSE)
            elif self._refused_since is not None:
                self._windows.append(time.monotonic() - self._refused_since)
                self._refused_since = None
        self._leave()

    def _write(self) -> bool:
        try:
            self._wire = self._wire or Wire(self._server, NAME, ADMIN)
            self._wire.execute(f"INSERT INTO WRITTEN(ID, TEXT) VALUES({self.accepted}, SPACE(200))")
        except H2Error:
            return False
        self.accepted += 1
        return True

    def _leave(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def until(condition: Callable[[], bool], within: float = 120.0) -> None:
    """Wait for `condition`; raises `Failure` after `within` seconds."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"the benchmark waited {within:g} s in vain; look at the load of this machine")
        time.sleep(0.002)
