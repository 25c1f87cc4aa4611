"""Several ports of a node lead to the engine's one connector: the rules, and what the kernel makes of them."""

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from musternode.axonivy import redirect
from rehearsal import netns

NODE, CLIENT = (f"k7-{os.getpid():x}-{name}" for name in ("node", "client"))
OWN, OTHER = "10.97.72.2", "10.97.72.1"
PORTS = (8080, 8090, 8100)


def test_the_rules_are_made_anew_as_a_whole() -> None:
    assert (
        redirect.rules("10.0.1.10", [8080, 8090, 8100])
        == """\
table ip muster_ivy
delete table ip muster_ivy
table ip muster_ivy {
  chain arriving {
    type nat hook prerouting priority -100; policy accept;
    ct state != new accept
    ip daddr 10.0.1.10 tcp dport { 8090, 8100 } dnat to 10.0.1.10:8080
  }
  chain own {
    type nat hook output priority -100; policy accept;
    ip daddr 10.0.1.10 tcp dport { 8090, 8100 } dnat to 10.0.1.10:8080
  }
}
"""
    )


def test_with_one_connector_no_port_is_led_and_the_chains_stay() -> None:
    text = redirect.rules("10.0.1.10", [8080])
    assert "dnat" not in text
    assert text.count("  chain ") == text.count("type nat hook") == 2


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    """Join a node, on whose first port a server tells each client's own port and echoes, and a client."""
    with contextlib.ExitStack() as stack:
        for name in (NODE, CLIENT):
            netns.add(name)
            stack.callback(netns.remove, name)
        netns.ip("link", "add", "w", "netns", NODE, "type", "veth", "peer", "name", "w", "netns", CLIENT)
        for name, address in ((NODE, OWN), (CLIENT, OTHER)):
            netns.ip("-n", name, "addr", "add", f"{address}/24", "dev", "w")
            netns.ip("-n", name, "link", "set", "w", "up")
        listening = netns.socket_in(NODE, socket.SOCK_STREAM, ("0.0.0.0", PORTS[0]))
        stack.callback(listening.close)
        threading.Thread(target=serve, args=[listening], daemon=True).start()
        assert not answered(CLIENT, PORTS[1])  # the control
        load(PORTS)
        yield OWN


def serve(listening: socket.socket) -> None:
    """Tell each client its port, and echo."""
    with contextlib.suppress(OSError):
        while True:
            one, (_, port) = listening.accept()
            one.sendall(f"{port:5}".encode())
            threading.Thread(target=echo, args=[one], daemon=True).start()


def echo(one: socket.socket) -> None:
    """Send back what comes."""
    with contextlib.suppress(OSError), one:
        while data := one.recv(100):
            one.sendall(data)


def load(ports: tuple[int, ...]) -> None:
    """Give the rules to the kernel of the node."""
    subprocess.run(
        ["ip", "netns", "exec", NODE, "nft", "--file", "-"],
        input=redirect.rules(OWN, ports), text=True, check=True, capture_output=True,
    )  # fmt: skip


def answered(namespace: str, port: int) -> bool:
    """Return whether somebody answers there."""
    try:
        with netns.connect_in(namespace, (OWN, port), 3) as one:
            return len(one.recv(5)) == 5
    except ConnectionRefusedError:
        return False


@pytest.mark.host
@pytest.mark.parametrize("namespace", [CLIENT, NODE])
def test_each_port_leads_to_the_connector_from_outside_and_from_the_node(namespace: str, node: str) -> None:
    assert node
    assert [answered(namespace, port) for port in PORTS] == [True, True, True]
    assert not answered(namespace, 8101)


@pytest.mark.host
def test_connections_that_differ_by_their_ports_alone_are_not_mixed_up(node: str) -> None:
    def connected(port: int) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(5)
        made.bind((OTHER, 45678))  # as a balancer may: one port of its own to several of the node
        made.connect((node, port))
        return made

    with contextlib.ExitStack() as stack:
        ways = [
            stack.enter_context(netns.call_in(CLIENT, lambda port=port: connected(port)))  # type: ignore[misc]
            for port in PORTS
        ]
        assert len({way.recv(5) for way in ways}) == len(PORTS)
        for number, way in enumerate(ways):
            way.sendall(b"word%d" % number)
        assert [way.recv(5) for way in ways] == [b"word0", b"word1", b"word2"]


@pytest.mark.host
@pytest.mark.parametrize("ports", [PORTS, PORTS[:2], PORTS[:1]])
def test_a_connection_outlives_a_change_of_the_rules(ports: tuple[int, ...], node: str) -> None:
    with netns.connect_in(CLIENT, (node, PORTS[2]), 5) as way:
        way.recv(5)
        try:
            load(ports)
            assert answered(CLIENT, PORTS[2]) is (PORTS[2] in ports)
            way.sendall(b"words")
            assert way.recv(5) == b"words"
        finally:
            load(PORTS)
