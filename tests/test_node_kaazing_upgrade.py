"""Whether a gateway takes users, asked by a WebSocket; here the other side is a script of a few lines."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.kaazing import upgrade
from musternode.kaazing.upgrade import Service, accept, hindrance, judged
from tests.double_support import free_port

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""The key of RFC 6455, 1.3, and what answers it."""
ANSWER = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
SERVICE = Service("127.0.0.1", 8000, "gw.example.org", "/echo")
Does = Callable[[socket.socket, bytes], None]


def head(status: str = "101 Web Socket Protocol Handshake", **changes: str) -> bytes:
    """Return the head of an answer to the key of the RFC."""
    given = {"Connection": "Upgrade", "Sec_WebSocket_Accept": ANSWER, "Upgrade": "websocket", **changes}
    lines = (f"{name.replace('_', '-')}: {value}" for name, value in given.items())
    return "\r\n".join([f"HTTP/1.1 {status}", *lines]).encode()


@contextmanager
def gateway(does: Does) -> Iterator[Service]:
    """Serve connections on loopback until the block ends: `does` has the connection and what was sent on it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    does(connection, connection.recv(4096))

        threading.Thread(target=serve, daemon=True).start()
        yield Service("127.0.0.1", listening.getsockname()[1], "gw.example.org", "/echo")
        listening.shutdown(socket.SHUT_RDWR)


def upgraded(sent: bytes) -> bytes:
    """Return the answer to a request for an upgrade."""
    found = re.search(rb"Sec-WebSocket-Key: (\S+)\r\n", sent)
    assert found is not None
    return head(Sec_WebSocket_Accept=accept(found.group(1))) + b"\r\n\r\n"


def test_an_upgrade_is_ready_and_is_ended_as_the_rfc_wants() -> None:
    said: list[bytes] = []

    def echo(connection: socket.socket, sent: bytes) -> None:
        connection.sendall(upgraded(sent))
        said.append(connection.recv(4096))
        connection.sendall(b"\x88\x02\x03\xe8")

    with gateway(echo) as service:
        assert hindrance(service) == ""
    (frame,) = said
    assert frame[:2] == b"\x88\x82"
    assert bytes(one ^ other for one, other in zip(frame[6:], frame[2:4], strict=True)) == (1000).to_bytes(2, "big")


def test_the_gateway_is_asked_for_the_public_name_without_a_port() -> None:
    asked: list[bytes] = []
    with gateway(lambda _, sent: asked.append(sent)) as service:
        hindrance(service)
    first, *lines = asked[0].decode().split("\r\n")
    assert first == "GET /echo HTTP/1.1"
    assert {"Host: gw.example.org", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"} <= {
        *lines
    }
    assert asked[0].endswith(b"\r\n\r\n")


def test_each_request_has_a_key_of_its_own() -> None:
    asked: list[bytes] = []
    with gateway(lambda _, sent: asked.append(sent)) as service:
        hindrance(service)
        hindrance(service)
    assert len({re.search(rb"Key: (\S+)", sent) and sent for sent in asked}) == 2


def test_the_answer_to_a_key_is_that_of_the_rfc() -> None:
    assert accept(KEY) == ANSWER
    assert judged(SERVICE, head(), KEY) == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (head("404 Not Found"), "404 at /echo on port 8000: none of its services accepts the host gw.example.org"),
        (head("401 Unauthorized"), "401 at /echo on port 8000: the service wants a log-in"),
        (head("403 Forbidden"), "403 at /echo on port 8000: the service wants a log-in"),
        (head("503 Service Unavailable"), "the gateway answers 503 at /echo on port 8000"),
        (head("200 OK"), "the gateway answers 200 at"),
        (head("302 Found"), "the gateway answers 302 at"),
        (b"HTTP/1.0 101 Switching Protocols\r\nUpgrade: websocket", "the gateway answers no HTTP at"),
        (b"\x15\x03\x03\x00\x02\x02\x16", "the gateway answers no HTTP at"),
        (b"", "ends the connection for /echo on port 8000 without a word"),
        (head(Sec_WebSocket_Accept="c3VyZWx5IG5vdA=="), "what answers 101 at /echo on port 8000 is no WebSocket"),
        (head(Sec_WebSocket_Accept=""), "is no WebSocket"),
        (head(Upgrade="h2c"), "is no WebSocket"),
    ],
)
def test_all_but_an_upgrade_is_a_reason(answer: bytes, reason: str) -> None:
    assert reason in judged(SERVICE, answer, KEY)


def test_the_names_of_headers_and_the_protocol_may_be_of_any_case() -> None:
    found = f"HTTP/1.1 101\r\nUPGRADE: WebSocket\r\nsec-websocket-accept:{ANSWER}"
    assert judged(SERVICE, found.encode(), KEY) == ""


def test_an_answer_in_pieces_is_read_to_its_end() -> None:
    def in_pieces(connection: socket.socket, sent: bytes) -> None:
        for byte in upgraded(sent):
            connection.sendall(bytes((byte,)))

    with gateway(in_pieces) as service:
        assert hindrance(service) == ""


def test_a_port_where_nobody_listens_is_named() -> None:
    port = free_port()
    found = hindrance(Service("127.0.0.1", port, "gw.example.org", "/echo"))
    assert found == f"the gateway does not listen on port {port}"


def test_an_address_without_a_way_is_a_reason() -> None:
    assert "does not answer at" in hindrance(Service("255.255.255.255", 1, "gw.example.org", "/echo"), 0.5)


def slow(connection: socket.socket, _: bytes) -> None:
    """Answer a byte now and then."""
    try:
        for byte in head("404 Not Found") * 2:
            connection.sendall(bytes((byte,)))
            time.sleep(0.1)  # the fault under test is slowness itself
    except OSError:
        return


@pytest.mark.parametrize("does", [lambda connection, _: connection.recv(1), slow])
def test_silence_and_slowness_are_waited_for_no_longer_than_is_allowed(does: Does) -> None:
    with gateway(does) as service:
        began = time.monotonic()
        found = hindrance(service, 0.4)
        assert time.monotonic() - began < 0.9
    assert found == f"the gateway does not answer at /echo on port {service.port} within 0.4 s"


def test_a_service_that_goes_on_sending_is_ready_within_the_time() -> None:
    def sends(connection: socket.socket, sent: bytes) -> None:
        connection.sendall(upgraded(sent))
        try:
            while True:
                connection.sendall(b"\x81\x04more" * 100)
        except OSError:
            return

    with gateway(sends) as service:
        began = time.monotonic()
        assert hindrance(service, 0.5) == ""
        assert time.monotonic() - began < 1.0


def test_a_service_that_ends_the_connection_at_once_after_the_upgrade_is_ready() -> None:
    with gateway(lambda connection, sent: connection.sendall(upgraded(sent))) as service:
        assert hindrance(service) == ""


def test_an_answer_without_end_is_cut() -> None:
    def pours(connection: socket.socket, _: bytes) -> None:
        try:
            while True:
                connection.sendall(b"x" * 4096)
        except OSError:
            return

    with gateway(pours) as service:
        assert "no HTTP" in hindrance(service)


@pytest.mark.parametrize(
    "host", ["", "gw example", "gw.example.org\r\nX: y", "gw.example.org:", "gw/", "gw.example.org:x"]
)
def test_a_host_that_cannot_stand_in_a_request_is_refused(host: str) -> None:
    with pytest.raises(Failure, match="cannot be the Host header"):
        Service("127.0.0.1", 8000, host, "/echo")


@pytest.mark.parametrize("path", ["", "echo", "/e cho", "/echo\r\nX: y", "/ü"])
def test_a_path_that_cannot_stand_in_a_request_is_refused(path: str) -> None:
    with pytest.raises(Failure, match="cannot be the path of a service"):
        Service("127.0.0.1", 8000, "gw.example.org", path)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: b"HTTP/1.1 101 x\r\n" + rest))
def test_nothing_but_the_right_answer_is_taken_for_one(answer: bytes) -> None:
    assert judged(SERVICE, answer, KEY) != ""
    assert judged(SERVICE, answer, KEY).isascii()


def test_an_answer_is_not_waited_for_longer_than_the_balancer_waits() -> None:
    assert upgrade.WITHIN < 2
