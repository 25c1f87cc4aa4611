"""The product's own cluster guide as real processes: two H2 servers, CreateCluster, two applications as user sa.

Nothing watches over them: what dies stays dead until somebody starts it again by the same line. Everything listens on
loopback alone, as that line (`-tcpAllowOthers -ifNotExists`) lets whoever reaches the port run programs.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.checks import inside_h2
from rehearsal.checks.acknowledged import Kept, entries_of
from rehearsal.checks.h2 import DUMP
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import Answer
from rehearsal.writers.client import Place
from rehearsal.writers.load import PATIENCE

NODES = ("a", "b")
USER, PASSWORD, DATABASE = "sa", "password", "connections"
LISTENS_WITHIN, HEALTHY_WITHIN = 30.0, 90.0
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class RecipeError(Exception):
    """The recipe could not be followed; the text is one line that says where."""


class Line:
    """A kept-alive connection to one application on loopback (`rehearsal.writers.client.Line`)."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the answer; raises `OSError` or `http.client.HTTPException`, after which the connection is new."""
        self._connection.request(method, path, body, {"Content-Type": "text/plain; charset=utf-8"})
        answer = self._connection.getresponse()
        return Answer(answer.status, {}, answer.read())

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        self._connection.close()


@dataclass
class Recipe:
    """The processes of one cluster, by name: `h2-a`, `application-a` and so on; files below `folder`."""

    folder: Path
    jar: Path
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take free ports, and the H2 that travels in the application's jar."""
        names = [f"{kind}-{node}" for kind in ("h2", "application") for node in NODES]
        self.ports = dict(zip(names, _free_ports(len(names)), strict=True))
        with zipfile.ZipFile(self.jar) as archive:
            (inner,) = (name for name in archive.namelist() if inside_h2.H2_IN_JAR.fullmatch(name))
            (self.folder / "h2.jar").write_bytes(archive.read(inner))

    @property
    def servers(self) -> str:
        """The server list, in the one order that all use."""
        return ",".join(f"127.0.0.1:{self.ports[f'h2-{node}']}" for node in NODES)

    def form(self) -> None:
        """Follow the guide from two empty folders to two applications that answer."""
        for node in NODES:
            self.start_h2(node)
        self._create_cluster()
        for node in NODES:  # one after the other: the first makes the table
            self.start_application(node)

    def start_h2(self, node: str) -> None:
        """Start a node's server by the guide's line, on whatever its folder holds, and wait until it listens."""
        base, port = self.folder / f"database-{node}", self.ports[f"h2-{node}"]
        base.mkdir(exist_ok=True)
        tool = ("org.h2.tools.Server", "-tcp", "-tcpAllowOthers", "-tcpPort", str(port), "-ifNotExists")
        command = ("java", *QUICK, "-Dh2.bindAddress=127.0.0.1", "-cp", str(self.folder / "h2.jar"), *tool)
        self._start(f"h2-{node}", (*command, "-baseDir", str(base)))
        poll(lambda: _listens(port), within=LISTENS_WITHIN, every=0.05)

    def _create_cluster(self) -> None:
        source, target = (self._url(node) for node in NODES)
        tool = ("org.h2.tools.CreateCluster", "-urlSource", source, "-urlTarget", target, "-user", USER)
        command = ("java", *QUICK, "-cp", str(self.folder / "h2.jar"), *tool, "-password", PASSWORD)
        done = subprocess.run((*command, "-serverList", self.servers), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RecipeError(
                f"CreateCluster ended with {done.returncode}: {(done.stderr or done.stdout).strip()[:200]}"
            )

    def start_application(self, node: str) -> None:
        """Start a node's application as the guide configures it; return when it is healthy."""
        home, port = self.folder / f"home-{node}", self.ports[f"application-{node}"]
        jar = home / "executable-jars" / self.jar.name
        for folder in (jar.parent, home / "config"):
            folder.mkdir(parents=True, exist_ok=True)
        if not jar.exists():
            shutil.copyfile(self.jar, jar)
            jar.chmod(0o755)
        jar.with_suffix(".conf").write_text(f'JAVA_OPTS="-Dh2.clustering.enabled=true {" ".join(QUICK)}"\n')
        (home / "config/application.properties").write_text(
            f"spring.datasource.url=jdbc:h2:tcp://{self.servers}/./{DATABASE}\n"
            f"spring.datasource.username={USER}\nspring.datasource.password={PASSWORD}\n"
            f"server.port={port}\nserver.address=127.0.0.1\n"
        )
        place = {"SPRING_CONFIG_ADDITIONALLOCATION": f"{home}/config/"}
        self._start(f"application-{node}", (str(jar),), place)
        poll(lambda: self._healthy(node), within=HEALTHY_WITHIN)

    def _healthy(self, node: str) -> bool:
        child = self.running[f"application-{node}"]
        if child.poll() is not None:
            raise RecipeError(f"application {node} ended with {child.returncode}")
        try:
            code = Line(self.ports[f"application-{node}"]).request("GET", "/actuator/health").code
        except OSError as silence:
            raise NotYet(f"application {node}: {silence}") from None
        if code != 200:
            raise NotYet(f"application {node} answers {code}")
        return True

    def _start(self, name: str, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill a process (SIGKILL) with its children."""
        child = self.running.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def place(self, node: str) -> Place:
        """Return a node's application for the writers."""
        port = self.ports[f"application-{node}"]
        return Place(node, lambda: Line(port))

    def _url(self, node: str) -> str:
        return f"jdbc:h2:tcp://127.0.0.1:{self.ports[f'h2-{node}']}/./{DATABASE}"

    def copy(self, node: str) -> Kept:
        """Return what a node's server holds, asked alone and without changing anything."""
        given = {"jar": str(self.jar), "url": f"{self._url(node)};CLUSTER=TRUE;IFEXISTS=TRUE"}
        given |= {"user": USER, "password": PASSWORD, "statements": DUMP}
        with tempfile.TemporaryDirectory(prefix="h2-") as scratch:
            return Kept(node, entries_of(inside_h2.talk(given, Path(scratch))))

    def end(self) -> None:
        """Kill everything that runs."""
        for name in list(self.running):
            self.kill(name)


@contextmanager
def followed(folder: Path, jar: Path) -> Iterator[Recipe]:
    """Have a cluster made by the guide for the time of the block. `folder` is empty. Raises `RecipeError`."""
    recipe = Recipe(folder, jar)
    try:
        recipe.form()
        yield recipe
    finally:
        recipe.end()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(number: int) -> list[int]:
    """Return ports that were free a moment ago, each another one."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
