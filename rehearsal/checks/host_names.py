"""Each host name leads to its own group of nodes, all of it, and any other name to nobody."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from muster.products.hosts import HostRoute
from rehearsal.checks.check import Check
from rehearsal.checks.named import NODE, NamedScene, named
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.visitor import Answer, Client, in_parallel

REQUESTS = 60
"""For each host name: several for each of the most nodes that there can be."""
WORKERS = 6

PATH = "/double"
"""On which every node answers."""

DIRECT, USERS, MANAGEMENT, OTHER, SHUT = "direct", "users", "management", "other", "shut"


@dataclass(frozen=True)
class Asked:
    """The answer to one request, from the host `node` (empty: from no node).

    `way` is `direct` (to `member`, which is of the group `group`), or for whom `host` is: `users`, `management`, or
    `other` for a name that is nobody's; `shut` if it is management's and the one who asks is none of its clients.
    """

    way: str
    host: str
    code: int
    node: str
    member: str = ""
    group: str = ""


def record(scene: NamedScene) -> Iterable[Asked]:
    """Ask every node, and then the balancer as new users, for both host names and for others."""
    routes = {USERS: scene.hosts.users, MANAGEMENT: scene.hosts.management}
    for group, route in routes.items():
        yield from _acquaintance(scene, group, route)
    for group, route in routes.items():
        way = SHUT if group == MANAGEMENT and not scene.let_in else group
        yield from _asked(scene, way, route.host, REQUESTS)
        yield from _asked(scene, way, route.host.upper(), 1)  # names of hosts have no case
    for host in others(scene):
        yield from _asked(scene, OTHER, host, 1)


def others(scene: NamedScene) -> list[str]:
    """Return names by which the balancer is reached as well, and which are nobody's."""
    users = scene.hosts.users.host
    return [scene.balancer.dns, scene.balancer.address, f"other.{users}", f"{users}.example"]


def _acquaintance(scene: NamedScene, group: str, route: HostRoute) -> Iterable[Asked]:
    for member in scene.of(route):
        with scene.direct(member) as client:
            answer = client.request("GET", PATH)
        yield Asked(DIRECT, "", answer.code, _node(answer), member.name, group)


def _asked(scene: NamedScene, way: str, host: str, times: int) -> list[Asked]:
    def work(client: Client) -> Asked:
        answer = client.request("GET", PATH)
        return Asked(way, host, answer.code, _node(answer))

    return in_parallel(lambda: scene.by(host), work, times, min(WORKERS, times))


def _node(answer: Answer) -> str:
    return answer.headers.get(NODE, "")


def judge(asked: Sequence[Asked]) -> Finding:
    """Hold where each request came out against where its name leads; all workers must have had some."""
    known = {each.node: each for each in asked if each.way == DIRECT}
    if flaw := _unknown(asked, known):
        return unknown(flaw)
    through = [each for each in asked if each.way != DIRECT]
    if faults := [fault for each in through if (fault := _fault(each, known))]:
        return invalid(f"of {len(through)} requests {len(faults)} came out elsewhere: {faults[0]}")
    reached = {
        way: Counter(known[each.node].member for each in through if each.way == way) for way in (USERS, MANAGEMENT)
    }
    if unreached := [each.member for each in known.values() if each.group == USERS and not reached[USERS][each.member]]:
        return invalid(f"{REQUESTS} new users never reached {', '.join(unreached)}: {_counts(reached[USERS])}")
    nobody = sum(each.way == OTHER for each in through)
    told = "; ".join(f"for {way} {_counts(found) or 'nobody, from here'}" for way, found in reached.items())
    return valid(f"requests {told}; for {nobody} other names nobody")


def _unknown(asked: Sequence[Asked], known: Mapping[str, Asked]) -> str:
    """Return what makes judging pointless, empty if nothing does."""
    direct = [each for each in asked if each.way == DIRECT]
    if refused := [each for each in direct if each.code != 200 or not each.node]:
        return f"{refused[0].member} answered {refused[0].code} to GET {PATH}: not the double?"
    if len(known) < len(direct):
        return "the nodes' host names are not distinct"
    counts = Counter(each.way for each in asked)
    needed = {USERS: REQUESTS, SHUT if counts[SHUT] else MANAGEMENT: REQUESTS, OTHER: 1}
    if missing := [way for way, least in needed.items() if counts[way] < least]:
        return f"too few requests for {', '.join(missing)}"
    return ""


def _fault(each: Asked, known: Mapping[str, Asked]) -> str:
    """Return what is wrong with the answer to one request, empty if nothing is."""
    if each.way in (OTHER, SHUT):
        right = each.code == 404 and not each.node
        where = f" by {_called(each, known)}" if each.node else ""
        what = "nobody's" if each.way == OTHER else "shut to who asked"
        return "" if right else f"{each.host}, which is {what}, was answered {each.code}{where}"
    if each.code != 200:
        return f"{each.host} was answered {each.code}"
    right = each.node in known and known[each.node].group == each.way
    return "" if right else f"{each.host} led to {_called(each, known)}"


def _called(each: Asked, known: Mapping[str, Asked]) -> str:
    found = known.get(each.node)
    return f"{found.member}, which is for {found.group}" if found else f"{each.node or 'nobody'}, no node's host"


def _counts(reached: Mapping[str, int]) -> str:
    return ", ".join(f"{count} on {node}" for node, count in sorted(reached.items()))


CHECK = Check("each host name leads to its own nodes", Asked, named(record), judge)
