"""Four ways to one H2 pair: straight, through Muster's gates, and through plain forwarders in C and in Python."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from musternode.h2.handshake import Policy
from operations import ROOT
from operations.bench_h2 import ADMIN, USER, Server, h2_jar, until
from operations.errors import Failure

SOURCES = ROOT / "rehearsal" / "bench"
NEEDED = {"cc": "gcc libc6-dev", "javac": "openjdk-17-jdk-headless", "java": "openjdk-17-jre-headless"}
"""Programs that the measurement needs, and the Debian packages that have them."""


@dataclass(frozen=True)
class Way:
    """One way to the pair; each has a database of its own, for a database knows one server list only."""

    name: str
    url: str


class Client:
    """H2's own driver in one JVM that stays warm; a round trip takes `delay` microseconds more than the loopback's."""

    def __init__(self, classes: Path, delay: int) -> None:
        options = ["-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{h2_jar()}:{classes}"]
        self._child = subprocess.Popen(
            ["java", *options, "Load", str(delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def sql(self, url: str, user: str, statement: str) -> None:
        """Do one statement on a connection of its own; raises `Failure`."""
        self._ask("sql", url, user, statement)

    def load(self, url: str, connections: int, seconds: float) -> float:
        """Write rows on so many connections for so long; return rows a second. Raises `Failure`."""
        return float(self._ask("load", url, USER.username, str(connections), str(round(seconds * 1000))).split()[0])

    def end(self) -> None:
        """End the JVM."""
        self._child.kill()
        self._child.wait()

    def _ask(self, *fields: str) -> str:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write("\t".join(fields) + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline().strip()
        if not answer:
            raise Failure(f"the benchmark's client failed at `{fields[0]}` (its words are above)")
        return answer


def python() -> str:
    """Return the Python that runs the gate: the distribution's, as on a node, which is built to be fast."""
    return shutil.which("python3", path="/usr/bin:/bin") or sys.executable


def build(folder: Path) -> None:
    """Compile client and forwarder into `folder`; raises `Failure` naming what is missing."""
    if missing := [package for program, package in NEEDED.items() if shutil.which(program) is None]:
        raise Failure(f"the benchmark needs a C and a Java compiler: apt-get install {' '.join(missing)}")
    java = [str(SOURCES / name) for name in ("Load.java", "SlowSocket.java")]
    for command in (
        ["javac", "-nowarn", "-cp", str(h2_jar()), "-d", str(folder), *java],
        ["cc", "-O2", "-o", str(folder / "forwarder"), str(SOURCES / "forwarder.c")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"{command[0]} failed: {(done.stderr or done.stdout).strip().splitlines()[0]}")


@contextlib.contextmanager
def ways(folder: Path) -> Iterator[Sequence[Way]]:
    """Yield the four ways to a running pair; `folder` is where `build` was. All ends with the block."""
    with contextlib.ExitStack() as stack:
        ports = (_free_port(), _free_port())
        for port in ports:
            server = Server(port, folder / str(port))
            stack.callback(server.kill, "")
            server.start("")
            _reachable(port)
        made = []
        for name, hop in (("ungated", None), ("gate", _gate), ("forwarder", _forwarder), ("python", _plain_python)):
            fronts = ports if hop is None else (_free_port(), _free_port())
            servers = ",".join(f"127.0.0.1:{front}" for front in fronts)
            if hop is not None:
                for front, port in zip(fronts, ports, strict=True):
                    hop(stack, folder, front, port, Policy(name, servers, ADMIN.username))
            made.append(Way(name, f"jdbc:h2:tcp://{servers}/./{name}"))
        _arm(folder, ports, made)
        yield made


def _gate(stack: contextlib.ExitStack, _: Path, front: int, port: int, policy: Policy) -> None:
    command = [python(), str(SOURCES / "gate.py"), str(front), str(port), *astuple(policy)]
    _hop(stack, command, {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "assets" / "node")})


def _forwarder(stack: contextlib.ExitStack, folder: Path, front: int, port: int, _: Policy) -> None:
    _hop(stack, [str(folder / "forwarder"), str(front), str(port)], {})


def _plain_python(stack: contextlib.ExitStack, _: Path, front: int, port: int, __: Policy) -> None:
    _hop(stack, [python(), str(SOURCES / "forwarder.py"), str(front), str(port)], {})


def _hop(stack: contextlib.ExitStack, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start a program that says `open` once it listens; it ends with `stack`."""
    made = stack.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    )
    stack.callback(made.kill)
    assert made.stdout is not None
    if made.stdout.readline() != "open\n":
        raise Failure(f"{command[0]} did not start as a hop of the benchmark (its words are above)")


def _arm(folder: Path, ports: Sequence[int], made: Sequence[Way]) -> None:
    """Make the database of each way on both servers, and both hold its list."""
    client = Client(folder, 0)
    try:
        for way in made:
            servers = way.url.partition("//")[2].partition("/")[0]
            for port in ports:
                for statement in (
                    "CREATE TABLE T(A INT, B INT)",
                    f"CREATE USER {USER.username} PASSWORD '{USER.password}'",
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON T TO {USER.username}",
                    f"SET CLUSTER '{servers}'",
                ):
                    client.sql(f"jdbc:h2:tcp://127.0.0.1:{port}/./{way.name}", ADMIN.username, statement)
    finally:
        client.end()


def _reachable(port: int) -> None:
    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    until(answers, within=60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
