"""No write is acknowledged by one server alone while the pair is formed anew: real nftables, two namespaces."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from musternode import state
from musternode.h2 import text
from musternode.h2.session import Session
from musternode.h2.tools import H2Error, Tools
from rehearsal import netns, places
from rehearsal.poll import poll
from tests.node_support import ADMIN, USER, h2_jar

pytestmark = pytest.mark.host
ADDRESSES = {"a": "10.99.77.1", "b": "10.99.77.2"}
SERVERS = ",".join(f"{address}:9092" for address in ADDRESSES.values())
PREFIX = f"{places.NAMESPACE_PREFIX}t-"
WRITERS = 3


@dataclass
class Writer:
    """A client of the pair that writes numbers through it, one after the other, and remembers which were taken."""

    namespace: str
    tools: Tools
    place: int
    taken: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Write until the end is set; connect anew after each error."""
        number = self.place
        while not self.ended.is_set():
            with contextlib.suppress(H2Error):
                session = netns.call_in(self.namespace, self._connect)
                with session:
                    while not self.ended.is_set():
                        number += WRITERS
                        session.execute(f"INSERT INTO PLAIN VALUES({number}, 'w')")
                        self.taken.append(number)

    def _connect(self) -> Session:
        return Session(self.tools, text.url(SERVERS, "connections"), USER)


@dataclass
class Couple:
    """Two members as processes, each in a namespace of its own, joined by one wire."""

    namespaces: dict[str, str]
    members: dict[str, "subprocess.Popen[bytes]"]
    tools: Tools

    def state(self, name: str) -> state.State | None:
        """Return what member `name` says of itself."""
        return netns.call_in(self.namespaces[name], functools.partial(state.ask, ADDRESSES[name], 9093))

    def serving(self) -> bool:
        """Return whether both serve."""
        states = [self.state(name) for name in ADDRESSES]
        return all(one is not None and one.phase == "serving" and one.formed and not one.holds for one in states)

    def rows(self, name: str) -> tuple[set[int], str]:
        """Return the numbers that one server alone has, and the digest of its copy."""
        url = text.probe(f"{ADDRESSES[name]}:9092", "connections")

        def read() -> tuple[set[int], str]:
            with Session(self.tools, url, ADMIN) as session:
                return set(map(int, session.query("SELECT A FROM PLAIN WHERE B = 'w'"))), str(session.digest())

        return netns.call_in(self.namespaces[name], read)


@contextlib.contextmanager
def couple(folder: Path, *flags: str) -> Iterator[Couple]:
    """Yield a formed couple, and remove it."""
    namespaces = {name: f"{PREFIX}{os.getpid()}{name}" for name in ADDRESSES}
    with contextlib.ExitStack() as stack:
        for namespace in namespaces.values():
            netns.add(namespace)
            stack.callback(netns.remove, namespace)
        _wire(namespaces)
        members: dict[str, subprocess.Popen[bytes]] = {}
        for name, namespace in namespaces.items():
            command = [
                sys.executable,
                "-m",
                "tests.node_process",
                name,
                str(folder / name),
                *ADDRESSES.values(),
                *flags,
            ]
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            members[name] = netns.call_in(namespace, functools.partial(_start, command, log))
            stack.callback(_end, members[name])
        made = Couple(namespaces, members, Tools(h2_jar(), folder / "run"))
        poll(made.serving, within=40)
        yield made


def _start(command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)


def _end(member: "subprocess.Popen[bytes]") -> None:
    assert member.stdin is not None
    member.stdin.close()
    member.wait(timeout=60)


def _wire(namespaces: dict[str, str]) -> None:
    a, b = namespaces["a"], namespaces["b"]
    subprocess.run(["ip", "link", "add", "w", "netns", a, "type", "veth", "peer", "name", "w", "netns", b], check=True)
    for name, namespace in namespaces.items():
        for words in ("link set lo up", "link set w up", f"addr add {ADDRESSES[name]}/24 dev w"):
            subprocess.run(["ip", "-n", namespace, *words.split()], check=True)


@contextlib.contextmanager
def writing(made: Couple, name: str) -> Iterator[list[Writer]]:
    """Yield clients on node `name` that write all the time; at the end they have stopped."""
    writers = [Writer(made.namespaces[name], made.tools, place) for place in range(WRITERS)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        poll(lambda: all(len(writer.taken) > 20 for writer in writers), within=20)
        yield writers
    finally:
        for writer in writers:
            writer.ended.set()
        for thread in threads:
            thread.join()


def _rejoin(made: Couple, killed: str, other: str) -> list[Writer]:
    """Kill the server of `killed` under writes and let it be formed anew; return the writers, which have stopped."""
    with writing(made, other) as writers:
        made.members[killed].send_signal(signal.SIGUSR1)
        poll(lambda: not made.serving(), within=10, every=0.02)
        poll(made.serving, within=40)
        counts = [len(writer.taken) for writer in writers]
        poll(lambda: all(len(one.taken) > count + 20 for one, count in zip(writers, counts, strict=True)), within=20)
    return writers


def test_every_write_taken_while_a_server_is_formed_anew_is_in_both_copies(tmp_path: Path) -> None:
    with couple(tmp_path) as made:
        for killed, other in (("b", "a"), ("a", "b")):
            taken = {number for writer in _rejoin(made, killed, other) for number in writer.taken}
            (first, digest), (second, other_digest) = (made.rows(name) for name in ADDRESSES)
            assert taken - first == set()
            assert taken - second == set()
            assert digest == other_digest


def test_without_keeping_clients_from_the_source_the_pair_is_not_formed_under_writes(tmp_path: Path) -> None:
    """The control: the source stays open to its own clients; what they write after the copy is in one alone."""
    with couple(tmp_path, "leaky") as made, writing(made, "a"):
        made.members["b"].send_signal(signal.SIGUSR1)
        failed = poll(lambda: (now := made.state("b")) is not None and now.failure, within=40)
    assert "could not be formed in 3 tries" in str(failed)
