"""What the gate's process does while it is stopped, and that it costs nothing while nothing happens."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from musternode.h2.link import NEEDLE
from rehearsal import netns
from rehearsal.poll import poll
from tests import wired_hosts
from tests.conftest import ROOT
from tests.gate_support import HELLO, PATIENCE, Client, Seen, Upstream, echo, free_port, swallow

TICKS = os.sysconf("SC_CLK_TCK")
BUSY = 0.1
"""Share of a processor from which on a process counts as spinning; a loop that spins takes all it gets."""


@dataclass
class Process:
    """A gate in a process of its own."""

    child: "subprocess.Popen[str]"
    address: tuple[str, int]

    def share(self, seconds: float = 1.0) -> float:
        """Return the share of a processor that it uses during the next `seconds`."""
        before, began = self._ticks(), time.monotonic()
        time.sleep(seconds)
        return (self._ticks() - before) / TICKS / (time.monotonic() - began)

    def said(self) -> str:
        """Return its next line."""
        assert self.child.stdout is not None
        return self.child.stdout.readline().strip()

    def lease(self, seconds: float) -> None:
        """Give it a lease of so many seconds from now."""
        assert self.child.stdin is not None
        self.child.stdin.write(f"{seconds}\n")
        self.child.stdin.flush()
        assert self.said() == "leased"

    def stopped(self) -> bool:
        """Return whether it is stopped by a signal."""
        return self._stat()[0] == "T"

    def _ticks(self) -> int:
        fields = self._stat()
        return int(fields[11]) + int(fields[12])

    def _stat(self) -> list[str]:
        return Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()


@contextlib.contextmanager
def process(upstream: Upstream, lease: float, *flags: str) -> Iterator[Process]:
    """Yield an open gate before `upstream`."""
    with process_at(("127.0.0.1", free_port()), upstream.address, lease, *flags) as made:
        yield made


@contextlib.contextmanager
def process_at(
    listen: tuple[str, int], upstream: tuple[str, int], lease: float, *flags: str, within: Sequence[str] = ()
) -> Iterator[Process]:
    """Yield an open gate between two addresses, started by the command `within`."""
    ends = ["{}:{}".format(*listen), "{}:{}".format(*upstream)]
    command = [*within, sys.executable, "-m", "tests.gate_process", *ends, str(lease), *flags]
    path = os.pathsep.join([str(ROOT), str(ROOT / "assets/node")])
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        try:
            made = Process(child, listen)
            assert made.said() == "open"
            yield made
        finally:
            child.kill()
            child.wait()


@contextlib.contextmanager
def behind(behave: Callable[[Seen], None] = swallow) -> Iterator[Upstream]:
    """Yield an upstream."""
    made = Upstream(behave)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def stopped_meanwhile(lease: float) -> Iterator[tuple[Client, Seen]]:
    """Yield a client that sent two bytes while its gate was stopped for 1.5 s, and what the upstream sees."""
    with behind() as upstream, process(upstream, 60.0) as gate:
        client = Client(gate.address)
        poll(lambda: upstream.seen and upstream.seen[0].data == HELLO, within=PATIENCE)
        gate.lease(lease)
        gate.child.send_signal(signal.SIGSTOP)
        poll(gate.stopped, within=PATIENCE, every=0.01)
        client.send(b"..")
        time.sleep(1.5)  # the lease ends meanwhile, or not
        gate.child.send_signal(signal.SIGCONT)
        yield client, upstream.seen[0]


def test_a_gate_that_was_stopped_past_its_lease_forwards_nothing() -> None:
    with stopped_meanwhile(lease=1.0) as (client, seen):
        assert client.was_reset()
        assert seen.data == HELLO


def test_a_gate_that_was_stopped_within_its_lease_forwards_what_came() -> None:
    """The control."""
    with stopped_meanwhile(lease=60.0) as (_, seen):
        seen.has(HELLO + b"..")


def _flooded(*flags: str) -> tuple[float, bool, bool]:
    """Let more clients connect than a gate has descriptors for.

    Return what it uses of a processor meanwhile, whether an earlier client is served still, and whether a new one is
    once the others have left.
    """
    with behind(echo) as upstream, process(upstream, 60.0, "descriptors=32", *flags) as gate:
        early = Client(gate.address)
        assert early.take(len(HELLO)) == HELLO
        flood = [_connecting(gate.address) for _ in range(60)]
        time.sleep(0.2)
        share = gate.share()
        early.send(b"question")
        served = early.take(8) == b"question"
        for client in flood:
            client.close()
        return share, served, _served_again(gate.address)


def _connecting(address: tuple[str, int]) -> socket.socket:
    """Return a client that was told to connect; what comes of it is not waited for."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    return client


def _served_again(address: tuple[str, int]) -> bool:
    def served() -> bool:
        with contextlib.suppress(OSError):
            client = Client(address)
            with client.socket:
                return client.take(len(HELLO)) == HELLO
        return False

    return poll(served, within=PATIENCE)


def test_a_gate_without_descriptors_does_not_spin_and_serves_on() -> None:
    """The control is a gate without a descriptor in reserve: clients whom nobody turns away wake it again and again."""
    share, served, again = _flooded()
    assert share < _flooded("no-reserve")[0] / 4
    assert served
    assert again


def _answer_much_and_leave(one: Seen) -> None:
    swallow(one)
    one.socket.sendall(bytes(1 << 20))


def test_a_client_that_takes_nothing_after_both_ends_costs_no_processor() -> None:
    with behind(_answer_much_and_leave) as upstream, process(upstream, 60.0) as gate:
        client = Client(gate.address)
        client.socket.shutdown(socket.SHUT_WR)
        poll(lambda: upstream.seen, within=PATIENCE)
        time.sleep(0.3)
        assert gate.share() < BUSY
        assert len(client.take(2 << 20)) == 1 << 20


def test_a_held_client_costs_no_processor() -> None:
    with behind() as upstream, process(upstream, 60.0) as gate:
        client = Client(gate.address)
        client.send(NEEDLE)
        assert gate.said() == "hit 1"
        client.socket.shutdown(socket.SHUT_WR)
        assert gate.share() < BUSY


@pytest.mark.host
def test_a_client_whose_machine_fell_silent_is_dropped_in_seconds_and_one_that_is_only_quiet_is_not() -> None:
    """Its session would keep its locks in H2 for two hours otherwise (tcp(7), tcp_keepalive_time)."""
    with wired_hosts.hosts() as hosts:
        b, address = hosts.names["b"], wired_hosts.ADDRESSES["b"]
        within, upstream = ["ip", "netns", "exec", b], (address, wired_hosts.PORT)
        with process_at((address, 9095), upstream, 60.0, within=within) as gate:
            clients = [netns.connect_in(name, gate.address, PATIENCE) for name in hosts.names.values()]
            for client in clients:
                client.sendall(HELLO)
                poll(partial(_echoed, client), within=PATIENCE)
            hosts.silence()
            began = time.monotonic()
            poll(lambda: _established(b, wired_hosts.PORT) == 1, within=15)
            assert time.monotonic() - began > 3
            wired_hosts.says(clients[1])


def _echoed(client: socket.socket) -> bool:
    return client.recv(len(HELLO)) != b""


def _established(namespace: str, port: int) -> int:
    """Return how many clients a server in `namespace` has on `port`."""
    done = wired_hosts.run_in(namespace, ["ss", "-Htn", "state", "established", "sport", "=", f":{port}"])
    return len(done.stdout.splitlines())
