"""repository/conf/tomcat/catalina-server.xml edited in place: the ports at which users reach the balancer.

How it is read: Tomcat's Digester and carbon-kernel's CarbonTomcat. The first service counts, and of its connectors the
first of each scheme, `http` where none is given.
"""

from dataclasses import dataclass
from typing import List

from ..carbon.launch import PORTS
from ..failure import Failure
from ..markup import elements, encoded, top
from ..markup.changes import Changes
from ..markup.elements import Element
from ..markup.encoded import Edit

NAME = "repository/conf/tomcat/catalina-server.xml"

_SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Proxies:
    """The ports that addresses made by the product are to name; a scheme's own one (80, 443) it leaves out."""

    http: int
    https: int


def patched(content: bytes, wanted: Proxies) -> bytes:
    """Return the file `content` with the proxy ports `wanted`, and unchanged if it says that already.

    The two connectors are known by their schemes and by Carbon's own ports, which the offset of carbon.xml moves.
    Raises `Failure` with one sentence if the file cannot be edited safely.
    """
    after = _edited(content, wanted)
    if _edited(after, wanted) != after:
        raise Failure(f"{NAME}: it is written in a way that cannot be edited; take the product's own file")
    return after


def _edited(content: bytes, wanted: Proxies) -> bytes:
    source = encoded.read(content, NAME)
    found, changes = _connectors(source.text), Changes(source.text, NAME)
    edits: List[Edit] = []
    for scheme, port, proxy in zip(_SCHEMES, PORTS, (wanted.http, wanted.https)):
        edits += changes.attribute(_one(found, scheme, str(port)), "proxyPort", str(proxy), behind="port")
    return source.spliced(edits)


def _connectors(text: bytes) -> List[Element]:
    """Return the connectors of the first service."""
    root = top.read(text, NAME)
    if root.name != "Server":
        raise Failure(f"{NAME} line {root.line}: <{root.name}> where <Server> belongs; take the product's file")
    services = elements.find(text, NAME, root.named("Service")).elements
    if not services:
        raise Failure(f"{NAME}: there is no <Service> in its <Server>; put the product's own back in the artifact")
    return services[0].called(root.named("Connector"))


def _one(connectors: List[Element], scheme: str, port: str) -> Element:
    """Return the connector that the product takes for its own of `scheme`; raises `Failure` if it is not at `port`."""
    found = [each for each in connectors if each.attributes.get("scheme", "http") == scheme]
    own = [each for each in found if each.attributes.get("port") == port]
    one = elements.only(own, f'the <Connector> with port="{port}"', NAME)
    if not one:
        raise Failure(
            f'{NAME}: there is no <Connector> with port="{port}" and scheme {scheme}; put the product\'s back'
        )
    if one is not found[0]:
        raise Failure(
            f"{NAME} line {found[0].line}: this <Connector> stands before that of line {one.line}, in whose place the "
            f"product takes it; put it behind that in the artifact"
        )
    if scheme == "http" and one.attributes.get("SSLEnabled", "").lower() == "true":
        raise Failure(f'{NAME} line {one.line}: SSLEnabled="true" on a <Connector> whose scheme is http; remove it')
    return one
