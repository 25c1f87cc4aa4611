"""Sockets and calls in other namespaces, and namespaces themselves."""

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import netns

pytestmark = pytest.mark.host


@pytest.fixture
def namespace() -> Iterator[str]:
    """Make a namespace for one test."""
    name = f"mu-t-{uuid.uuid4().hex[:8]}"
    netns.add(name)
    yield name
    netns.remove(name)


def _inode() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino  # noqa: PTH116 - a link to no file


def test_a_socket_listens_in_the_namespace_and_nowhere_else(namespace: str) -> None:
    with netns.socket_in(namespace, socket.SOCK_STREAM, ("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        with netns.connect_in(namespace, address, 2) as client:
            assert client.getpeername() == address
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=2)


def test_a_socket_may_be_bound_before_its_address_is_up(namespace: str) -> None:
    with netns.socket_in(namespace, socket.SOCK_DGRAM, ("169.254.169.254", 53)) as made:
        assert made.getsockname() == ("169.254.169.254", 53)


def test_a_port_that_is_taken_is_an_error(namespace: str) -> None:
    with (
        netns.socket_in(namespace, socket.SOCK_STREAM, ("127.0.0.1", 80)),
        pytest.raises(OSError, match="in use"),
    ):
        netns.socket_in(namespace, socket.SOCK_STREAM, ("127.0.0.1", 80))


def test_a_refused_connection_is_told_from_silence(namespace: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        netns.connect_in(namespace, ("127.0.0.1", 9), 2)


def test_the_calling_thread_stays_where_it_is(namespace: str) -> None:
    here = _inode()
    there = netns.call_in(namespace, _inode)
    assert there != here
    assert _inode() == here


def test_calls_from_many_threads_do_not_meet(namespace: str) -> None:
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(netns.call_in(namespace, _inode))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [netns.call_in(namespace, _inode)] * 20


def test_the_error_of_a_call_is_raised_where_it_was_called(namespace: str) -> None:
    def fail() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        netns.call_in(namespace, fail)


def test_an_unknown_namespace_is_named() -> None:
    with pytest.raises(netns.NamespaceError, match="mu-t-none does not exist"):
        netns.call_in("mu-t-none", _inode)


def test_the_error_of_ip_is_one_line_with_its_command() -> None:
    with pytest.raises(netns.NamespaceError, match=r"^ip netns del mu-t-none: .*"):
        netns.ip("netns", "del", "mu-t-none")


def test_a_namespace_has_loopback_and_no_ipv6(namespace: str) -> None:
    shown = netns.ip("-n", namespace, "addr", "show", "dev", "lo")
    assert "127.0.0.1/8" in shown
    assert "inet6" not in shown


def test_settings_are_those_of_the_namespace(namespace: str) -> None:
    file = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    before = file.read_text()
    netns.sysctl(namespace, {"net/ipv4/ip_unprivileged_port_start": 7})
    assert netns.call_in(namespace, file.read_text) == "7\n"
    assert file.read_text() == before


def test_namespaces_are_listed_by_prefix_and_removed_twice_without_fault(namespace: str) -> None:
    assert namespace in netns.names("mu-t-")
    assert namespace not in netns.names("mu-x-")
    netns.remove(namespace)
    netns.remove(namespace)
    assert namespace not in netns.names()
