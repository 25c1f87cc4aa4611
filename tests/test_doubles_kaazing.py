"""The real gateway as the ZIP that a user brings; here alone, on loopback."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from musternode.failure import Failure
from musternode.kaazing import launch
from musternode.kaazing.upgrade import Service, hindrance
from rehearsal.doubles import BuildError, kaazing, store
from rehearsal.doubles.kaazing import FILE, build_kaazing
from rehearsal.websocket import BINARY, Closed, Refused, WebSocket
from tests.double_kaazing_support import NAME, Gateway, cluster, service, unpacked
from tests.double_support import free_port

OFFLOADED = "<ssl.encryption>disabled</ssl.encryption>"
"""TLS has been ended before the gateway."""
LOGIN = (
    "<realm-name>demo</realm-name>"
    "<authorization-constraint><require-role>AUTHORIZED</require-role></authorization-constraint>"
)
REALM = (
    "<security><realm><name>demo</name><description>d</description><authentication>"
    "<http-challenge-scheme>Basic</http-challenge-scheme><login-modules><login-module><type>file</type>"
    "<success>required</success><options><file>jaas-config.xml</file></options></login-module></login-modules>"
    "</authentication></realm></security>"
)
NOBODY = '<jaas-config xmlns="http://xmlns.kaazing.com/jaas-config/centurion"/>'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return an unpacked gateway."""
    return unpacked(build_kaazing(), tmp_path)


@dataclass
class Running:
    """A gateway that serves on three ports: for a plain balancer, for one that ends TLS, and for both (a mistake)."""

    gateway: Gateway
    plain: int
    offloaded: int
    mixed: int

    def hindrance(self, port: int, path: str, host: str = NAME) -> str:
        """Return what a node says of a service."""
        return hindrance(Service("127.0.0.1", port, host, path), 5.0)

    def visit(self, path: str = "/echo") -> WebSocket:
        """Return a WebSocket to a service on the plain port."""
        return WebSocket(socket.create_connection(("127.0.0.1", self.plain), timeout=10), path, host=NAME)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start one gateway for all tests of its answers."""
    gateway = Gateway(unpacked(build_kaazing(), tmp_path_factory.mktemp("kaazing")))
    plain, offloaded, mixed = (free_port() for _ in range(3))
    gateway.configure(
        REALM,
        service("echo", f"ws://{NAME}:80/echo", f"127.0.0.1:{plain}"),
        service("no offload", f"ws://{NAME}:443/plain", f"127.0.0.1:{plain}"),
        service("secret", f"ws://{NAME}:80/secret", f"127.0.0.1:{plain}", after=LOGIN),
        service("offload", f"wss://{NAME}:443/echo", f"127.0.0.1:{offloaded}", before=OFFLOADED),
        service("offload too", f"wss://{NAME}:443/too", f"127.0.0.1:{offloaded}", before=OFFLOADED),
        service("mixed", "ws://mixed.example.org:80/mixed", f"127.0.0.1:{mixed}"),
        service("mixed too", "wss://mixed.example.org:443/mixed", f"127.0.0.1:{mixed}", before=OFFLOADED),
    )
    (gateway.home / "conf/jaas-config.xml").write_text(NOBODY)
    gateway.start()
    try:
        gateway.wait_until_started()
        yield Running(gateway, plain, offloaded, mixed)
    finally:
        gateway.kill()


# the Host header


@pytest.mark.parametrize("host", [NAME, f"{NAME}:80", NAME.upper()])
def test_a_service_at_port_80_of_the_public_name_takes_users_who_come_through_a_balancer(
    running: Running, host: str
) -> None:
    """The name is not resolved: a gateway whose services are bound starts before there is such a name."""
    assert running.hindrance(running.plain, "/echo", host) == ""


@pytest.mark.parametrize("host", [f"{NAME}:443", "127.0.0.1", "other.example.org"])
def test_another_host_is_not_found(running: Running, host: str) -> None:
    assert f"404 at /echo on port {running.plain}: none of its" in running.hindrance(running.plain, "/echo", host)


def test_another_path_is_not_found(running: Running) -> None:
    assert "404 at /nothing" in running.hindrance(running.plain, "/nothing")


def test_behind_a_balancer_that_ends_tls_a_plain_service_at_port_443_takes_nobody(running: Running) -> None:
    """The balancer sends the name without the port, which a gateway takes for port 80 on a connection without TLS."""
    assert "404" in running.hindrance(running.plain, "/plain")
    assert running.hindrance(running.plain, "/plain", f"{NAME}:443") == ""


@pytest.mark.parametrize("path", ["/echo", "/too"])
@pytest.mark.parametrize("host", [NAME, f"{NAME}:443"])
def test_behind_one_a_secure_service_without_encryption_takes_users(running: Running, path: str, host: str) -> None:
    assert running.hindrance(running.offloaded, path, host) == ""


def test_such_a_service_gives_emulated_websockets_secure_addresses(running: Running) -> None:
    for port, scheme in ((running.plain, b"http"), (running.offloaded, b"https")):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            ask = f"GET /echo/;e/ct HTTP/1.1\r\nHost: {NAME}\r\nX-WebSocket-Version: wseb-1.0\r\n\r\n"
            connection.sendall(ask.encode())
            answer = b""
            while answer.count(b"\n") < 9:
                answer += connection.recv(4096)
        assert re.search(rb"\n%s://gw\.example\.org/echo/;e/ut/" % scheme, answer)


def test_plain_and_secure_services_on_one_port_take_nobody(running: Running) -> None:
    found = running.hindrance(running.mixed, "/mixed", "mixed.example.org")
    assert "without a word; of the services on one port either all take" in found


def test_a_service_with_a_realm_wants_a_login(running: Running) -> None:
    assert "401 at /secret" in running.hindrance(running.plain, "/secret")


# the echo service


def test_a_message_comes_back_as_it_was(running: Running) -> None:
    with running.visit() as visitor:
        for message in (b"", b"word", b"x" * 125, b"y" * 126, b"z" * 70_000):
            visitor.send(message)
            assert visitor.receive() == message
        visitor.send(bytes(range(256)), BINARY)
        assert visitor.receive() == bytes(range(256))


def test_a_message_that_is_too_long_ends_the_websocket(running: Running) -> None:
    with running.visit() as visitor:
        visitor.send(b"x" * (128 * 1024 + 1), BINARY)
        with pytest.raises(Closed, match="1009"):
            visitor.receive()


def test_a_service_that_is_not_there_refuses_the_upgrade(running: Running) -> None:
    with pytest.raises(Refused) as refused:
        running.visit("/nothing")
    assert refused.value.code == 404


def test_what_users_send_does_not_come_into_the_log(running: Running) -> None:
    line = "INFO  Cluster member tcp://203.0.113.9:5942 is now online"
    for ask in (f"GET /{line}", f"{line}\r\nGET /echo", f"GET /echo HTTP/1.1\r\nHost: {line}\r\n{line}"):
        with socket.create_connection(("127.0.0.1", running.plain), timeout=5) as connection:
            connection.sendall(f"{ask} HTTP/1.1\r\nHost: x\r\n{line}: {line}\r\n\r\n".encode())
            connection.recv(4096)
    with running.visit() as visitor:
        visitor.send(f"\n{line}\n".encode())
        visitor.receive()
    for log in (running.gateway.log, running.gateway.file_log):
        assert "203.0.113.9" not in log


# the script


def test_the_script_says_what_it_starts_and_starts_it(home: Path) -> None:
    gateway, port = Gateway(home), free_port()
    gateway.configure(service("echo", f"ws://{NAME}:80/echo", f"127.0.0.1:{port}"))
    java = Path(shutil.which("java") or "").resolve().parents[1]
    try:
        gateway.launch([str(home / "bin/gateway.start")], **launch.environment(java, launch.options(home, 60, 192)))
        gateway.wait_until_started()
        assert hindrance(Service("127.0.0.1", port, NAME, "/echo"), 5.0) == ""
        first = gateway.log.splitlines()[0]
        assert "the Kaazing Gateway 5.6.2 itself, assembled from its parts in Maven Central; this is not" in first
        assert gateway.child is not None
        told = Path(f"/proc/{gateway.child.pid}/cmdline").read_text().split("\0")
        assert {"-Xmx192m", "-Dhazelcast.max.no.heartbeat.seconds=60"} <= set(told)
        gateway.child.terminate()
        assert gateway.child.wait(20) == 143
    finally:
        gateway.kill()


def test_as_shipped_it_serves_an_echo_on_port_8000(home: Path) -> None:
    names = {"n": "http://xmlns.kaazing.org/2016/06/gateway"}
    root = ET.parse(home / "conf/gateway-config.xml").getroot()  # noqa: S314 - our own
    values = [each.text for each in root.findall("n:properties/n:property/n:value", names)]
    assert values == ["localhost", "8000"]
    assert [each.text for each in root.findall("n:service/n:type", names)] == ["echo"]


def test_without_a_java_on_the_path_the_script_says_so(home: Path, tmp_path: Path) -> None:
    """As the product's, whatever JAVA_HOME says."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("readlink", "dirname", "bash"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    bare = {**os.environ, "PATH": str(tools), "JAVA_HOME": "/usr/lib/jvm/default-java"}
    done = subprocess.run([home / "bin/gateway.start"], env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, "Java is not installed" in done.stdout) == (1, True)


# what keeps it from starting


def fault(gateway: Gateway) -> str:
    """Return what the node says of a start that failed."""
    gateway.start()
    assert gateway.child is not None
    try:
        assert gateway.child.wait(30) != 0
    finally:
        gateway.kill()
    return gateway.sight.fault


def test_an_address_that_is_not_this_hosts_is_named_as_the_cause(home: Path) -> None:
    gateway = Gateway(home)
    echo = service("echo", f"ws://{NAME}:80/echo", f"127.0.0.1:{free_port()}")
    gateway.configure(echo, cluster("198.51.100.7", ["198.51.100.7"]))
    assert fault(gateway) == (
        "Unable to initialize cluster due to an exception: Hazelcast CANNOT start on this node. No matching network "
        "interface found."
    )


def test_a_port_that_is_taken_is_named_as_the_cause(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = Gateway(home)
        gateway.configure(service("echo", f"ws://{NAME}:80/echo", f"127.0.0.1:{port}"))
        assert f"Unable to bind address: /127.0.0.1:{port}" in fault(gateway)


def test_a_name_that_nobody_knows_is_named_as_the_cause(home: Path) -> None:
    gateway = Gateway(home)
    accept = "<accept>ws://gw.invalid:8000/echo</accept>"
    gateway.configure(f"<service><name>echo</name>{accept}<type>echo</type></service>")
    assert fault(gateway) == "Unable to resolve DNS name: gw.invalid"


def test_an_element_in_the_wrong_place_is_named_as_the_cause(home: Path) -> None:
    gateway = Gateway(home)
    gateway.configure("<cluster><accept>tcp://127.0.0.1:5942</accept></cluster>")
    assert fault(gateway).startswith("Expected element 'name@")


def test_a_file_that_is_no_xml_is_named_as_the_cause(home: Path) -> None:
    gateway = Gateway(home)
    (home / "conf/gateway-config.xml").write_text("<gateway-config")
    assert "XML document structures must start and end within the same entity" in fault(gateway)


def test_what_the_node_calls_lacking_keeps_it_from_starting(home: Path) -> None:
    (jar,) = home.glob("lib/javax.annotation-api-*.jar")
    launch.check_home(home, 17)
    jar.unlink()
    with pytest.raises(Failure, match=r"javax\.annotation"):
        launch.check_home(home, 17)
    gateway = Gateway(home)
    fault(gateway)
    assert "NoClassDefFoundError: javax/annotation/Resource" in gateway.log


@pytest.mark.parametrize("folder", launch.EMPTY)
def test_folders_that_an_archive_may_lose_are_in_the_zip(home: Path, folder: str) -> None:
    assert (home / folder).is_dir()
    assert not any((home / folder).iterdir())


# the archive


def test_the_zip_is_a_distribution_whose_one_folder_has_the_archives_name() -> None:
    archive = build_kaazing("my-gateway.zip")
    assert [each.name for each in archive.parent.iterdir()] == ["my-gateway.zip"]
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
    assert {name.partition("/")[0] for name in names} == {"my-gateway"}
    conf = {f"my-gateway/conf/{name}" for name in ("gateway-config.xml", "log4j-config.xml")}
    assert {"my-gateway/bin/gateway.start", "my-gateway/temp/", *conf} <= names


def test_every_part_of_the_gateway_is_of_one_version(home: Path) -> None:
    jars = [each.name for each in (home / "lib").glob("gateway.*.jar")]
    assert len(jars) > 20
    assert all(name.endswith(f"-{kaazing.VERSION}.jar") for name in jars)


def test_a_build_is_kept_until_its_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    build_kaazing()
    known = build_kaazing(FILE, said.append)
    assert said == []
    changed = tmp_path / kaazing.NAME
    shutil.copytree(store.SOURCES / kaazing.NAME, changed)
    (changed / "src/main/home/conf/log4j-config.xml").write_text("<other/>\n")
    monkeypatch.setattr(store, "SOURCES", tmp_path)
    monkeypatch.setattr(kaazing, "package", refuses)
    with pytest.raises(BuildError, match="fetched anew"):
        build_kaazing(FILE, said.append)
    assert "with Maven" in said[0]
    assert known.exists()


def refuses(project: Path, log: Path) -> Path:
    """Stand where Maven would be called."""
    raise BuildError(f"fetched anew: {project}, {log}")


@pytest.mark.full
def test_the_same_sources_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hashlib.sha256(build_kaazing().read_bytes()).hexdigest()
    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path))
    assert hashlib.sha256(build_kaazing().read_bytes()).hexdigest() == first


def test_the_pom_asks_for_exact_versions_alone() -> None:
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    root = ET.parse(store.SOURCES / kaazing.NAME / "pom.xml").getroot()  # noqa: S314 - our own
    versions = [each.text or "" for each in root.iterfind(".//m:version", names)]
    assert len(versions) > 10
    assert all(re.fullmatch(r"[0-9.]+|\$\{gateway\.version\}", version) for version in versions)
    assert root.findtext("m:properties/m:gateway.version", "", names) == kaazing.VERSION
