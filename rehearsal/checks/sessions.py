"""A user stays on one node, and new users reach every node, each as often as its weight says."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from muster.products.axonivy import AxonIvy
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene
from rehearsal.visitor import Answer, Client, CookieJar, in_parallel

STICKY_REQUESTS = 300
NEW_SESSIONS = 600
SLACK = 0.1
"""By how much of an even share of the new sessions a node may have more or fewer than its weight says: of two nodes by
5 % of all."""

WORKERS = 6
"""Connections at a time; a user's browser opens as many to one host."""

DIRECT = "direct"
"""The way of a request that passed the balancer by, made to learn the host name of a member."""

BALANCER = "balancer"


@dataclass(frozen=True)
class Visit:
    """One answer of the double's session counter: from which host, in which session, the how many-eth of it.

    `way` is `direct` (then `member` says to whom, and `weight` what the cluster file says of it) or `balancer`. Codes
    other than 200 come without the rest.
    """

    way: str
    member: str
    code: int
    node: str = ""
    session: str = ""
    count: int = 0
    weight: int = 1


def record_sticky(scene: Scene) -> Iterable[Visit]:
    """Make 300 requests with one cookie jar: the first alone, as it is the one that is given the cookies."""
    yield from _acquaintance(scene)
    jar = CookieJar()
    with scene.visitor(jar) as first:
        yield _visit(BALANCER, "", first.request("GET", "/api/session"))
    yield from _visits(scene, STICKY_REQUESTS - 1, jar)


def record_spread(scene: Scene) -> Iterable[Visit]:
    """Make 600 requests without cookies: each is a new user's first."""
    yield from _acquaintance(scene)
    yield from _visits(scene, NEW_SESSIONS, None)


def record_weighted(scene: Scene) -> Iterable[Visit]:
    """Make the same requests, and note the weights of the cluster file, not what is made of them."""
    given = scene.cluster.block(AxonIvy).weights
    for visit in record_spread(scene):
        yield replace(visit, weight=given.get(visit.member, 1)) if visit.way == DIRECT else visit


def judge_sticky(visits: Sequence[Visit]) -> Finding:
    """One node, one session, and that session's counter went through every number from 1."""
    through, names, flaw = _through_balancer(visits)
    if flaw:
        return flaw
    per_node = _per_node(through, names)
    if len(per_node) > 1:
        return invalid(f"{len(through)} requests with one cookie jar changed node: {_counts(per_node)}")
    sessions = {visit.session for visit in through}
    if len(sessions) > 1 or sorted(visit.count for visit in through) != list(range(1, len(through) + 1)):
        return invalid(f"{len(through)} requests with one cookie jar were not one session's: {len(sessions)} sessions")
    if len(through) < STICKY_REQUESTS or len(names) < 2:
        return unknown(f"only {len(through)} requests, {len(names)} members known")
    return valid(f"{len(through)} requests with one cookie jar, one session, node {next(iter(per_node))}")


def judge_spread(visits: Sequence[Visit]) -> Finding:
    """Each request got a session of its own, and every member got some."""
    through, names, flaw = _through_balancer(visits)
    if flaw:
        return flaw
    per_node = _per_node(through, names)
    if unreached := sorted(set(names.values()) - set(per_node)):
        return invalid(f"{len(through)} new sessions never reached {', '.join(unreached)}: {_counts(per_node)}")
    if len({visit.session for visit in through}) < len(through):
        return unknown("requests without cookies shared sessions, so that they were no new users'")
    if len(through) < NEW_SESSIONS or len(names) < 2:
        return unknown(f"only {len(through)} new sessions, {len(names)} members known")
    return valid(f"{len(through)} new sessions: {_counts(per_node)}")


def judge_weighted(visits: Sequence[Visit]) -> Finding:
    """Judge like `judge_spread`, and hold each member's share of the sessions against its share of the weights."""
    finding = judge_spread(visits)
    if finding.verdict != "valid":
        return finding
    through, names, _ = _through_balancer(visits)
    weights = {visit.member: visit.weight for visit in visits if visit.way == DIRECT}
    per_node, total = _per_node(through, names), sum(weights.values())
    told = f"{_counts(per_node)}, by weights {':'.join(str(weights[name]) for name in sorted(weights))}"
    wanted = {name: len(through) * own / total for name, own in weights.items()}
    slack = SLACK * len(through) / len(weights)
    if off := [name for name in sorted(weights) if abs(per_node[name] - wanted[name]) > slack]:
        should = ", ".join(f"{wanted[name]:.0f} on {name}" for name in off)
        return invalid(f"of {len(through)} new sessions there are {told}; there should be {should}")
    return valid(f"{len(through)} new sessions: {told}")


def _through_balancer(visits: Sequence[Visit]) -> tuple[list[Visit], dict[str, str], Finding | None]:
    """Return the visits by way of the balancer, member names by host name, and what makes judging them pointless."""
    direct = [visit for visit in visits if visit.way == DIRECT]
    through = [visit for visit in visits if visit.way == BALANCER]
    names = {visit.node: visit.member for visit in direct if visit.code == 200}
    flaw = None
    if refused := [visit for visit in direct if visit.code != 200]:
        flaw = unknown(f"{refused[0].member} answered {refused[0].code} to GET /api/session: not the double?")
    elif len(names) < len(direct):
        flaw = unknown("the members' host names are not distinct")
    elif failed := Counter(visit.code for visit in through if visit.code != 200):
        said = ", ".join(f"{count} times {code}" for code, count in sorted(failed.items()))
        flaw = invalid(f"of {len(through)} requests the balancer answered {said}")
    elif strangers := {visit.node for visit in through} - set(names):
        flaw = invalid(f"the balancer led to {', '.join(sorted(strangers))}, no member's host")
    return through, names, flaw


def _per_node(visits: Iterable[Visit], names: dict[str, str]) -> Counter[str]:
    return Counter(names[visit.node] for visit in visits)


def _counts(per_node: Counter[str]) -> str:
    return ", ".join(f"{count} on {node}" for node, count in sorted(per_node.items()))


def _acquaintance(scene: Scene) -> Iterable[Visit]:
    for member in scene.members:
        with scene.direct(member) as client:
            yield _visit(DIRECT, member.name, client.request("GET", "/api/session"))


def _visits(scene: Scene, number: int, jar: CookieJar | None) -> list[Visit]:
    def work(client: Client) -> Visit:
        return _visit(BALANCER, "", client.request("GET", "/api/session"))

    return in_parallel(lambda: scene.visitor(jar), work, number, WORKERS)


def _visit(way: str, member: str, answer: Answer) -> Visit:
    if answer.code != 200:
        return Visit(way, member, answer.code)
    told = answer.json()
    return Visit(way, member, answer.code, str(told["node"]), str(told["session"]), int(told["count"]))


STICKY = Check("a user stays on one node", Visit, record_sticky, judge_sticky)
SPREAD = Check("new users reach every node", Visit, record_spread, judge_spread)
WEIGHTED = Check("new users spread over the nodes by their weights", Visit, record_weighted, judge_weighted)
