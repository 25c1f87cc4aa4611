"""Connections that one end alone has: with doubles, and with sockets between two namespaces whose wire eats resets."""

import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.h2.answers import Answers
from musternode.h2.half_open import HalfOpen
from musternode.h2.kernel import Kernel
from musternode.h2.peer import Refused, Silent
from rehearsal import netns
from rehearsal.faults import wires
from rehearsal.poll import poll
from tests import wired_hosts
from tests.wired_hosts import ADDRESSES, OTHER, PATIENCE, PORT, Hosts, run_in, says

PORTS = st.frozensets(st.integers(50000, 50004))


class Known:
    """A kernel that knows the connections it is told of, and remembers which it reset."""

    def __init__(self) -> None:
        self.mine: frozenset[int] = frozenset()
        self.reset_ports: list[int] = []

    def outgoing(self) -> frozenset[int]:
        """Return what it was told."""
        return self.mine

    def reset(self, ports: frozenset[int]) -> None:
        """Remember."""
        self.reset_ports += sorted(ports)


class Asked:
    """A peer that answers as it is told."""

    def __init__(self, answer: Callable[[], Mapping[str, Any]]) -> None:
        self.answer = answer

    def ask(self, message: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
        """Answer the one question."""
        assert (message, timeout) == ({"ask": "clients"}, 5.0)
        return self.answer()


def looking(kernel: Any, answer: Callable[[], Mapping[str, Any]]) -> HalfOpen:
    return HalfOpen(kernel, cast("Any", Asked(answer)), "b")


def raising(fault: Exception) -> Mapping[str, Any]:
    raise fault


@given(st.lists(st.tuples(PORTS, PORTS), min_size=1, max_size=6))
def test_what_the_peer_did_not_have_at_two_looks_in_a_row_is_reset_and_nothing_else(
    looks: list[tuple[frozenset[int], frozenset[int]]],
) -> None:
    kernel, theirs = Known(), frozenset[int]()
    one = looking(kernel, lambda: {"ports": sorted(theirs)})
    before: frozenset[int] = frozenset()
    for mine, theirs in looks:
        kernel.mine = mine
        assert one.look() == before & (mine - theirs)
        before = mine - theirs


@pytest.mark.parametrize(
    "answer",
    [
        lambda: raising(Silent("no answer")),
        lambda: raising(Refused("nobody there")),
        lambda: {"fault": "a question that is not known"},
        lambda: {"ports": "all"},
    ],
)
def test_without_an_answer_nothing_is_reset(answer: Callable[[], Mapping[str, Any]]) -> None:
    kernel = Known()
    kernel.mine = frozenset({50001})
    one = looking(kernel, answer)
    assert [one.look(), one.look(), kernel.reset_ports] == [frozenset(), frozenset(), []]


def test_a_node_without_connections_asks_nobody() -> None:
    one = looking(Known(), lambda: raising(AssertionError("asked")))
    assert one.look() == frozenset()


def test_a_node_names_the_connections_that_its_kernel_has_or_says_why_it_cannot() -> None:
    def answers(clients: Callable[[], frozenset[int]]) -> Mapping[str, Any]:
        none = cast("Any", None)
        made = Answers(none, none, is_open=none, more=none, clients=clients, put=none)
        return made.answer({"ask": "clients"})

    assert answers(lambda: frozenset({50002, 50001})) == {"ports": [50001, 50002]}

    def broken() -> frozenset[int]:
        raise Failure("the program ss is not installed")

    assert answers(broken) == {"fault": "the program ss is not installed"}


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with wired_hosts.hosts() as made:
        yield made


def between(hosts: Hosts) -> HalfOpen:
    """Return what looks on a, told by b's kernel."""
    theirs = hosts.kernel("b")
    return looking(hosts.kernel("a"), lambda: {"ports": sorted(theirs.incoming())})


def lose_resets(hosts: Hosts) -> None:
    """Let no reset leave b."""
    wires.drop(hosts.names["b"], wires.resets([wires.one_way(ADDRESSES["b"], ADDRESSES["a"])]), "output")


def end_at_b(hosts: Hosts, connection: socket.socket) -> None:
    """Reset a connection of a at b, as a gate does."""
    port = str(connection.getsockname()[1])
    chosen = ["dst", ADDRESSES["a"], "sport", "=", f":{PORT}", "and", "dport", "=", f":{port}"]
    run_in(hosts.names["b"], ["ss", "-K", "-H", "-t", "-n", *chosen])


@pytest.mark.host
def test_a_reader_whose_reset_was_lost_waits_on_until_the_second_look_ends_him_and_nobody_else(hosts: Hosts) -> None:
    stuck, lives, other = hosts.connect(), hosts.connect(), hosts.connect(OTHER)
    lose_resets(hosts)
    end_at_b(hosts, stuck)
    stuck.settimeout(1.0)
    with pytest.raises(TimeoutError):  # the control: as the kernels leave it, he waits for ever
        stuck.recv(1)
    stuck.settimeout(PATIENCE)
    one = between(hosts)
    assert one.look() == frozenset()
    assert one.look() == {stuck.getsockname()[1]}
    with pytest.raises(ConnectionError):
        stuck.recv(1)
    assert one.look() == frozenset()
    for connection in (lives, other):
        says(connection)


@pytest.mark.host
def test_a_socket_of_ipv6_that_speaks_ipv4_as_java_has_it_is_seen_and_ended(hosts: Hosts) -> None:
    def connect() -> socket.socket:
        made = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        made.settimeout(PATIENCE)
        made.connect((f"::ffff:{ADDRESSES['b']}", PORT))
        return made

    connection = netns.call_in(hosts.names["a"], connect)
    says(connection)
    (port,) = hosts.kernel("a").outgoing()
    assert port == connection.getsockname()[1]
    assert hosts.kernel("b").incoming() == {port}
    hosts.kernel("a").reset([port])
    with pytest.raises(ConnectionError):
        says(connection)


@pytest.mark.host
def test_a_connection_that_the_gate_has_not_accepted_yet_is_none_that_is_missing(hosts: Hosts) -> None:
    queue = 9094
    with (
        netns.socket_in(hosts.names["b"], socket.SOCK_STREAM, (ADDRESSES["b"], queue)),
        netns.connect_in(hosts.names["a"], (ADDRESSES["b"], queue), PATIENCE) as waiting,
    ):
        mine, theirs = (
            Kernel(ADDRESSES[name], queue, ADDRESSES[peer], hosts.kernel(name)._run)
            for name, peer in (("a", "b"), ("b", "a"))
        )
        poll(lambda: theirs.incoming(), within=2.0, every=0.05)
        assert mine.outgoing() == theirs.incoming() == {waiting.getsockname()[1]}


@pytest.mark.host
def test_many_connections_are_ended_by_several_commands(hosts: Hosts) -> None:
    connections = [hosts.connect() for _ in range(205)]
    kernel = hosts.kernel("a")
    ports = kernel.outgoing()
    assert ports == {one.getsockname()[1] for one in connections}
    spared = connections.pop()
    kernel.reset(ports - {spared.getsockname()[1]})
    assert kernel.outgoing() == {spared.getsockname()[1]}
    says(spared)


@pytest.mark.host
def test_the_thread_of_a_gate_process_finds_it_by_itself(hosts: Hosts) -> None:
    connection = hosts.connect()
    one = between(hosts)
    one.start()
    lose_resets(hosts)
    end_at_b(hosts, connection)
    connection.settimeout(8.0)
    with pytest.raises(ConnectionError):
        connection.recv(1)
    one._kernel = cast("Any", Known())  # the thread outlives the hosts
