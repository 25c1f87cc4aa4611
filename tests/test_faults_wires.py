"""Faults of the network, with real guests on a rehearsed VPC: each cuts what it says, and nothing else."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.h2.ends import linger_none
from rehearsal import netns
from rehearsal.faults import FaultError, wires
from rehearsal.network import Network
from rehearsal.network.names import ENDPOINTS, GATEWAYS
from tests.network_support import ALL, attempt, group, guest, interface, vpc

pytestmark = pytest.mark.host

A, B, C = "10.64.0.10", "10.64.0.11", "10.64.0.12"
OPEN = group("sg-open", ALL)
PORT = 9092
SO_RCVBUFFORCE = 33
"""asm-generic/socket.h; Python has no name for it."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with vpc(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture(scope="module")
def guests(network: Network) -> Iterator[dict[str, str]]:
    """Attach three guests that may do everything and listen on a port each."""
    made = {address: guest(network, address) for address in (A, B, C)}
    network.apply([interface(namespace, address, OPEN) for address, namespace in made.items()])
    with contextlib.ExitStack() as stack:
        for address, namespace in made.items():
            stack.enter_context(netns.socket_in(namespace, socket.SOCK_STREAM, (address, PORT)))
        yield made


@pytest.fixture
def router(network: Network) -> Iterator[str]:
    """Return the router's namespace, whole again after each test."""
    name = network.visitor.namespace.replace("mu-v-", "mu-r-")
    yield name
    wires.clear(name)


def reach(guests: dict[str, str], source: str, target: str, port: int = PORT) -> str:
    return attempt(guests[source], target, port)


def test_a_partition_cuts_both_ways_and_heals(guests: dict[str, str], router: str) -> None:
    assert (reach(guests, A, B), reach(guests, B, A)) == ("open", "open")
    heal = wires.drop(router, wires.both_ways(A, B))
    assert (reach(guests, A, B), reach(guests, B, A)) == ("silent", "silent")
    assert (reach(guests, A, C), reach(guests, C, B)) == ("open", "open")
    heal()
    assert (reach(guests, A, B), reach(guests, B, A)) == ("open", "open")


def test_one_way_lets_datagrams_pass_the_other_way(guests: dict[str, str], router: str) -> None:
    wires.drop(router, [wires.one_way(A, B)])
    assert (datagram(guests, A, B), datagram(guests, B, A)) == (False, True)


def datagram(guests: dict[str, str], source: str, target: str) -> bool:
    """Tell whether a datagram arrives."""
    with netns.socket_in(guests[target], socket.SOCK_DGRAM, (target, 7)) as ear:
        ear.settimeout(0.4)
        with netns.socket_in(guests[source], socket.SOCK_DGRAM, (source, 0)) as mouth:
            mouth.sendto(b"x", (target, 7))
        try:
            return ear.recv(10) == b"x"
        except TimeoutError:
            return False


def test_a_connection_that_is_open_is_cut_too(guests: dict[str, str], router: str) -> None:
    with (
        netns.socket_in(guests[B], socket.SOCK_STREAM, (B, 99)) as ear,
        netns.connect_in(guests[A], (B, 99), 1) as mouth,
    ):
        mine, _ = ear.accept()
        mine.settimeout(0.4)
        mouth.sendall(b"1")
        assert mine.recv(9) == b"1"
        heal = wires.drop(router, wires.both_ways(A, B))
        mouth.sendall(b"2")
        with pytest.raises(TimeoutError):
            mine.recv(9)
        heal()
        mine.settimeout(5)
        assert mine.recv(9) == b"2"  # TCP sends it again
        mine.close()


def test_a_lost_reset_leaves_one_end_waiting_while_words_and_ends_in_order_arrive(
    guests: dict[str, str], router: str
) -> None:
    def connected() -> tuple[socket.socket, socket.socket]:
        mouth = netns.connect_in(guests[A], (B, 98), 0.4)
        return mouth, ear.accept()[0]

    with netns.socket_in(guests[B], socket.SOCK_STREAM, (B, 98)) as ear:
        pairs = [connected() for _ in range(3)]
        linger_none(pairs[0][1])
        pairs[0][1].close()
        with pytest.raises(ConnectionResetError):  # the control
            pairs[0][0].recv(9)
        wires.drop(router, wires.resets(wires.both_ways(A, B)))
        linger_none(pairs[1][1])
        pairs[1][1].close()
        with pytest.raises(TimeoutError):
            pairs[1][0].recv(9)
        pairs[2][1].sendall(b"word")
        assert pairs[2][0].recv(9) == b"word"
        pairs[2][1].close()
        assert pairs[2][0].recv(9) == b""
        for mouth, _ in pairs:
            mouth.close()


def test_a_cut_from_one_aws_service_leaves_the_others(guests: dict[str, str], router: str) -> None:
    assert reach(guests, A, GATEWAYS["dynamodb"], 443) == "open"
    wires.drop(router, wires.both_ways(A, GATEWAYS["dynamodb"]))
    assert reach(guests, A, GATEWAYS["dynamodb"], 443) == "silent"
    assert reach(guests, A, GATEWAYS["s3"], 443) == "open"
    assert reach(guests, A, ENDPOINTS, 443) == "open"
    assert reach(guests, B, GATEWAYS["dynamodb"], 443) == "open"


@pytest.mark.parametrize("percent", [5, 20])
def test_loss_takes_about_as_many_packets_as_it_says(guests: dict[str, str], router: str, percent: int) -> None:
    assert arrived(guests, 1000) == 1000
    wires.drop(router, wires.losing(wires.both_ways(A, B), percent))
    assert abs(arrived(guests, 1000) - 10 * (100 - percent)) < 60  # over four standard deviations


def arrived(guests: dict[str, str], number: int) -> int:
    """Return how many of so many datagrams arrive."""
    got = []
    with netns.socket_in(guests[B], socket.SOCK_DGRAM, (B, 8)) as ear:
        ear.settimeout(0.5)
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)  # or the ear itself loses some

        def listen() -> None:
            with contextlib.suppress(TimeoutError):
                while True:
                    got.append(ear.recv(10))

        listener = threading.Thread(target=listen)
        listener.start()
        with netns.socket_in(guests[A], socket.SOCK_DGRAM, (A, 0)) as mouth:
            for _ in range(number):
                mouth.sendto(b"x", (B, 8))
        listener.join()
    return len(got)


def test_faults_add_up_and_heal_alone(guests: dict[str, str], router: str) -> None:
    first, second = wires.drop(router, wires.both_ways(A, B)), wires.drop(router, wires.both_ways(A, C))
    first()
    first()  # a second call is no fault
    assert (reach(guests, A, B), reach(guests, A, C)) == ("open", "silent")
    second()
    assert reach(guests, A, C) == "open"


def test_a_fault_outlives_new_security_groups_and_is_found_by_name(
    network: Network, guests: dict[str, str], router: str
) -> None:
    wires.drop(router, wires.both_ways(A, B))
    policies = [interface(namespace, address, OPEN) for address, namespace in guests.items()]
    network.apply(policies[:2])
    network.apply(policies)
    assert reach(guests, A, B) == "silent"
    assert len(wires.tables(router)) == 1
    wires.clear(router)
    assert wires.tables(router) == []
    assert reach(guests, A, B) == "open"


def test_what_nft_refuses_is_one_line_and_leaves_nothing(router: str) -> None:
    with pytest.raises(FaultError, match=r"nft in mu-r-\S+: "):
        wires.drop(router, ["ip saddr nonsense-"])
    assert wires.tables(router) == []


def test_healing_what_went_with_its_namespace_is_no_fault(tmp_path: Path) -> None:
    with vpc(tmp_path) as gone:
        heal = wires.drop(gone.visitor.namespace, ["ip daddr 10.0.0.1"], hook="output")
    heal()
