"""A user stays on one node by each host name, though both are asked in turn: neither moves the user of the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.named import NamedScene, named
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.visitor import CookieJar

REQUESTS = 60
"""For each host name."""


@dataclass(frozen=True)
class Stay:
    """The answer of the double's session counter to one user's request for `host`, to which `nodes` nodes answer.

    `count` is the how many-eth request of `session` it was. A code other than 200 comes without the rest.
    """

    host: str
    nodes: int
    code: int
    node: str = ""
    session: str = ""
    count: int = 0


def record(scene: NamedScene) -> Iterable[Stay]:
    """Ask for both host names in turn; a browser keeps cookies of each apart."""
    users, management = scene.hosts.users, scene.hosts.management
    clients = ((users, scene.by(users.host, CookieJar())), (management, scene.to_management(CookieJar())))
    for _ in range(REQUESTS):
        for route, client in clients:
            answer = client.request("GET", "/api/session")
            told = answer.json() if answer.code == 200 else {}
            place = str(told.get("node", "")), str(told.get("session", "")), int(told.get("count", 0))
            yield Stay(route.host, len(scene.of(route)), answer.code, *place)
    for _, client in clients:
        client.close()


def judge(stays: Sequence[Stay]) -> Finding:
    """By each host name: one node, one session, and that session's counter went through every number from 1."""
    hosts = list(dict.fromkeys(each.host for each in stays))
    if len(hosts) < 2:
        return unknown(f"asked for {', '.join(hosts) or 'no host name'} alone")
    found = [_judged([each for each in stays if each.host == host]) for host in hosts]
    worst = next((each for verdict in ("invalid", "unknown") for each in found if each.verdict == verdict), None)
    return worst or valid("; ".join(each.detail for each in found))


def _judged(own: Sequence[Stay]) -> Finding:
    host, nodes = own[0].host, {each.node for each in own}
    if refused := [each for each in own if each.code != 200]:
        return invalid(f"{len(refused)} of {len(own)} requests for {host} were answered {refused[0].code}")
    if len(nodes) > 1:
        return invalid(f"{len(own)} requests for {host} with one cookie jar changed node: {', '.join(sorted(nodes))}")
    sessions = {each.session for each in own}
    if len(sessions) > 1 or [each.count for each in own] != list(range(1, len(own) + 1)):
        return invalid(f"{len(own)} requests for {host} with one cookie jar were not one session's")
    if len(own) < REQUESTS:
        return unknown(f"only {len(own)} requests for {host}")
    alone = ", which alone answers there" if own[0].nodes < 2 else ""
    return valid(f"{len(own)} requests for {host} stayed on {own[0].node}{alone}")


CHECK = Check("a user stays on one node by each host name", Stay, named(record), judge)
