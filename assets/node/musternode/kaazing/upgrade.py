"""Whether the gateway takes users: a WebSocket (RFC 6455) opened to one of its services, and closed again.

The gateway has no health check, and answers each request by its Host header as a virtual host would. So it is asked as
the balancer asks it: at the node's address, for the public name.
"""

import base64
import hashlib
import os
import re
import socket
import struct
import time
from dataclasses import dataclass
from typing import Dict, Tuple

from ..failure import Failure

WITHIN = 1.5
"""Seconds until an answer; the balancer waits 2."""
MOST = 16 << 10
"""Bytes of an answer's head that are read."""
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE = 8
_NORMAL = 1000
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_PATH = re.compile(r"/[!-~]*")
_STATUS = re.compile(r"HTTP/1\.1 ([0-9]{3})(?: .*)?")


@dataclass(frozen=True)
class Service:
    """A service of the gateway, as the balancer asks for it.

    It listens at `address`:`port`; `host` is the Host header, without a port where the balancer is at 80 or 443; `path`
    is that of the URI it accepts. Raises `Failure` for a host or path that cannot stand in a request.
    """

    address: str
    port: int
    host: str
    path: str

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise Failure(f"{self.host!r} cannot be the Host header of a request; a DNS name is needed")
        if not _PATH.fullmatch(self.path):
            raise Failure(f"{self.path!r} cannot be the path of a service; it begins with / and has no blanks")

    def __str__(self) -> str:
        return f"{self.path} on port {self.port}"


def hindrance(service: Service, within: float = WITHIN) -> str:
    """Return why the gateway takes no WebSocket for `service`, empty if it does; takes at most `within` seconds."""
    until = time.monotonic() + within
    try:
        with socket.create_connection((service.address, service.port), timeout=within) as connection:
            return _asked(connection, service, until)
    except socket.timeout:  # another name of TimeoutError from Python 3.10 on
        return f"the gateway does not answer at {service} within {within:g} s"
    except ConnectionRefusedError:
        return f"the gateway does not listen on port {service.port}"
    except OSError as fault:
        return f"the gateway does not answer at {service}: {fault.strerror or type(fault).__name__}"


def _asked(connection: socket.socket, service: Service, until: float) -> str:
    key = base64.b64encode(os.urandom(16))
    connection.sendall(request(service, key))
    head = _head(connection, until)
    reason = judged(service, head, key)
    if not reason:
        _close(connection, until)
    return reason


def request(service: Service, key: bytes) -> bytes:
    """Return the request to `service` for an upgrade (RFC 6455, 4.1); `key` is 16 random bytes in Base64."""
    lines = (
        f"GET {service.path} HTTP/1.1",
        f"Host: {service.host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key.decode('ascii')}",
        "Sec-WebSocket-Version: 13",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def judged(service: Service, head: bytes, key: bytes) -> str:
    """Return why `head`, the answer of `service`, is no upgrade that answers `key`; empty if it is one."""
    if not head:
        return (
            f"the gateway ends the connection for {service} without a word; of the services on one port either all "
            "take ws or http, or all take wss or https with ssl.encryption disabled"
        )
    status, headers = _parsed(head)
    if status != "101":
        return f"the gateway answers {status or 'no HTTP'} at {service}{_meaning(status, service)}"
    accepted = headers.get("sec-websocket-accept", "") == accept(key)
    if not accepted or headers.get("upgrade", "").lower() != "websocket":
        return f"what answers 101 at {service} is no WebSocket: its answer does not fit the request"
    return ""


def accept(key: bytes) -> str:
    """Return what the answer to `key` must say in Sec-WebSocket-Accept (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode("ascii")


def _parsed(head: bytes) -> Tuple[str, Dict[str, str]]:
    """Return status and headers of an answer; of one that is no HTTP/1.1 the status is empty."""
    first, *lines = head.decode("latin-1").split("\r\n")
    found = _STATUS.fullmatch(first)
    parts = (line.partition(":") for line in lines)
    return (found.group(1) if found else ""), {name.lower(): value.strip() for name, _, value in parts}


def _meaning(status: str, service: Service) -> str:
    if status == "404":
        return f": none of its services accepts the host {service.host} and this path"
    if status in {"401", "403"}:
        return ": the service wants a log-in; name the path of one that does not"
    return ""


def _head(connection: socket.socket, until: float) -> bytes:
    """Return the head of the answer, as far as the other side sent it before it closed."""
    taken = b""
    while b"\r\n\r\n" not in taken and len(taken) < MOST:
        more = _read(connection, until)
        if not more:
            break
        taken += more
    return taken.partition(b"\r\n\r\n")[0]


def _close(connection: socket.socket, until: float) -> None:
    """End the WebSocket as the RFC wants (7.1), and wait for the other side to end the connection as long as there is.

    Whatever the service sends meanwhile is not looked at, and a fault now tells nothing of the service.
    """
    mask = os.urandom(4)
    code = bytes(byte ^ mask[place] for place, byte in enumerate(struct.pack(">H", _NORMAL)))
    try:
        connection.sendall(bytes((0x80 | _CLOSE, 0x80 | len(code))) + mask + code)
        while _read(connection, until):
            pass
    except OSError:
        return


def _read(connection: socket.socket, until: float) -> bytes:
    """Return what comes next; raises `socket.timeout` when `until` has come (`time.monotonic`)."""
    left = until - time.monotonic()
    if left <= 0:
        raise socket.timeout
    connection.settimeout(left)
    return connection.recv(4096)
