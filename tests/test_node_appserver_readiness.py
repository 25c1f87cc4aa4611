"""A node's answer to the balancer: the product by HTTPS, the member, and on management who commits."""

import dataclasses
import datetime
import http.server
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from musternode import web
from musternode.appserver import readiness
from musternode.appserver.readiness import UNTOLD
from musternode.appserver.running import Running
from musternode.carbon import readiness as carbon
from musternode.failure import Failure
from musternode.h2 import clock
from musternode.paths import Paths
from rehearsal.poll import poll
from tests.node_machine import Recorded
from tests.node_servers import serving
from tests.node_words import put


def weak(file: Path) -> None:
    """Write a certificate of its own word and its key of 1,024 bits, as products have been shipped with."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is what is tested
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    days = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - days, now + days)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem) + private)


class Product:
    """A product that answers by HTTPS."""

    def __init__(self, folder: Path) -> None:
        self.status, self.seconds = 200, 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(outer.seconds)
                self.send_response(outer.status if self.path == carbon.PATH else 500)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        weak(folder / "weak.pem")
        context.load_cert_chain(folder / "weak.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Serve a product whose certificate nobody knows."""
    made = Product(tmp_path_factory.mktemp("tls"))
    yield made
    made.server.shutdown()
    made.server.server_close()


class Node:
    """A product and what the member says of itself."""

    def __init__(self, folder: Path, product: Product) -> None:
        self.paths, self.product = Paths(folder), product
        self.say()

    def say(self, **changes: Any) -> None:
        """Let the member say a state now."""
        put(self.paths.root, "state.json", {**dataclasses.asdict(serving("a", **changes)), "at": clock.now()})

    def reasons(self, group: str) -> list[str]:
        """Return why it should be given nobody."""
        return readiness.reasons(self.paths, self.product.port, group)


@pytest.fixture
def node(tmp_path: Path, served: Product) -> Node:
    """Return a node that serves."""
    served.status, served.seconds = 200, 0.0
    return Node(tmp_path, served)


def test_a_worker_is_ready_when_product_and_member_say_so(node: Node) -> None:
    assert node.reasons("worker") == []
    node.say(phase="waiting")
    assert node.reasons("worker") == ["the member does not see enough of its cluster"]


def test_a_worker_stays_ready_whatever_is_said_of_artifacts(node: Node) -> None:
    readiness.tell(node.paths, "the repository is silent")
    assert node.reasons("worker") == []


def test_management_is_ready_once_it_has_said_that_it_commits(node: Node) -> None:
    assert node.reasons("mgt") == [UNTOLD]
    readiness.tell(node.paths, "node b commits")
    assert node.reasons("mgt") == ["node b commits"]
    readiness.tell(node.paths, "")
    assert node.reasons("mgt") == []


@pytest.mark.parametrize("status", [302, 403, 404])
def test_a_product_that_leads_elsewhere_answers_none_the_less(node: Node, status: int) -> None:
    node.product.status = status
    assert node.reasons("worker") == []


@pytest.mark.parametrize(("status", "seconds"), [(500, 0.0), (503, 0.0), (200, 5.0)])
def test_a_product_with_a_fault_or_that_hangs_is_the_reason(node: Node, status: int, seconds: float) -> None:
    node.product.status, node.product.seconds = status, seconds
    began = time.monotonic()
    assert node.reasons("worker") == [f"the product does not answer at /services port {node.product.port}"]
    assert time.monotonic() - began < 1.9


def test_a_product_that_answers_by_http_alone_does_not_answer() -> None:
    server = web.serve("127.0.0.1", 0, {carbon.PATH: lambda: (200, b"{}")})
    try:
        assert carbon.answers("127.0.0.1", server.server_port)
        assert not readiness.answers("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        server.server_close()


def test_the_member_asks_the_same(node: Node) -> None:
    product = Running(Recorded(), node.product.port, Path("none"), lambda: None, lambda _: None)
    assert product.healthy()
    node.product.status = 500
    assert not product.healthy()


def test_the_process_answers_where_it_is_told(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ports, real = list[int](), web.serve
    monkeypatch.setattr(web, "serve", lambda *given: ports.append(real(*given).server_port))
    arguments = ["127.0.2.4", "0", str(node.product.port), "mgt"]
    threading.Thread(target=readiness.run, args=(arguments, node.paths), daemon=True).start()
    poll(lambda: ports, within=5, every=0.02)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"http://127.0.2.4:{ports[0]}/ready", timeout=5)
    readiness.tell(node.paths, "")
    with urllib.request.urlopen(f"http://127.0.2.4:{ports[0]}/ready", timeout=5) as answer:
        assert json.load(answer) == {"ready": True, "reasons": []}


@pytest.mark.parametrize("given", [[], ["127.0.0.1", "1", "2"], ["127.0.0.1", "1", "2", "x"]])
def test_other_arguments_are_refused_with_those_that_are_wanted(given: list[str], tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"usage: musternode appserver-readiness ADDRESS PORT HTTPS_PORT mgt\|worker"):
        readiness.run(given, Paths(tmp_path))
