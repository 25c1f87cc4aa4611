"""A front as a process: the distribution's haproxy with the configuration and the certificate that a node gives it."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from musternode.failure import Failure
from musternode.settings import Node
from musternode.tls import certificate, config, control, front, handshake
from musternode.tls.front import Front
from rehearsal.poll import poll

pytestmark = pytest.mark.host

HERE = "127.0.0.1"
REQUEST = b"GET /a?b=c HTTP/1.1\r\nHost: users.example.org\r\nX-Forwarded-For: 203.0.113.9\r\nx-odd:  kept \r\n\r\n"


@dataclass
class Product:
    """Answers what it is sent in capitals; `came` are the addresses of those who connected."""

    server: socket.socket
    came: list[str] = field(default_factory=list)
    got: bytes = b""

    def serve(self) -> None:
        """Answer one connection after the other until the server is closed."""
        while True:
            try:
                way, (address, _) = self.server.accept()
            except OSError:
                return
            self.came.append(address)
            threading.Thread(target=self._answer, args=(way,), daemon=True).start()

    def _answer(self, way: socket.socket) -> None:
        with way, contextlib.suppress(ConnectionError):
            while content := way.recv(65536):
                self.got += content
                way.sendall(content.upper())


@pytest.fixture
def product() -> Iterator[Product]:
    """Run a product that speaks plain TCP."""
    with socket.create_server((HERE, 0)) as server:
        made = Product(server)
        threading.Thread(target=made.serve, daemon=True).start()
        yield made


@dataclass(frozen=True)
class Running:
    """A front that runs, with its files in `folder`."""

    front: Front
    folder: Path

    @property
    def pem(self) -> Path:
        """Certificate and key."""
        return self.folder / config.CREDENTIAL

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.folder / "admin.sock"

    def shown(self) -> bytes | None:
        """Return the certificate that it shows."""
        return handshake.shown(HERE, self.front.port)

    def connected(self, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Return a connection as the balancer makes it."""
        chosen = context or trusting()
        return chosen.wrap_socket(socket.create_connection((HERE, self.front.port), timeout=5))


def trusting() -> ssl.SSLContext:
    """Return what takes any certificate, as an Application Load Balancer does of its targets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((HERE, 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def running(product: Product, folder: Path, sources: tuple[str, ...] = ()) -> Iterator[Running]:
    """Run a front before `product`; it is not ended before it has shown that it runs."""
    node = Node("a", 1, "eu-west-1a", HERE, "vol-1")
    made = front.of(node, free_port(), product.server.getsockname()[1])
    assert made is not None
    one = Running(replace(made, connections=100, sources=sources), folder)
    one.pem.write_text(certificate.make("a"))
    file = folder / "front.cfg"
    file.write_text(config.configuration(one.front, str(one.socket)))
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(folder)}
    process = subprocess.Popen(["haproxy", "-db", "-f", str(file)], env=environment)
    try:
        poll(lambda: one.shown() is not None, within=10)
        yield one
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def one(product: Product, tmp_path: Path) -> Iterator[Running]:
    """Run a front."""
    with running(product, tmp_path) as made:
        yield made


@contextlib.contextmanager
def lenient(pem: Path) -> Iterator[int]:
    """Run a server that speaks old versions and weak suites too, on the port that is yielded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_server((HERE, 0)) as server, context.wrap_socket(server, server_side=True) as secure:
        threading.Thread(target=secure.accept, daemon=True).start()
        yield secure.getsockname()[1]


def test_what_comes_by_tls_reaches_the_product_byte_for_byte_and_its_answer_the_balancer(
    one: Running, product: Product
) -> None:
    with one.connected() as way:
        way.sendall(REQUEST)
        assert way.recv(65536) == REQUEST.upper()
    assert product.got == REQUEST


def test_it_shows_the_nodes_own_certificate_of_its_name(one: Running, tmp_path: Path) -> None:
    assert one.shown() == certificate.der(one.pem.read_text())
    public = tmp_path / "front.crt"
    public.write_text(certificate.alone(one.pem.read_text()))
    assert handshake.hindrance(HERE, one.front.port, public) == ""
    text = subprocess.run(
        ["openssl", "x509", "-in", str(public), "-noout", "-text"], capture_output=True, text=True, check=True
    ).stdout
    assert "Subject: CN = a" in text
    assert "NIST CURVE: P-256" in text
    assert "CA:FALSE" in text


def test_a_node_whose_certificate_is_another_or_whose_front_is_gone_gets_no_users(
    one: Running, product: Product, tmp_path: Path
) -> None:
    public, plain = tmp_path / "front.crt", product.server.getsockname()[1]
    assert handshake.hindrance(HERE, one.front.port, public) == f"the certificate of the TLS front is not in {public}"
    public.write_text(certificate.alone(certificate.make("a")))
    port = one.front.port
    assert handshake.hindrance(HERE, port, public) == f"port {port} shows another certificate than this node's"
    for silent in (plain, free_port()):  # one that speaks no TLS, and nobody
        reason = f"the TLS front completes no handshake at port {silent}"
        assert handshake.hindrance(HERE, silent, public) == reason


def test_a_look_at_the_certificate_costs_the_product_nothing(one: Running, product: Product) -> None:
    for _ in range(5):
        assert one.shown()
    assert product.came == []
    with one.connected() as way:
        way.sendall(b"x")
        assert way.recv(1) == b"X"
    assert product.came == [HERE]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_speaks_tls_1_2_and_1_3_with_forward_secrecy_and_http_1_1(one: Running, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with one.connected(context) as way:
        cipher = way.cipher()
        assert way.selected_alpn_protocol() == "http/1.1"
    assert cipher is not None
    assert cipher[0].startswith("ECDHE-ECDSA-" if version == ssl.TLSVersion.TLSv1_2 else "TLS_")
    assert any(kind in cipher[0] for kind in ("GCM", "CHACHA20"))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize(
    ("version", "suites"),
    [
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"),
    ],
)
def test_it_speaks_nothing_older_and_nothing_weaker(one: Running, version: ssl.TLSVersion, suites: str) -> None:
    context = trusting()
    context.set_ciphers(suites)
    context.minimum_version = context.maximum_version = version
    with lenient(one.pem) as port, context.wrap_socket(socket.create_connection((HERE, port), timeout=5)) as old:
        assert old.version()
    with pytest.raises(ssl.SSLError), one.connected(context):
        pass


def test_another_certificate_is_put_in_use_while_a_connection_lives_on(one: Running) -> None:
    new = certificate.make("a")
    with one.connected() as way:
        way.sendall(b"before")
        assert way.recv(65536) == b"BEFORE"
        control.renew(one.socket, new, str(one.pem))
        assert one.shown() == certificate.der(new)
        way.sendall(b"after")
        assert way.recv(65536) == b"AFTER"


def test_what_is_no_certificate_is_refused_by_a_sentence_without_the_key(one: Running) -> None:
    before, broken = one.shown(), certificate.make("a").replace("END CERT", "END PART")
    with pytest.raises(Failure, match="did not take its new certificate") as caught:
        control.renew(one.socket, broken, str(one.pem))
    assert not any(line in str(caught.value) for line in broken.splitlines() if len(line) > 40)
    assert one.shown() == before


def test_the_control_socket_is_its_owners_alone(one: Running) -> None:
    assert one.socket.stat().st_mode & 0o777 == 0o600


def test_more_connections_than_one_address_has_ports_for_reach_the_product_from_several(
    product: Product, tmp_path: Path
) -> None:
    sources = ("127.0.1.1", "127.0.1.2", "127.0.1.3")
    with running(product, tmp_path, sources) as one:
        ways = [one.connected() for _ in range(6)]
        for way in ways:
            way.sendall(b"x")
            assert way.recv(1) == b"X"
        for way in ways:
            way.close()
    assert sorted(product.came) == sorted(2 * sources)
