"""Fronts between two nodes as processes: haproxy, the rules of the kernel, and a wire that is listened to."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode.between import authority, config, passage
from musternode.between.passage import Passage
from rehearsal.checks import inside_between
from rehearsal.netns import call_in, connect_in
from rehearsal.poll import poll
from tests import wired_hosts
from tests.between_support import RECORD, found, heard_in
from tests.wired_hosts import ADDRESSES, OTHER, PATIENCE, PORT, Hosts, run_in, says

pytestmark = pytest.mark.host

TLS = 9094
KEY = b"the key of both nodes"
WORD = b"word"


def passage_of(node: str) -> Passage:
    """Return the way of one node to the other."""
    peer = next(each for each in ADDRESSES if each != node)
    return Passage(node, ADDRESSES[node], peer, ADDRESSES[peer], TLS, PORT, OTHER)


@contextlib.contextmanager
def front(hosts: Hosts, node: str, folder: Path, key: bytes = KEY) -> Iterator[None]:
    """Run the front of a node, with its rules; it is not ended before it listens."""
    folder.mkdir()
    one = passage_of(node)
    (folder / config.CONFIG).write_text(config.configuration(one))
    (folder / config.AUTHORITY).write_text(authority.authority(key))
    (folder / config.PEM).write_text(authority.certificate(key, node, folder / config.AUTHORITY))
    run_in(hosts.names[node], ["nft", "-f", "-"], given=passage.rules(one))
    command = ["ip", "netns", "exec", hosts.names[node], "haproxy", "-db", "-f", str(folder / config.CONFIG)]
    process = subprocess.Popen(command, env={**os.environ, "CREDENTIALS_DIRECTORY": str(folder)})
    try:
        poll(lambda: _listens(hosts, node), within=10)
        yield
    finally:
        process.kill()
        process.wait()


def _listens(hosts: Hosts, node: str) -> bool:
    return f"{ADDRESSES[node]}:{TLS}" in run_in(hosts.names[node], ["ss", "-Hltn"]).stdout


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """Yield two hosts with fronts."""
    with wired_hosts.hosts() as made, front(made, "a", tmp_path / "a"), front(made, "b", tmp_path / "b"):
        yield made


def ends(hosts: Hosts, port: int = PORT) -> bool:
    """Return whether a connection of a to b comes to nothing at once."""
    began = time.monotonic()
    with contextlib.suppress(OSError), connect_in(hosts.names["a"], (ADDRESSES["b"], port), PATIENCE) as made:
        made.sendall(WORD)
        if made.recv(len(WORD)):
            return False
    return time.monotonic() - began < 1.0


@pytest.mark.parametrize("port", [PORT, OTHER])
def test_nothing_that_goes_to_a_plain_port_of_the_other_node_can_be_read(hosts: Hosts, port: int) -> None:
    with heard_in(hosts.names["a"], ADDRESSES.values()) as talk:
        says(hosts.connect(port))
    assert found(talk, [WORD, RECORD]) == {RECORD}
    run_in(hosts.names["a"], ["nft", "delete", "table", "ip", passage.TABLE])
    with heard_in(hosts.names["a"], ADDRESSES.values()) as talk:
        says(hosts.connect(port))  # the control: past the fronts it is heard
    assert found(talk, [WORD, RECORD]) == {WORD}


def test_the_checks_probe_comes_past_the_fronts_where_no_security_group_stands(hosts: Hosts) -> None:
    """Else its silence in a cluster would prove nothing."""
    order = {"own": ADDRESSES["a"], "address": ADDRESSES["b"], "plain": OTHER}
    with heard_in(hosts.names["a"], ADDRESSES.values()) as talk:
        assert call_in(hosts.names["a"], lambda: inside_between.past(order)) == ("let in", "")
    assert found(talk, [RECORD]) == set()


def test_a_cut_ends_what_goes_through_the_fronts_and_lets_nothing_new_through(hosts: Hosts) -> None:
    kernel = hosts.kernel("a")
    kernel.arm()
    connection = hosts.connect()
    kernel.cut()
    with pytest.raises(OSError, match=r"reset|abort"):
        says(connection)
    assert hosts.refused()
    kernel.restore()
    says(hosts.connect())


def test_a_gate_whose_lease_is_over_is_shut_to_the_other_node_behind_its_front(hosts: Hosts) -> None:
    connection = hosts.connect()
    hosts.kernel("b").arm()
    with pytest.raises(ConnectionResetError):
        says(connection)
    assert ends(hosts)
    hosts.kernel("b").renew(60.0)
    says(hosts.connect())


def test_a_node_with_another_key_comes_to_nothing(tmp_path: Path) -> None:
    with wired_hosts.hosts() as made, front(made, "b", tmp_path / "b"):
        with front(made, "a", tmp_path / "stranger", b"another key"):
            assert ends(made, PORT)
            assert ends(made, OTHER)
        with front(made, "a", tmp_path / "a"):
            says(made.connect())  # the control
