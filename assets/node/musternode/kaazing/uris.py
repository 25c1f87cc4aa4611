"""The URI of an <accept>: which of them a balancer can pass on, and how they say its public name.

Schemes: each of the server's META-INF/services/.../scheme of 5.6.2, as a real gateway took them.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Mapping

from ..failure import Failure
from .wanted import Wanted

IN_PROCESS = "pipe"
"""The scheme between services of one gateway."""
SCHEMES = {plain: f"{plain}+ssl" for plain in ("wsn", "wse", "wsx", "httpx", "httpxe", "sse")}
"""What passes a balancer as HTTP or as an upgrade of it, and the same with TLS."""
SCHEMES.update({"ws": "wss", "http": "https"})

_PARAMETER = re.compile(r"(?<!\$)\$+\{([^{}]*)\}")
_FOUND = r"\$\{(?:hostname|cloud\.host|cloud\.instanceId)\}"
"""What the gateway finds out by itself: it may stand in a host, which is replaced anyway."""
_URI = re.compile(rf"([A-Za-z][A-Za-z0-9+.-]*)://((?:{_FOUND}|[^\s/?#<>{{}}])+)(/[^\s?#<>&\"{{}}|\\^`]*)?")
_PORT = re.compile(r":\d*$")
_LOOPBACK = re.compile(r"127(?:\.\d+){1,3}|@lo(?::.*)?")


@dataclass(frozen=True)
class Uri:
    """An accept's URI: its scheme in lower case, host without brackets or port, and path as written."""

    scheme: str
    host: str
    path: str

    @property
    def plain(self) -> str:
        """Its scheme without TLS, empty if no balancer passes it on."""
        scheme = self.scheme.replace("tls", "ssl")
        return next((plain for plain, secure in SCHEMES.items() if scheme in {plain, secure}), "")

    @property
    def websocket(self) -> bool:
        """Whether a client may upgrade to WebSocket there."""
        return self.plain in {"ws", "wsn", "wsx"}

    @property
    def emulated(self) -> bool:
        """Whether a WebSocket client comes in, be it by HTTP requests."""
        return self.websocket or self.plain == "wse"

    @property
    def internal(self) -> bool:
        """Whether the node itself alone gets there: at a literal loopback address or within the process.

        `localhost` is not: the product's own file says so of services for everybody.
        """
        return self.scheme == IN_PROCESS or loopback(self.host)

    @property
    def place(self) -> str:
        """What no two services may share: the gateway takes ws and wse, or a path with and without /, for the same."""
        return f"{'ws' if self.plain == 'wse' else self.plain}:{self.path.rstrip('/')}"

    def public(self, wanted: Wanted) -> str:
        """Return the URI that users say.

        Behind TLS it keeps a scheme with TLS, whose encryption `options` switches off: with a plain one the gateway
        takes a Host without a port for port 80, and a page of https:// for one of another site.
        """
        scheme = SCHEMES[self.plain] if wanted.secure else self.plain
        return f"{scheme}://{wanted.host.lower()}:{wanted.public_port}{self.path}"


def loopback(host: str) -> bool:
    """Return whether `host`, an address or @interface, is the node's loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return bool(_LOOPBACK.fullmatch(host))


def host_of(authority: str) -> str:
    """Return the host of HOST, HOST:PORT or [HOST]:PORT."""
    return _PORT.sub("", authority).strip("[]")


def resolved(text: str, properties: Mapping[str, str]) -> str:
    """Return `text` with each ${name} of `properties` replaced once, as ConfigParameter does; others stay."""
    return _PARAMETER.sub(lambda found: _value(found.group(), found.group(1), properties), " ".join(text.split()))


def _value(written: str, name: str, properties: Mapping[str, str]) -> str:
    return written if written.startswith("$$") else properties.get(name) or written


def read(text: str, place: str) -> Uri:
    """Return the URI in `text`, in which properties are resolved.

    Raises `Failure` that begins with `place` if there is none.
    """
    found = _URI.fullmatch(text)
    if found:
        return Uri(found.group(1).lower(), host_of(found.group(2)), found.group(3) or "")
    unknown = _PARAMETER.search(text)
    if unknown:
        raise Failure(f"{place} {unknown.group()}, which is no property of the file; write its value in the artifact")
    raise Failure(f"{place} {text!r}, which is not SCHEME://HOST:PORT/PATH; correct it in the artifact")
