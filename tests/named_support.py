"""A small cluster of WSO2 AS on loopback: a balancer and nodes that answer as the real ones, but for planned faults."""

import http.server
import json
import secrets
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from unittest import mock
from urllib.parse import urlsplit

from muster.spec import Cluster
from rehearsal import visitor
from rehearsal.balancer.pem import self_signed
from rehearsal.checks.scene import Scene
from rehearsal.inventory import BalancerEntry, HostEntry, Inventory, VisitorEntry

USERS, MANAGEMENT = "as.example.org", "mgt.as.example.org"
BALANCER, ADDRESS = "alb.eu-west-1.elb.amazonaws.com", "10.64.8.20"
VISITOR_SPACE, BALANCER_SPACE = "k8-visitor", "k8-balancer"
HTTPS, PEER = 9443, 9181
WAY = "k8-way"
"""The balancer's cookie."""


@dataclass(frozen=True)
class Reply:
    """What a request is answered with."""

    code: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What is asked, with the name of the host (without port) and cookies."""

    method: str
    path: str
    host: str
    cookies: Mapping[str, str]
    body: bytes


Answer = Callable[[Request], Reply]


@dataclass
class World:
    """The cluster: `mgt` and `workers` are names of nodes. What follows are faults, none of them planned at first."""

    mgt: tuple[str, ...] = ("a",)
    workers: tuple[str, ...] = ("b", "c")
    secure: int = 443
    proxy_port: int = 443
    """What nodes hold for the balancer's port."""
    consoles: tuple[str, ...] = ()
    """Workers that have a console."""
    deaf: tuple[str, ...] = ()
    """Workers to which nothing comes from the repository."""
    once: bool = False
    """Only the first artifact comes from the repository."""
    led: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Nodes to which host names lead, where it is not their own group."""
    sticky: bool = True
    shut: bool = False
    """Whether the visitor is kept out of management."""
    upload: int = 200
    to: str = ""
    """The host name of redirects, where it is not the one that was asked for."""
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    turns: Counter[str] = field(default_factory=Counter)

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes."""
        return (*self.mgt, *self.workers)

    def balanced(self, asked: Request) -> Reply:
        """Answer as the balancer does: by a node of the name's group, in turn or by the cookie."""
        own = {USERS: self.workers, MANAGEMENT: self.mgt[:1]}
        names = {**own, **self.led}.get(asked.host.lower(), ())
        if not names or (self.shut and asked.host.lower() == MANAGEMENT):
            return Reply(404, b"not found")
        self.turns[asked.host] += 1
        kept = asked.cookies.get(WAY) if self.sticky else None
        name = kept if kept in names else names[self.turns[asked.host] % len(names)]
        reply = self.of_node(name)(asked)
        cookie = ", ".join([*filter(None, [reply.headers.get("Set-Cookie")]), f"{WAY}={name}"])
        return Reply(reply.code, reply.body, {**reply.headers, "Set-Cookie": cookie})

    def redirected(self, asked: Request) -> Reply:
        """Answer as the listener of plain HTTP does."""
        return Reply(301, headers={"Location": f"https://{asked.host}:{self.secure}{asked.path}"})

    def of_node(self, name: str) -> Answer:
        """Return how the node answers."""

        def answer(asked: Request) -> Reply:
            reply = self._reply(name, asked)
            return Reply(reply.code, reply.body, {**reply.headers, "X-Muster-Node": f"host-{name}"})

        return answer

    def _reply(self, name: str, asked: Request) -> Reply:
        path = urlsplit(asked.path).path
        if path == "/double":
            return _json({"members": [f"/{ADDRESSES[each]}:4000" for each in self.nodes], **self._console(name)})
        if path == "/api/session":
            return self._session(name, asked)
        if path.startswith("/carbon/"):
            return self._carbon(path, asked) if name in (*self.mgt, *self.consoles) else Reply(404)
        return self._artifact(name, path, asked)

    def _console(self, name: str) -> dict[str, str]:
        return {"console": f"https://{MANAGEMENT}:{self.proxy_port}/carbon/"} if name in self.mgt else {}

    def _session(self, name: str, asked: Request) -> Reply:
        own = asked.cookies.get("JSESSIONID", "")
        own = own if own in self.sessions else secrets.token_hex(8)
        self.sessions[own] = self.sessions.get(own, 0) + 1
        reply = _json({"node": f"host-{name}", "session": own, "count": self.sessions[own]})
        return Reply(200, reply.body, {"Set-Cookie": f"JSESSIONID={own}"})

    def _carbon(self, path: str, asked: Request) -> Reply:
        if path == "/carbon/deploy":
            for name in set(self.nodes) - set(self.deaf):
                own = self.artifacts.setdefault(name, {})
                if not (self.once and name in self.workers and own):
                    own[asked.path.partition("?name=")[2].removesuffix(".war")] = asked.body
            return Reply(self.upload)
        return Reply(200, b"sign in") if path.endswith("login.jsp") else self._redirect(asked, f"{path}admin/login.jsp")

    def _artifact(self, name: str, path: str, asked: Request) -> Reply:
        content = self.artifacts.get(name, {}).get(path.strip("/"))
        if content is None:
            return Reply(404)
        return Reply(200, content) if path.endswith("/") else self._redirect(asked, f"{path}/")

    def _redirect(self, asked: Request, path: str) -> Reply:
        port = "" if self.proxy_port == 443 else f":{self.proxy_port}"
        return Reply(302, headers={"Location": f"https://{self.to or asked.host}{port}{path}"})


ADDRESSES: dict[str, str] = {}
"""By node, those that the lock file gives: of the world that stands."""


def _json(value: Any) -> Reply:
    return Reply(200, json.dumps(value).encode())


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def do_GET(self) -> None:
        """Answer as told."""
        host, cookies = self.headers["Host"].partition(":")[0], self.headers.get("Cookie", "")
        pairs = dict(each.strip().split("=", 1) for each in cookies.split(";") if each)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.server.answer(Request(self.command, self.path, host, pairs, body))
        self.send_response(reply.code)
        for name, value in reply.headers.items():
            for each in value.split(", ") if name == "Set-Cookie" else [value]:
                self.send_header(name, each)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET  # noqa: N815 - the base's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Answer, keys: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        if keys:
            self.socket = keys.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections end anyhow."""


class Account:
    """As much of a rehearsal as checks ask: hosts, a balancer and a visitor, listeners, rules and targets."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.states: dict[str, str] = dict.fromkeys((*world.mgt[:1], *world.workers), "healthy")
        self.registered = {USERS: list(world.workers), MANAGEMENT: list(world.mgt)}

    def inventory(self) -> Inventory:
        """Return what runs."""
        hosts = [HostEntry(f"i-{n}", n, n, ADDRESSES[n], f"k8-{n}", 1, "running") for n in self.world.nodes]
        balancer = BalancerEntry(BALANCER, ADDRESS, BALANCER_SPACE)
        return Inventory(tuple(hosts), (balancer,), (VisitorEntry("vpc", VISITOR_SPACE, "10.64.9.9", ""),))

    def client(self, _service: str) -> "Account":
        """Return what answers for a service."""
        return self

    def describe_load_balancers(self) -> dict[str, Any]:
        """Answer."""
        return {"LoadBalancers": [{"LoadBalancerArn": "arn", "DNSName": BALANCER}]}

    def describe_listeners(self, **_: str) -> dict[str, Any]:
        """Answer."""
        ports = {"HTTP": 80 if self.world.secure == 443 else 8280, "HTTPS": self.world.secure}
        return {"Listeners": [{"Port": n, "Protocol": p, "ListenerArn": f"arn:{p}"} for p, n in ports.items()]}

    def describe_rules(self, **asked: str) -> dict[str, Any]:
        """Answer."""
        assert asked == {"ListenerArn": "arn:HTTPS"}
        rules: list[dict[str, Any]] = [{"Actions": [{"Type": "fixed-response"}]}]
        for host in (USERS, MANAGEMENT):
            conditions = [
                {"Field": "host-header", "HostHeaderConfig": {"Values": [host]}},
                {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
            ]
            rules.append({"Conditions": conditions, "Actions": [{"Type": "forward", "TargetGroupArn": host}]})
        return {"Rules": rules}

    def describe_target_health(self, **asked: str) -> dict[str, Any]:
        """Answer."""
        return {
            "TargetHealthDescriptions": [
                {
                    "Target": {"Id": f"i-{name}", "Port": HTTPS},
                    "TargetHealth": {
                        "State": self.states.get(name, "unhealthy"),
                        "Reason": "Target.Failed",
                    },
                }
                for name in self.registered[asked["TargetGroupArn"]]
            ]
        }


@contextmanager
def standing(world: World, cluster: Cluster, folder: Path) -> Iterator[tuple[Scene, Account]]:
    """Let the world answer on loopback, at the addresses and from the places that the rehearsal has."""
    (folder / "keys.pem").write_bytes(self_signed("example.org"))
    keys = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    keys.load_cert_chain(folder / "keys.pem")
    ADDRESSES.clear()
    account = Account(world)
    with ExitStack() as stack:
        ways: dict[tuple[str, str, int], int] = {}

        def serve(place: tuple[str, str, int], answer: Answer, *, tls: bool) -> None:
            server = stack.enter_context(_Server(answer, keys if tls else None))
            stack.callback(server.shutdown)
            ways[place] = server.server_address[1]

        ADDRESSES.update({each: f"10.64.0.{number}" for number, each in enumerate(world.nodes, 10)})
        scene = Scene(cast("Any", account), cluster)
        ADDRESSES.update({member.name: member.address for member in scene.members})
        serve((VISITOR_SPACE, ADDRESS, world.secure), world.balanced, tls=True)
        serve((VISITOR_SPACE, ADDRESS, 80 if world.secure == 443 else 8280), world.redirected, tls=False)
        for name in world.nodes:
            seen = [ADDRESSES[each] for each in world.nodes]
            serve((BALANCER_SPACE, ADDRESSES[name], HTTPS), world.of_node(name), tls=True)
            serve(("", ADDRESSES[name], PEER), lambda _, seen=seen: _json({"seen": seen}), tls=False)  # type: ignore[misc]

        def connect(namespace: str, address: tuple[str, int], timeout: float) -> socket.socket:
            place = "" if address[1] == PEER and namespace.startswith("k8-") else namespace
            if (place, *address) not in ways:
                raise ConnectionRefusedError(f"nobody answers {namespace} at {address}")
            return socket.create_connection(("127.0.0.1", ways[place, address[0], address[1]]), timeout=timeout)

        stack.enter_context(mock.patch.object(visitor, "connect_in", connect))
        yield scene, account
