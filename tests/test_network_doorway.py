"""The way in for a person at this machine."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import netns
from rehearsal.network import Network
from rehearsal.network.doorway import Doorway
from tests.network_support import group, guest, interface, tcp, vpc

pytestmark = pytest.mark.host

ADDRESS = "10.64.0.10"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Network, socket.socket]]:
    """Run a VPC in which a guest listens on port 80."""
    with vpc(tmp_path) as network:
        name = guest(network, ADDRESS)
        network.apply([interface(name, ADDRESS, group("sg-1", [tcp(80, cidrs=("10.64.0.0/20",))]))])
        with netns.socket_in(name, socket.SOCK_STREAM, (ADDRESS, 80)) as listening:
            yield network, listening


@pytest.fixture
def doorway(web: tuple[Network, socket.socket]) -> Iterator[Doorway]:
    """Open a doorway to the guest."""
    opened = Doorway(web[0].visitor.namespace, (ADDRESS, 80))
    yield opened
    opened.close()


def test_a_browser_on_the_machine_reaches_the_vpc(web: tuple[Network, socket.socket], doorway: Doorway) -> None:
    def serve() -> None:
        client, peer = web[1].accept()
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\nfrom " + peer[0].encode())
        client.close()

    server = threading.Thread(target=serve)
    server.start()
    with urllib.request.urlopen(doorway.url, timeout=5) as answer:
        assert answer.read() == b"from 10.64.0.3"
    server.join()


def test_the_end_of_one_side_is_passed_on_alone(web: tuple[Network, socket.socket], doorway: Doorway) -> None:
    with socket.create_connection(("127.0.0.1", doorway.port), timeout=5) as client:
        served, _ = web[1].accept()
        with served:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            served.settimeout(5)
            assert served.recv(100) == b"question"
            assert served.recv(100) == b""
            served.sendall(b"answer")
            assert client.recv(100) == b"answer"


def test_it_is_open_to_this_machine_only(doorway: Doorway) -> None:
    assert doorway._server.server_address[0] == "127.0.0.1"


def test_a_closed_doorway_refuses(web: tuple[Network, socket.socket]) -> None:
    opened = Doorway(web[0].visitor.namespace, (ADDRESS, 80))
    opened.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", opened.port), timeout=2)
