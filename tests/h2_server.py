"""A real H2 server on a loopback address, as systemd would run its unit, and a `Database` on it."""

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from musternode.aws import Credentials
from musternode.h2.database import UNIT, Database, Pair
from musternode.h2.session import Session
from musternode.h2.store import Store
from musternode.h2.tools import Tools
from musternode.h2.wire import Wire
from tests.double_support import free_port
from tests.node_support import ADMIN, USER, h2_jar

NAME = "connections"
VERSIONS = ("1.4.199", "2.4.240")
"""The guide's, and the newest that the protocol is known to work with."""


@dataclass
class Server:
    """The H2 server `version` on `address:port` with its files in `folder`; does what is asked of systemd."""

    folder: Path
    version: str = VERSIONS[0]
    address: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    child: "subprocess.Popen[bytes] | None" = None
    run: str = ""
    said: list[str] = field(default_factory=list)

    def start(self, unit: str) -> None:
        """Start the server."""
        assert unit == UNIT
        java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-Dh2.maxCompactTime=0", f"-Dh2.bindAddress={self.address}"]
        tool = ["-cp", str(h2_jar(self.version)), "org.h2.tools.Server", "-tcp", "-tcpPort", str(self.port)]
        rest = ["-baseDir", str(self.folder), "-ifNotExists", "-properties", "null"]
        self.child = subprocess.Popen([*java, *tool, *rest], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.run = uuid.uuid4().hex
        self.said.append("start")

    def stop(self, _: str) -> None:
        """Stop the server by SIGTERM."""
        self._end(signal.SIGTERM)

    def kill(self, _: str) -> None:
        """Kill the server."""
        self._end(signal.SIGKILL)

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

    def freeze(self) -> None:
        """Stop the server's every thread, and return when they stand."""
        assert self.child is not None
        self.child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.child is not None
        self.child.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        self.said.append(number.name)
        if self.child is not None:
            self.child.send_signal(number)
            self.child.wait()


@dataclass
class Held:
    """A database on its own server."""

    database: Database
    server: Server

    def session(self, timeout: float = 30.0) -> Wire:
        """Return an administrator's session."""
        return Wire(self.database.pair.local, NAME, ADMIN, timeout=timeout)

    def create(self, *statements: str) -> None:
        """Start the server on nothing and make the first data by `statements`, as the application would."""

        def make(url: str) -> None:
            with Session(Tools(h2_jar(self.server.version), self.server.folder.parent / "run"), url, ADMIN) as session:
                session.execute(*statements)

        self.database.seed(make)


@contextlib.contextmanager
def held(
    folder: Path, version: str = VERSIONS[0], peer: str = "127.0.0.1:1", user: Credentials = USER
) -> Iterator[Held]:
    """Yield a database whose server is stopped at the end."""
    server = Server(folder / "h2", version)
    own = f"127.0.0.1:{server.port}"
    pair = Pair([own, peer], own, NAME)
    database = Database(pair, Tools(h2_jar(version), folder / "run"), Store(folder / "h2", NAME), server, ADMIN, user)
    try:
        yield Held(database, server)
    finally:
        server.kill(UNIT)
