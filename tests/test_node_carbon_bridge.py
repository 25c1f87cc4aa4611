"""The metadata service of version 1 for the product's user alone: what it answers, and to whom."""

import datetime
import http.client
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from musternode.carbon import bridge
from musternode.carbon.bridge import Bridge, Credentials
from musternode.failure import Failure
from musternode.paths import Paths
from rehearsal import netns
from tests import wired_hosts
from tests.node_carbon import ROLE
from tests.wired_hosts import ADDRESSES, run_in

ZONE = "/latest/meta-data/placement/availability-zone"
ROLES = "/latest/meta-data/iam/security-credentials"
PRODUCT, OTHER = "nobody", "daemon"
"""Users that each system has: one stands for the product's, one for any other."""


@dataclass
class Sts:
    """What gives credentials that live for an hour; `gone` while it does not answer."""

    now: float = 1_000_000.0
    taken: int = 0
    gone: bool = False

    def assume(self) -> Credentials:
        """Return other credentials each time."""
        if self.gone:
            raise OSError("no route to sts")
        self.taken += 1
        return Credentials(f"ASIA{self.taken}", "s+e/c=", "t0ken==", self.now + 3600)


@pytest.fixture
def sts() -> Sts:
    """Return STS."""
    return Sts()


@pytest.fixture
def made(sts: Sts) -> Bridge:
    """Return a bridge in a zone."""
    return Bridge(sts.assume, lambda: "eu-west-1a", lambda: sts.now)


def given(one: Bridge) -> Any:
    """Return the credentials that it gives."""
    status, text = one.answer(f"{ROLES}/muster-discovery")
    assert status == 200
    return json.loads(text)


def test_the_zone_and_the_one_role_are_answered(made: Bridge) -> None:
    assert made.answer(ZONE) == (200, "eu-west-1a")
    assert made.answer(f"{ZONE}/") == (200, "eu-west-1a")
    for path in (ROLES, f"{ROLES}/", f"{ROLES}/?x=y"):
        assert made.answer(path) == (200, "muster-discovery")


def test_credentials_stand_as_the_metadata_service_writes_them(made: Bridge) -> None:
    """hazelcast-aws takes them apart by the keys in quotes, each with its value in quotes behind a colon."""
    _, text = made.answer(f"{ROLES}/muster-discovery")
    for key, value in (("AccessKeyId", "ASIA1"), ("SecretAccessKey", "s+e/c="), ("Token", "t0ken==")):
        assert re.search(rf'^ *"{key}" : "{re.escape(value)}",?$', text, re.M)
    expires = datetime.datetime.strptime(given(made)["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    assert expires.timestamp() == 1_003_600


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/latest",
        "/latest/user-data",
        "/latest/meta-data/",
        "/latest/meta-data/instance-id",
        "/latest/dynamic/instance-identity/document",
        f"{ROLES}/another-role",
        f"{ROLES}/muster-discovery/x",
        f"{ROLES}/../../../user-data",
        f"/{ZONE}",
    ],
)
def test_nothing_else_is_answered(made: Bridge, sts: Sts, path: str) -> None:
    assert made.answer(path)[0] == 404
    assert sts.taken == 0


def test_credentials_are_taken_again_before_they_end_and_no_sooner(made: Bridge, sts: Sts) -> None:
    assert given(made)["AccessKeyId"] == given(made)["AccessKeyId"] == "ASIA1"
    sts.now += 3600 - bridge.RENEWED_BEFORE - 1
    assert given(made)["AccessKeyId"] == "ASIA1"
    sts.now += 2
    assert given(made)["AccessKeyId"] == "ASIA2"


def test_those_that_still_live_are_given_while_there_are_no_others(made: Bridge, sts: Sts) -> None:
    given(made)
    sts.gone = True
    sts.now += 3599
    assert given(made)["AccessKeyId"] == "ASIA1"
    sts.now += 2
    assert made.answer(f"{ROLES}/muster-discovery") == (503, "not available")
    sts.gone = False
    assert given(made)["AccessKeyId"] == "ASIA2"


def test_what_cannot_be_told_now_is_503(made: Bridge, sts: Sts) -> None:
    sts.gone = True
    assert made.answer(f"{ROLES}/muster-discovery")[0] == 503
    assert made.answer(ROLES)[0] == 200

    def no_zone() -> str:
        raise Failure("the metadata service answered 404")

    assert Bridge(sts.assume, no_zone).answer(ZONE)[0] == 503


def test_many_that_ask_at_once_take_the_role_once(sts: Sts) -> None:
    go = threading.Barrier(8)

    def assume() -> Credentials:
        time.sleep(0.05)  # as long as STS takes: the others come meanwhile
        return sts.assume()

    one = Bridge(assume, lambda: "z", lambda: sts.now)

    def ask() -> None:
        go.wait()
        given(one)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sts.taken == 1


def test_credentials_are_not_shown_in_a_text_about_them(sts: Sts) -> None:
    assert not {"s+e/c=", "t0ken=="} & set(re.findall(r"[^',()]+", repr(sts.assume())))


@pytest.fixture(scope="module")
def asked() -> Iterator[Callable[..., tuple[int, str]]]:
    """Serve a bridge, and yield what asks it."""
    server = bridge.serve(Bridge(Sts().assume, lambda: "eu-west-1a"), 0)

    def ask(method: str, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    yield ask
    server.shutdown()
    server.server_close()


def test_it_is_asked_by_get_alone(asked: Callable[..., tuple[int, str]]) -> None:
    """A client of version 2 asks for a token first, and learns that there is none."""
    assert asked("GET", ZONE) == (200, "eu-west-1a")
    assert asked("GET", "/latest/user-data")[0] == 404
    assert asked("PUT", "/latest/api/token")[0] == 501


class Metadata(BaseHTTPRequestHandler):
    """The metadata service of version 2: no word without a token."""

    def do_PUT(self) -> None:
        """Give a token to who says for how long."""
        good = self.path == "/latest/api/token" and int(self.headers["X-aws-ec2-metadata-token-ttl-seconds"]) > 0
        self._say(*((200, "a token") if good else (400, "")))

    def do_GET(self) -> None:
        """Give the zone to who has it."""
        good = self.headers["X-aws-ec2-metadata-token"] == "a token"
        self._say(*((200, "eu-west-1b") if good and self.path == ZONE else (401, "")))

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_zone_is_asked_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    server, real = ThreadingHTTPServer(("127.0.0.1", 0), Metadata), http.client.HTTPConnection
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(
        http.client, "HTTPConnection", lambda *_, timeout: real("127.0.0.1", server.server_port, timeout=timeout)
    )
    assert bridge.zone() == "eu-west-1b"
    monkeypatch.setattr(bridge, "ZONE", "/other")
    with pytest.raises(Failure, match="the metadata service answered 401 to GET /other"):
        bridge.zone()
    server.shutdown()
    server.server_close()


def test_the_role_is_taken_at_the_regions_own_sts_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    said: dict[str, Any] = {}
    until = datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.UTC)

    class Client:
        """STS."""

        def assume_role(self, **asked: Any) -> Any:
            """Give credentials."""
            said.update(asked, endpoint=real("sts", region_name=said["region"]).meta.endpoint_url)
            keys = {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", "Expiration": until}
            return {"Credentials": keys}

    def client(name: str, *, region_name: str, **_: Any) -> Client:
        assert name == "sts"
        said["region"] = region_name
        return Client()

    real = boto3.client
    monkeypatch.setattr(boto3, "client", client)
    assert bridge.assumed(ROLE, "us-east-1", "a") == Credentials("A", "S", "T", until.timestamp())
    assert (said["RoleArn"], said["RoleSessionName"], said["DurationSeconds"]) == (ROLE, "muster-a", 3600)
    assert said["endpoint"] == "https://sts.us-east-1.amazonaws.com"


def test_the_rules_are_given_to_the_kernel_as_one_text_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(bridge, "run_command", calls.append)
    assert bridge.run(["rules", "wso2"], Paths(tmp_path)) == 0
    file = Paths(tmp_path).etc / "bridge.nft"
    assert (calls, file.read_text()) == ([["nft", "--file", str(file)]], bridge.rules("wso2"))
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("arguments", [[], ["rules"], ["x", "y"], ["rules", "x", "y", "z"]])
def test_other_arguments_are_refused_with_those_that_are_wanted(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(Failure, match="usage: musternode bridge ROLE REGION NODE"):
        bridge.run(arguments, Paths(tmp_path))


# on a kernel


ASK = """
import http.client, sys
address, port = sys.argv[1:]
try:
    connection = http.client.HTTPConnection(address, int(port), timeout=3)
    connection.request("GET", "/latest/meta-data/")
    print(connection.getresponse().read().decode())
except OSError as fault:
    print(type(fault).__name__)
"""
SERVICE = (bridge.METADATA, 80)
OWN_PORT = ("127.0.0.1", bridge.PORT)


@dataclass
class Instance:
    """An instance as a namespace, whose metadata service is another one's."""

    name: str
    servers: list[ThreadingHTTPServer] = field(default_factory=list)

    def serve(self, namespace: str, address: tuple[str, int], text: str) -> None:
        """Let a server say `text` at `address` of a namespace."""

        class Says(Metadata):
            """Says it."""

            def do_GET(self) -> None:
                self._say(200, text)

        server = netns.call_in(namespace, lambda: ThreadingHTTPServer(address, Says))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)

    def lead(self) -> None:
        """Load the rules."""
        run_in(self.name, ["nft", "--file", "-"], given=bridge.rules(PRODUCT))

    def ask(self, user: str, address: tuple[str, int]) -> str:
        """Return who answers a user there, or the fault."""
        who = ["setpriv", f"--reuid={user}", "--clear-groups"]
        asked = run_in(self.name, [*who, "/usr/bin/python3", "-c", ASK, address[0], str(address[1])])
        return asked.stdout.strip()


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """Yield an instance with its bridge and rules."""
    with wired_hosts.hosts() as hosts:
        one, other = hosts.names["a"], hosts.names["b"]
        subprocess.run(["ip", "-n", other, "addr", "add", f"{bridge.METADATA}/32", "dev", "w"], check=True)
        for line in (["addr", "add", "127.0.0.1/8", "dev", "lo"], ["link", "set", "lo", "up"]):
            subprocess.run(["ip", "-n", one, *line], check=False)  # it may be up already
        subprocess.run(["ip", "-n", one, "route", "add", "default", "via", ADDRESSES["b"]], check=True)
        made = Instance(one)
        made.serve(other, SERVICE, "service")
        made.serve(other, (ADDRESSES["b"], 80), "elsewhere")
        made.serve(other, (bridge.METADATA, 8080), "another port")
        made.serve(one, OWN_PORT, "bridge")
        assert made.ask(PRODUCT, SERVICE) == "service"  # the control
        assert made.ask(OTHER, OWN_PORT) == "bridge"
        made.lead()
        yield made
        for server in made.servers:
            server.shutdown()
            server.server_close()


@pytest.mark.host
def test_only_the_products_packages_are_led_to_the_bridge(instance: Instance) -> None:
    assert {user: instance.ask(user, SERVICE) for user in (PRODUCT, OTHER, "root")} == {
        PRODUCT: "bridge",
        OTHER: "service",
        "root": "service",
    }


@pytest.mark.host
def test_nobody_else_gets_into_the_bridge(instance: Instance) -> None:
    assert {user: instance.ask(user, OWN_PORT) for user in (OTHER, "root")} == {
        OTHER: "ConnectionRefusedError",
        "root": "ConnectionRefusedError",
    }
    assert instance.ask(PRODUCT, OWN_PORT) == "bridge"


@pytest.mark.host
def test_the_product_reaches_the_service_on_no_other_way_and_all_else_as_before(instance: Instance) -> None:
    assert instance.ask(PRODUCT, (bridge.METADATA, 8080)) == "ConnectionRefusedError"
    assert instance.ask(OTHER, (bridge.METADATA, 8080)) == "another port"
    assert instance.ask(PRODUCT, (ADDRESSES["b"], 80)) == "elsewhere"


@pytest.mark.host
def test_rules_that_are_given_again_are_the_same(instance: Instance) -> None:
    before = run_in(instance.name, ["nft", "list", "ruleset"]).stdout
    instance.lead()
    assert run_in(instance.name, ["nft", "list", "ruleset"]).stdout == before
