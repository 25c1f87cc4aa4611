"""The kernel's own lease and cut: real nftables and ss in two namespaces joined by a wire."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from musternode.failure import Failure
from musternode.h2.kernel import TABLE, Kernel, ruleset
from rehearsal.poll import poll
from tests import wired_hosts
from tests.wired_hosts import OTHER, PORT, Hosts, run_in, says


@dataclass
class Recorded:
    """Remembers commands instead of running them; the next `refusals` of them fail."""

    calls: list[tuple[list[str], str]] = field(default_factory=list)
    refusals: int = 0

    def __call__(self, argv: Sequence[str], *, given: str = "", **_: Any) -> "subprocess.CompletedProcess[str]":
        self.calls.append((list(argv), given))
        if self.refusals:
            self.refusals -= 1
            raise Failure("nft ended with code 1")
        return subprocess.CompletedProcess(argv, 0, "", "")


def test_an_ipv6_node_has_rules_of_its_own_family() -> None:
    run = Recorded()
    kernel = Kernel("fd00::1", PORT, "fd00::2", run)
    kernel.arm()
    kernel.cut()
    assert "ip6 daddr fd00::1 tcp dport 9092" in run.calls[0][1]
    assert "ip6 daddr fd00::2 tcp dport 9092" in run.calls[1][1]
    assert run.calls[2][0][:2] == ["ss", "-K"]


def test_the_rule_stands_before_any_filter_and_asks_for_no_state() -> None:
    text = ruleset("10.0.0.11", PORT)
    assert "hook input priority filter - 10" in text
    assert "ct state" not in text


def test_a_renewal_makes_the_rules_anew_if_the_firewall_was_flushed_and_fails_if_that_fails_too() -> None:
    run = Recorded(refusals=1)
    kernel = Kernel("10.0.0.11", PORT, "10.0.0.12", run)
    kernel.renew(2.0)
    (_, refused), (_, anew) = run.calls
    assert anew.startswith(ruleset("10.0.0.11", PORT))
    assert refused.endswith(lease := anew.removeprefix(ruleset("10.0.0.11", PORT)))
    assert "timeout 2000ms" in lease
    run.refusals = 2
    with pytest.raises(Failure):
        kernel.renew(2.0)


def test_rules_that_are_made_anew_hold_a_cut_that_is_in_force_and_none_that_is_over() -> None:
    run = Recorded()
    kernel = Kernel("10.0.0.11", PORT, "10.0.0.12", run)
    rule = f"add rule inet {TABLE} output ip daddr 10.0.0.12 tcp dport {PORT} reject with tcp reset"
    kernel.cut()
    run.refusals = 1
    kernel.renew(2.0)
    assert rule in run.calls[-1][1]
    kernel.restore()
    run.refusals = 1
    kernel.renew(2.0)
    assert rule not in run.calls[-1][1]


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with wired_hosts.hosts() as made:
        yield made


@pytest.mark.host
def test_an_armed_port_is_shut_to_new_and_established_connections_and_no_other_is(hosts: Hosts) -> None:
    connection, other = hosts.connect(), hosts.connect(OTHER)
    hosts.kernel("b").arm()
    with pytest.raises(ConnectionResetError):
        says(connection)
    assert hosts.refused()
    says(other)
    hosts.connect(OTHER)


@pytest.mark.host
def test_when_nobody_renews_an_idle_connection_is_reset_after_the_lease_and_new_ones_are_refused(hosts: Hosts) -> None:
    kernel = hosts.kernel("b")
    kernel.arm()
    kernel.renew(1.0)
    began = time.monotonic()
    connection = hosts.connect()
    poll(lambda: time.monotonic() - began > 0.6, within=1, every=0.05)
    says(connection)  # the control: within the lease it lives
    poll(hosts.refused, within=2.0, every=0.05)
    assert 0.9 < time.monotonic() - began < 1.5
    with pytest.raises(ConnectionResetError):
        says(connection)


@pytest.mark.host
def test_after_a_flush_of_the_firewall_the_next_renewal_shuts_the_port_again_when_it_ends(hosts: Hosts) -> None:
    kernel = hosts.kernel("b")
    kernel.arm()
    run_in(hosts.names["b"], ["nft", "flush", "ruleset"])
    hosts.connect()  # the control: nothing is shut
    kernel.renew(0.5)
    connection = hosts.connect()
    says(connection)
    poll(hosts.refused, within=2.0, every=0.05)
    with pytest.raises(ConnectionResetError):
        says(connection)


@pytest.mark.host
def test_a_renewed_lease_carries_connections_on(hosts: Hosts) -> None:
    kernel = hosts.kernel("b")
    kernel.arm()
    kernel.renew(0.6)
    connection = hosts.connect()
    for _ in range(6):
        time.sleep(0.3)
        kernel.renew(0.6)
        says(connection)


@pytest.mark.host
def test_a_lease_can_be_shortened_dropped_and_taken_again(hosts: Hosts) -> None:
    kernel = hosts.kernel("b")
    kernel.arm()
    kernel.renew(60)
    kernel.renew(0.3)
    poll(hosts.refused, within=2.0, every=0.05)
    kernel.drop()  # there is no element to drop
    kernel.renew(60)
    connection = hosts.connect()
    kernel.drop()
    with pytest.raises(ConnectionResetError):
        says(connection)
    assert hosts.refused()


@pytest.mark.host
def test_arming_again_forgets_the_lease(hosts: Hosts) -> None:
    kernel = hosts.kernel("b")
    kernel.arm()
    kernel.renew(60)
    hosts.connect()
    hosts.kernel("b").arm()
    assert hosts.refused()


@dataclass
class Reader:
    """Waits for an answer of a silent peer; `fault` is how the wait ended."""

    connection: socket.socket
    fault: list[OSError | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection.settimeout(None)  # as the 1.4.199 driver has none
        self.connection.sendall(b"question")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            self.connection.recv(1)
            self.fault.append(None)
        except OSError as fault:
            self.fault.append(fault)


@pytest.mark.host
def test_a_cut_ends_a_reader_of_a_silent_peer_who_would_wait_on_without_it(hosts: Hosts) -> None:
    connections = hosts.connect(), hosts.connect(OTHER)
    kernel = hosts.kernel("a")
    kernel.arm()
    hosts.silence()
    cut, spared = (Reader(connection) for connection in connections)
    with pytest.raises(TimeoutError):  # the control: silence alone ends nobody
        poll(lambda: cut.fault or spared.fault, within=2.0)
    began = time.monotonic()
    kernel.cut()
    (fault,) = poll(lambda: cut.fault, within=1.0, every=0.01)
    assert isinstance(fault, ConnectionError)
    assert time.monotonic() - began < 1.0
    assert hosts.refused()
    assert spared.fault == []


@pytest.mark.host
def test_a_cut_can_be_restored_and_repeated(hosts: Hosts) -> None:
    kernel = hosts.kernel("a")
    kernel.arm()
    for _ in range(2):
        kernel.cut()
        kernel.cut()
        assert hosts.refused()
        kernel.restore()
        hosts.connect()


@pytest.mark.host
def test_a_renewal_where_there_is_no_table_arms_the_port_with_the_lease(hosts: Hosts) -> None:
    hosts.kernel("b").renew(60)
    shown = run_in(hosts.names["b"], ["nft", "list", "table", "inet", TABLE])
    assert f"{PORT} timeout 1m" in shown.stdout
    assert f"tcp dport {PORT} tcp dport != @lease reject with tcp reset" in shown.stdout


@pytest.mark.host
def test_an_element_says_how_long_it_lasts(hosts: Hosts) -> None:
    kernel = hosts.kernel("b")
    kernel.arm()
    kernel.renew(60)
    shown = run_in(hosts.names["b"], ["nft", "list", "table", "inet", TABLE])
    assert f"{PORT} timeout 1m" in shown.stdout
