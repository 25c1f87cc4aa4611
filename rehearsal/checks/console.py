"""The management console, and with it the upload of artifacts, is on management nodes alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.named import NODE, NamedScene, named
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.visitor import Client

ENTRY, LOGIN = "/carbon/", "/carbon/admin/login.jsp"
DEPLOY = "/carbon/deploy?name="
"""Where the double's console takes an artifact, as the body of a POST, under the name at the end."""

HERE, NOT_HERE = {ENTRY: 302, LOGIN: 200}, 404
_NOBODYS = f"{DEPLOY}muster-nobodys.war"


@dataclass(frozen=True)
class Page:
    """The answer to a request for a page of the console at `where`, a member or a host name; `node` says whose it is.

    `expected` is the code that it must have.
    """

    where: str
    request: str
    expected: int
    code: int
    node: str = ""


def record(scene: NamedScene) -> Iterable[Page]:
    """Ask every node from the balancer's place, and the balancer by both host names."""
    for route in (scene.hosts.users, scene.hosts.management):
        here = route is scene.hosts.management
        for member in scene.of(route):
            with scene.direct(member) as client:
                yield from _pages(client, member.name, here=here)
        with scene.to_management() if here else scene.by(route.host) as client:
            yield from _pages(client, route.host, here=here)


def _pages(client: Client, where: str, *, here: bool) -> Iterable[Page]:
    for path, code in HERE.items():
        answer = client.request("GET", path)
        yield Page(where, f"GET {path}", code if here else NOT_HERE, answer.code, answer.headers.get(NODE, ""))
    if not here:
        answer = client.request("POST", _NOBODYS, b"of nobody")
        yield Page(where, f"POST {_NOBODYS}", NOT_HERE, answer.code, answer.headers.get(NODE, ""))


def judge(pages: Sequence[Page]) -> Finding:
    """Call another code invalid; a right one that is no node's proves nothing, as the balancer says 404 by itself."""
    if wrong := [each for each in pages if each.code != each.expected]:
        return invalid("; ".join(_told(each) for each in wrong))
    if nobodys := [each for each in pages if not each.node]:
        return unknown(f"the answer to {nobodys[0].request} at {nobodys[0].where} was no node's")
    there = sorted({each.where for each in pages if each.expected != NOT_HERE})
    not_there = sorted({each.where for each in pages if each.expected == NOT_HERE})
    if len(there) < 2 or len(not_there) < 2:
        return unknown(f"not asked: {'workers' if there else 'management'}")
    return valid(f"the console is at {', '.join(there)}, and not at {', '.join(not_there)}")


def _told(page: Page) -> str:
    return f"{page.where} answered {page.code} to {page.request}, must be {page.expected}"


CHECK = Check("the console is on management alone", Page, named(record), judge)
