"""The real gateway serves the balancer's users with the file that Muster has edited."""

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from musternode.kaazing import gateway_config
from musternode.kaazing.wanted import Wanted
from rehearsal import netns
from tests.double_kaazing_support import Bench, Gateway, bench

pytestmark = pytest.mark.host

HOST = "gw.example.org"
"""The public name, which nobody resolves."""
MEMBER, HTTP = 5942, 8000
IDLE = 10
"""Seconds after which the balancer ends a quiet connection."""
PING = b"\x89\x00"
"""A WebSocket's ping, as it is on the wire (RFC 6455, 5.2)."""
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
KEY = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
MORE = """
  <service>
    <name>inner</name>
    <accept>ws://127.0.0.1:8001/inner</accept>
    <type>echo</type>
  </service>
  <service>
    <name>own</name>
    <accept>https://${gateway.hostname}:8443/own</accept>
    <accept>wss://${gateway.hostname}:8443/own</accept>
    <type>echo</type>
    <accept-options>
      <ssl.bind>192.168.2.10:8443</ssl.bind>
      <ssl.verify-client>none</ssl.verify-client>
      <http.keepalive.timeout>5 seconds</http.keepalive.timeout>
    </accept-options>
  </service>
</gateway-config>"""
"""Services beside the echo of the double's own file; `own` allows no page of another site."""


@dataclass
class Site:
    """A gateway that runs, and how its users say its name."""

    gateway: Gateway
    bench: Bench
    scheme: str
    port: int

    def answer(self, path: str, headers: Mapping[str, str], *, method: str = "GET", host: str = HOST) -> str:
        """Return the gateway's whole answer to a request that came through the balancer."""
        with netns.connect_in(self.bench.switch, (self.gateway.address, HTTP), 10) as wire:
            return ask(wire, f"{method} {path}", {"Host": host, **headers})

    def upgrade(self, path: str, *, host: str = HOST, origin: str = "") -> str:
        """Return the status of the answer to a WebSocket's request."""
        headers = {**UPGRADE, **KEY, **({"Origin": origin} if origin else {})}
        return self.answer(path, headers, host=host).split(" ")[1]


def ask(wire: socket.socket, request: str, headers: Mapping[str, str]) -> str:
    """Return the answer up to the end of its head and of the body that it announces."""
    lines = [f"{request} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    wire.sendall("\r\n".join(lines).encode())
    read = b""
    while b"\r\n\r\n" not in read:
        read += _more(wire)
    head, _, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length.group(1)):
        body += _more(wire)
    return (head + b"\r\n\r\n" + body).decode("latin-1")


def _more(wire: socket.socket) -> bytes:
    more = wire.recv(65536)
    assert more, "the gateway ended the connection"
    return more


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Make namespaces for gateways."""
    with bench(tmp_path_factory.mktemp("gateways")) as made:
        yield made


@pytest.fixture(scope="module", params=[(80, "2014/09"), (443, "2015/11"), (443, "2016/06")], ids=str)
def site(request: pytest.FixtureRequest, wires: Bench) -> Iterator[Site]:
    """Start a gateway with an edited file of each version, behind TLS and without."""
    made = started(wires, *request.param)
    yield made
    made.gateway.kill()


def started(made: Bench, port: int, date: str, *changes: tuple[bytes, bytes]) -> Site:
    """Return a gateway that runs with the double's own file: more services are put into it, and then it is edited.

    `changes` are made to the edited file.
    """
    gateway = made.gateway()
    wanted = Wanted("my 'cluster'", gateway.address, (gateway.address,), MEMBER, HOST, port, HTTP, IDLE)
    file = gateway.home / "conf" / "gateway-config.xml"
    before = file.read_text().replace("2016/06", date).replace("</gateway-config>", MORE)
    after = gateway_config.patched(before.encode(), wanted)
    for old, new in changes:
        after = after.replace(old, new)
    file.write_bytes(after)
    gateway.start()
    gateway.wait_until_started()
    return Site(gateway, made, "https" if wanted.secure else "http", port)


def test_a_user_comes_in_by_the_public_name_as_a_balancer_says_it(site: Site) -> None:
    """A balancer at 80 or 443 takes the port out of the Host header."""
    assert [site.upgrade("/echo"), site.upgrade("/own")] == ["101", "101"]
    assert site.upgrade("/echo", host=f"{HOST}:{site.port}") == "101"
    assert site.upgrade("/echo", host=HOST.upper()) == "101"


def test_nobody_comes_in_by_another_name(site: Site) -> None:
    others = ["other.example.org", f"{site.gateway.address}:{HTTP}", f"{HOST}:{523 - site.port}"]
    assert [site.upgrade("/echo", host=host) for host in others] == ["404", "404", "404"]


def test_pages_of_the_same_site_may_come_and_others_not(site: Site) -> None:
    assert site.upgrade("/own", origin=f"{site.scheme}://{HOST}") == "101"
    assert site.upgrade("/own", origin=f"{site.scheme}://other.example.org") == "403"


def test_emulation_goes_on_at_a_uri_that_users_can_reach(site: Site) -> None:
    headers = {"Content-Length": "0", "X-WebSocket-Version": "wseb-1.0", "X-Sequence-No": "1"}
    answer = site.answer("/echo/;e/ct?.kn=1", headers, method="POST")
    assert answer.startswith("HTTP/1.1 201 ")
    ways = re.findall(rf"(\w+)://{re.escape(HOST)}(:\d+)?/echo/;e/[ud]t/", answer)
    assert {scheme for scheme, _ in ways} == {site.scheme}
    assert {port for _, port in ways} <= {"", f":{site.port}"}


def test_users_do_not_see_a_service_at_a_loopback_address_and_the_node_does(site: Site) -> None:
    assert [site.upgrade("/inner"), site.upgrade("/inner", host="127.0.0.1:8001")] == ["404", "404"]
    with netns.connect_in(site.gateway.namespace, ("127.0.0.1", 8001), 10) as wire:
        assert ask(wire, "GET /inner", {"Host": "127.0.0.1:8001", **UPGRADE, **KEY}).startswith("HTTP/1.1 101 ")


def test_it_is_the_member_that_the_file_says(site: Site) -> None:
    started = f"Cluster Member started: IP Address: {site.gateway.address}; Port: {MEMBER}"
    assert started in site.gateway.log


def test_a_path_for_an_upgrade_is_one_that_the_gateway_has(site: Site) -> None:
    paths = gateway_config.websocket_paths((site.gateway.home / "conf" / "gateway-config.xml").read_bytes())
    assert {path: site.upgrade(path) for path in paths} == {"/echo": "101", "/own": "101"}


def test_a_quiet_websocket_is_pinged_before_the_balancer_ends_it(site: Site) -> None:
    with netns.connect_in(site.bench.switch, (site.gateway.address, HTTP), IDLE - 1) as wire:
        assert ask(wire, "GET /echo", {"Host": HOST, **UPGRADE, **KEY}).startswith("HTTP/1.1 101 ")
        assert wire.recv(16) == PING


def test_a_scheme_without_tls_would_find_nobody_at_443(wires: Bench) -> None:
    """The control: why an accept behind TLS is no plain one, though no TLS comes to the gateway."""
    plain = started(wires, 443, "2016/06", (b">wss://", b">ws://"), (b">https://", b">http://"))
    assert plain.upgrade("/echo") == "404"
    assert plain.upgrade("/echo", host=f"{HOST}:443") == "101"
