"""Three ways to one H2 pair: straight, through Muster's gates, and through a forwarder in C that looks at nothing."""

import contextlib
import multiprocessing
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from musternode.h2 import clock
from musternode.h2.gate import Gate
from musternode.h2.handshake import Policy
from operations import ROOT
from operations.bench_h2 import ADMIN, USER, Server, h2_jar, until
from operations.errors import Failure

SOURCES = ROOT / "rehearsal" / "bench"
NEEDED = {"cc": "gcc libc6-dev", "javac": "openjdk-17-jdk-headless", "java": "openjdk-17-jre-headless"}
"""Programs that the measurement needs, and the Debian packages that have them."""
LEASE, RENEWAL = 2.0, 0.3
"""Seconds, as on a node."""


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
    """Yield the three ways to a running pair; `folder` is where `build` was. All ends with the block."""
    with contextlib.ExitStack() as stack:
        ports = (_free_port(), _free_port())
        for port in ports:
            server = Server(port, folder / str(port))
            stack.callback(server.kill, "")
            server.start("")
            _reachable(port)
        made = []
        for name, hop in (("ungated", None), ("gate", _gate), ("forwarder", _forwarder)):
            fronts = ports if hop is None else (_free_port(), _free_port())
            servers = ",".join(f"127.0.0.1:{front}" for front in fronts)
            if hop is not None:
                for front, port in zip(fronts, ports, strict=True):
                    hop(stack, folder, front, port, Policy(name, servers, ADMIN.username))
            made.append(Way(name, f"jdbc:h2:tcp://{servers}/./{name}"))
        _arm(folder, ports, made)
        yield made


def _gate(stack: contextlib.ExitStack, _: Path, front: int, port: int, policy: Policy) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    gate = context.Process(target=_serve, args=(there, front, port, policy), daemon=True)
    gate.start()
    stack.callback(gate.join)
    stack.callback(gate.terminate)
    if not here.poll(30):
        raise Failure("the gate did not open")


def _serve(parent: Connection, front: int, port: int, policy: Policy) -> None:
    """Be a gate whose lease is renewed as a node's is; its parent ends it."""
    gate = Gate(("127.0.0.1", front), ("127.0.0.1", port), policy, lambda _: None)
    gate.start()
    gate.lease(clock.now() + LEASE)
    if gate.open():
        parent.send("open")
    while True:
        time.sleep(RENEWAL)
        gate.lease(clock.now() + LEASE)


def _forwarder(stack: contextlib.ExitStack, folder: Path, front: int, port: int, _: Policy) -> None:
    command = [str(folder / "forwarder"), str(front), str(port)]
    made = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(made.kill)
    assert made.stdout is not None
    if made.stdout.readline() != "open\n":
        raise Failure("the forwarder did not start")


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
