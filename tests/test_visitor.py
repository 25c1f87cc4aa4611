"""The HTTP client of the checks keeps connections and cookies, and speaks from the namespace it is told."""

import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal import netns, visitor
from rehearsal.visitor import Answer, Client, CookieJar, in_parallel
from tests.network_support import certificate


class Server(ThreadingHTTPServer):
    """Remembers what it was asked, and on which connections."""

    daemon_threads = True

    def __init__(self, listening: socket.socket | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=listening is None)
        if listening is not None:
            self.socket.close()
            self.socket = listening
        self.seen: list[tuple[str, str, str]] = []
        self.connections: set[tuple[str, int]] = set()


class Handler(BaseHTTPRequestHandler):
    """Answers with what it was sent and gives a numbered session to those without cookies."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Answer 200, with two cookies for a stranger."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        cookies = self.headers.get("Cookie", "")
        self.server.seen.append((self.path, self.headers["Host"], cookies))
        self.server.connections.add(self.client_address)
        self.send_response(200)
        if not cookies:
            self.send_header("Set-Cookie", f"JSESSIONID={len(self.server.seen)}; Path=/; HttpOnly")
            self.send_header("Set-Cookie", 'B="q=1"; Path=/')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/last":
            self.close_connection = True

    do_PUT = do_GET  # noqa: N815 - the name that http.server asks for

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve on loopback; connections are made where the test runs, whatever the namespace."""
    monkeypatch.setattr(visitor, "connect_in", lambda _, address, timeout: socket.create_connection(address, timeout))
    made = Server()
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def client(server: Server, jar: CookieJar | None = None, host: str | None = None) -> Client:
    return Client("mu-v-test", ("127.0.0.1", server.server_address[1]), jar=jar, host=host, timeout=5)


def test_one_connection_serves_many_requests(server: Server) -> None:
    with client(server) as one:
        answers = [one.request("PUT", "/x", b"body") for _ in range(5)]
    assert [answer.body for answer in answers] == [b"body"] * 5
    assert len(server.connections) == 1


def test_cookies_are_kept_in_the_jar_and_sent_back_as_they_came(server: Server) -> None:
    jar = CookieJar()
    with client(server, jar) as one:
        one.request("GET", "/")
        one.request("GET", "/")
    with client(server, jar) as another:
        another.request("GET", "/")
    assert [cookies for _, _, cookies in server.seen] == ["", 'JSESSIONID=1; B="q=1"', 'JSESSIONID=1; B="q=1"']


def test_without_a_jar_every_request_is_a_strangers(server: Server) -> None:
    with client(server) as one:
        answers = [one.request("GET", "/") for _ in range(3)]
    assert {cookies for _, _, cookies in server.seen} == {""}
    assert len({answer.headers["set-cookie"] for answer in answers}) == 3


def test_the_host_header_is_the_name_although_the_address_is_asked(server: Server) -> None:
    with client(server, host="internal-as400.elb.example") as one:
        one.request("GET", "/")
    assert server.seen == [("/", "internal-as400.elb.example", "")]


def test_a_kept_connection_that_was_closed_is_made_anew_for_a_read(server: Server) -> None:
    with client(server) as one:
        one.request("GET", "/last")
        assert one.request("GET", "/").code == 200
    assert len(server.connections) == 2


def test_work_is_shared_between_workers(server: Server) -> None:
    def work(one: Client) -> Answer:
        return one.request("GET", "/")

    assert len(in_parallel(lambda: client(server), work, 50, 4)) == 50
    assert len(server.seen) == 50
    assert 1 <= len(server.connections) <= 4


def test_a_failure_in_any_worker_is_raised(server: Server) -> None:
    def work(_: Client) -> Answer:
        raise ConnectionError("no")

    with pytest.raises(ConnectionError):
        in_parallel(lambda: client(server), work, 3, 2)


def test_with_tls_it_takes_any_certificate(server: Server, tmp_path: Path) -> None:
    shown = certificate(tmp_path, "another.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.cert_path, shown.key_path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with Client("mu-v-test", ("127.0.0.1", server.server_address[1]), host="x.example", tls=True, timeout=5) as one:
        assert one.request("GET", "/").code == 200
    assert server.seen == [("/", "x.example", "")]


@pytest.mark.host
def test_it_speaks_from_inside_the_namespace() -> None:
    """A server on a namespace's own loopback is reached from there; from here the same address is nobody."""
    namespace = f"mu-t-{uuid.uuid4().hex[:8]}"
    netns.add(namespace)
    try:
        inside = Server(netns.socket_in(namespace, socket.SOCK_STREAM, ("127.0.0.1", 7780)))
        threading.Thread(target=inside.serve_forever, args=(0.05,), daemon=True).start()
        with Client(namespace, ("127.0.0.1", 7780)) as one:
            assert one.request("GET", "/").code == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", 7780), timeout=2)
        inside.shutdown()
        inside.server_close()
    finally:
        netns.remove(namespace)
