"""Redirects and links lead back to the balancer: to the host name that was asked for, at the balancer's own port."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urljoin, urlsplit

from muster.products.hosts import HostRoute
from rehearsal.checks import deployed
from rehearsal.checks.check import Check
from rehearsal.checks.console import ENTRY, LOGIN
from rehearsal.checks.membership import ask
from rehearsal.checks.named import NamedScene, named
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.visitor import Client

WITHOUT_SLASH = deployed.PATH.removesuffix("/")
QUERY = "?from=plain&x=1"
LINK = "link"
"""The request of an observation that is no redirect: what a management node says of the console's address."""

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Led:
    """`location` is where the answer to `asked` leads, `wanted` where it must; both URLs, as the request may be.

    `code` is that of the answer, `asked` may be `link`.
    """

    asked: str
    wanted: str
    code: int
    location: str = ""


def record(scene: NamedScene) -> Iterable[Led]:
    """Ask by plain HTTP and by HTTPS for what redirects, and management for the address of its console."""
    found = scene.hosts
    for route, path in ((found.users, f"{deployed.PATH}{QUERY}"), (found.management, ENTRY)):
        with scene.plain(route.host) as client:
            yield _led(client, f"http://{route.host}:{found.plain}{path}", _url(scene, route, path), path)
    with scene.to_management() as client:
        yield _led(client, _url(scene, found.management, ENTRY), _url(scene, found.management, LOGIN), ENTRY)
    with scene.by(found.users.host) as client:
        asked, wanted = _url(scene, found.users, WITHOUT_SLASH), _url(scene, found.users, deployed.PATH)
        yield _led(client, asked, wanted, WITHOUT_SLASH)
    for member in scene.of(found.management):
        code, told = ask(partial(scene.direct, member), "/double")
        yield Led(LINK, _url(scene, found.management, ENTRY), code, str(told.get("console", "")))


def _led(client: Client, asked: str, wanted: str, path: str) -> Led:
    answer = client.request("GET", path)
    return Led(asked, wanted, answer.code, answer.headers.get("location", ""))


def _url(scene: NamedScene, route: HostRoute, path: str) -> str:
    return f"https://{route.host}:{scene.hosts.secure}{path}"


def judge(all_led: Sequence[Led]) -> Finding:
    """Every redirect must lead to what was wanted; what is not deployed, and who does not answer, proves nothing."""
    unproved = [each for each in all_led if each.code == (0 if each.asked == LINK else 404)]
    if wrong := [each for each in all_led if each not in unproved and not _right(each)]:
        return invalid("; ".join(_told(each) for each in wrong))
    if unproved:
        return unknown(f"{_called(unproved[0])} was answered {unproved[0].code or 'by nobody'}")
    if len(all_led) < 5:
        return unknown(f"only {len(all_led)} redirects and links were looked at")
    port = urlsplit(all_led[0].wanted).port
    return valid(f"{len(all_led)} redirects and links lead to the balancer's port {port} and the host name asked for")


def _right(led: Led) -> bool:
    code = led.code == 200 if led.asked == LINK else led.code in (301, 302, 307, 308)
    return code and _whole(led.asked, led.location) == _whole("", led.wanted)


def _whole(asked: str, location: str) -> tuple[str, str | None, int | None, str, str]:
    """Return what a browser makes of a location: a port that is left out is the scheme's own."""
    parts = urlsplit(urljoin(asked, location) if asked not in ("", LINK) else location)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme), parts.path, parts.query


def _told(led: Led) -> str:
    return f"{_called(led)} ({led.code}) leads to {led.location or 'nowhere'}, must lead to {led.wanted}"


def _called(led: Led) -> str:
    return "the console's link" if led.asked == LINK else led.asked


CHECK = Check("redirects and links lead to the balancer's port", Led, named(record), judge)
