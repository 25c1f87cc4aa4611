"""The instance metadata service of one host, on 169.254.169.254:80 of its own namespace.

Version 2 as the EC2 user guide has it ("Use the Instance Metadata Service"): a session token by PUT, its life in
seconds by a header, 401 without one where the instance requires it. Each host has a service of its own, so that
nothing is ever looked up by who asks.

The answer with a token goes no farther than the instance's hop limit allows. On EC2 it has come one hop when it reaches
the instance; here the service is in the instance's own namespace. So whoever asks through one of the host's own
interfaces, as a container does, is answered with one hop less, and with none at all if nothing is left.
"""

import http.server
import logging
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from rehearsal import netns
from rehearsal.hosts.metadata import Tree, lookup

ADDRESS = "169.254.169.254"

TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "X-aws-ec2-metadata-token"  # noqa: S105 - a header's name
LONGEST_TTL = 21600
"""Six hours, in seconds; the shortest life of a token is one second."""

_log = logging.getLogger(__name__)
_POLL = 0.1
_LO = 1  # the first interface of each namespace (linux, drivers/net/loopback.c)
_PKTINFO, _PKTOPTIONS = 8, 9  # linux/in.h: of a TCP connection, the interface at which it arrived
_ORDINARY_TTL = 64


@dataclass(frozen=True)
class Served:
    """What the service answers with at this moment."""

    tree: Tree
    enabled: bool
    token_required: bool
    hop_limit: int = 1


class Tokens:
    """The session tokens that were given out and still live."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def give(self, header: str | None) -> tuple[str, int] | None:
        """Return a new token and its life; None if the header asks for no life between 1 and 21600 seconds."""
        if header is None or not header.isascii() or not header.isdigit():
            return None
        if not 1 <= int(header) <= LONGEST_TTL:
            return None
        now = self._clock()
        self._until = {token: until for token, until in self._until.items() if until > now}
        token = secrets.token_urlsafe(40)
        self._until[token] = now + int(header)
        return token, int(header)

    def good(self, token: str) -> bool:
        """Tell whether `token` was given out here and still lives."""
        return self._until.get(token, 0.0) > self._clock()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    served: Callable[[], Served]
    tokens: Tokens

    def handle_error(self, request: object, client_address: object) -> None:
        """Programs may hang up whenever they like."""
        _log.debug("metadata client %s %s", client_address, request, exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout = 30.0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Stay silent: a host asks all the time."""

    def do_PUT(self) -> None:
        """Give out a token."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = cast("_Server", self.server)
        if not server.served().enabled or self.headers.get("X-Forwarded-For"):
            return self._answer(HTTPStatus.FORBIDDEN)
        if self.path != TOKEN_PATH:
            return self._answer(HTTPStatus.METHOD_NOT_ALLOWED)
        given = server.tokens.give(self.headers.get(TTL_HEADER))
        if given is None:
            return self._answer(HTTPStatus.BAD_REQUEST)
        left = hops_left(server.served().hop_limit, arrived_at(self.connection))
        if left < 1:
            return self._wait_in_vain()
        token, life = given
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, left)
        return self._answer(HTTPStatus.OK, token.encode(), {TTL_HEADER: str(life)})

    def do_GET(self) -> None:
        """Answer from the tree, to those who may ask."""
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, _ORDINARY_TTL)
        server = cast("_Server", self.server)
        served, token = server.served(), self.headers.get(TOKEN_HEADER)
        if not served.enabled:
            return self._answer(HTTPStatus.FORBIDDEN)
        if (token or served.token_required) and not server.tokens.good(token or ""):
            return self._answer(HTTPStatus.UNAUTHORIZED)
        path = self.path.split("?")[0]
        if path == TOKEN_PATH:
            return self._answer(HTTPStatus.METHOD_NOT_ALLOWED)
        found = lookup(served.tree, path)
        if found is None:
            return self._answer(HTTPStatus.NOT_FOUND)
        return self._answer(HTTPStatus.OK, found)

    def _wait_in_vain(self) -> None:
        """Say nothing until the client goes: the kernel of the instance would not have forwarded the answer."""
        self.close_connection = True
        self.rfile.read(1)

    def _answer(self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        if status != HTTPStatus.OK:
            body = f"{status.value} - {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def hops_left(limit: int, interface: int) -> int:
    """Return how far a token's answer may still go on a connection that arrived at `interface` (its index)."""
    return limit if interface == _LO else limit - 1


def arrived_at(connection: socket.socket) -> int:
    """Return the index of the interface at which a TCP connection arrived (ip(7), IP_PKTINFO)."""
    connection.setsockopt(socket.IPPROTO_IP, _PKTINFO, 1)
    found = connection.getsockopt(socket.IPPROTO_IP, _PKTOPTIONS, 256)
    index: int = struct.unpack_from("@i", found, socket.CMSG_LEN(0))[0]
    return index


class MetadataService:
    """Serves `served()` in `namespace` from now until `close`."""

    def __init__(self, namespace: str, served: Callable[[], Served]) -> None:
        netns.ip("-n", namespace, "addr", "replace", f"{ADDRESS}/32", "dev", "lo")
        server = _Server((ADDRESS, 80), _Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = netns.socket_in(namespace, socket.SOCK_STREAM, (ADDRESS, 80))
        server.served, server.tokens = served, Tokens()
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="imds", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering; a second call is no fault."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
