"""The options that the product's Java gets beside its own: one line, which the launch script takes from JAVA_OPTS."""

from typing import Iterable, List, Optional

from .settings import Proxy, Settings

METADATA = "169.254.169.254"
PORTS = (9763, 9443)
"""Carbon's own HTTP and HTTPS ports, which one offset moves together (carbon.xml, Ports.Offset; -DportOffset)."""


def java_options(settings: Settings) -> str:
    """Return JAVA_OPTS for the product with these `settings`; nothing in it is a secret."""
    options: List[str] = []
    offset = settings.ports.http - PORTS[0]
    if offset:
        options.append(f"-DportOffset={offset}")
    if settings.settings.proxy is not None:
        options += proxied(settings.settings.proxy, (member.address for member in settings.members))
    return " ".join(options)


def proxied(proxy: Optional[Proxy], members: Iterable[str]) -> List[str]:
    """Return the options that lead Java's HTTP and HTTPS through `proxy`, but neither to the metadata nor to members.

    `http.nonProxyHosts` holds for HTTPS too (Java Networking and Proxies, "networking properties").
    """
    if proxy is None:
        return []
    to = (f"proxyHost={proxy.host}", f"proxyPort={proxy.port}")
    ways = [f"-D{way}.{what}" for way in ("http", "https") for what in to]
    direct = "|".join(["localhost", "127.0.0.1", METADATA, *members])
    return [*ways, f"-Dhttp.nonProxyHosts={direct}"]
