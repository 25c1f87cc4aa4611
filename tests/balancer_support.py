"""What the tests of the balancer share: models, and targets that are real HTTP servers in guests."""

import http.server
import socket
import threading
from dataclasses import replace

from rehearsal.balancer.model import (
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Rule,
    Stickiness,
    Target,
    TargetGroup,
)
from rehearsal.netns import socket_in
from rehearsal.websocket import accept

GROUP_ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/79bf0c9c23861050"
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/"
CHECK = HealthCheck("HTTP", 9180, "/ready", "200", interval=1, timeout=1, healthy=2, unhealthy=2)


def target(number: int, port: int = 8080) -> Target:
    """Describe a target by its number, which is in id and address."""
    return Target(f"i-{number:017x}", port, f"10.64.0.{number}")


def target_group(*targets: Target, check: HealthCheck = CHECK, sticky: Stickiness | None = None) -> TargetGroup:
    """Describe a target group."""
    return TargetGroup(
        GROUP_ARN,
        "web",
        "HTTP",
        check,
        sticky,
        "round_robin",
        drain=2,
        slow_start=0,
        fail_open_below=1,
        targets=targets,
    )


def named(group: TargetGroup, name: str) -> TargetGroup:
    """Return the same target group under another name and ARN."""
    return replace(group, name=name, arn=GROUP_ARN.replace("/web/", f"/{name}/"))


def load_balancer(group: TargetGroup, *listeners: Listener, tail: str = "50dc6c495c0c9188") -> LoadBalancer:
    """Describe a load balancer with these listeners, or with one on port 80 that forwards to the group."""
    plain = (Listener(80, "HTTP", (Rule((), Forward(group.arn)),)),)
    return LoadBalancer(
        ARN + tail, "web-1.eu-west-1.elb.amazonaws.com", 60, False, "append", listeners or plain, (group,)
    )


def with_targets(model: LoadBalancer, *targets: Target) -> LoadBalancer:
    """Return the same load balancer with other targets."""
    return replace(model, target_groups=(replace(model.target_groups[0], targets=targets),))


def with_groups(model: LoadBalancer, *groups: TargetGroup) -> LoadBalancer:
    """Return the same load balancer with these target groups."""
    return replace(model, target_groups=groups)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Site"

    def do_GET(self) -> None:
        """Answer by what the site is told to be."""
        self.server.seen.append((self.path, dict(self.headers.items())))
        if self.path == "/ready":
            self._answer(self.server.ready, b"")
        elif self.headers["Upgrade"] == "websocket":
            self._echo()
        elif self.path == "/slow":
            self.server.released.wait(20)
            self._answer(200, b"slow")
        else:
            self._answer(200, self.server.name.encode())

    def _echo(self) -> None:
        """Switch protocols, and send back whatever comes from then on."""
        self.close_connection = True
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept(self.headers["Sec-WebSocket-Key"].encode()))
        self.end_headers()
        while sent := self.connection.recv(1024):
            self.connection.sendall(sent)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if self.path == "/login":
            self.send_header("Set-Cookie", f"JSESSIONID={self.server.name}; Path=/; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
        """Say nothing."""


class Site(http.server.ThreadingHTTPServer):
    """An application in a guest: says its name, sets JSESSIONID at /login, answers /ready with the status `ready`.

    It upgrades connections that ask for it, and echoes on them.
    """

    daemon_threads = True

    def __init__(self, namespace: str, address: str, port: int, name: str) -> None:
        super().__init__((address, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket_in(namespace, socket.SOCK_STREAM, (address, port))
        self.name, self.ready = name, 200
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: health checks end with a reset."""

    def end(self) -> None:
        """Stop listening."""
        self.released.set()
        self.shutdown()
        self.server_close()
