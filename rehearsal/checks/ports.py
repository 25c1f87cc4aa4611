"""Exactly the allowed ports answer: each node is scanned from inside the cluster, from the balancer, and from outside.

What is allowed is read from the cluster file and its product, not from the stack's security groups, which are judged.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rehearsal.checks.allowed import BALANCER, OUTSIDE, VISITOR, Way, numbers, ranges, ways
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scanned import Spot, places_of, sight_of
from rehearsal.checks.scene import Scene
from rehearsal.network.scan import echo_answers, tcp_answers, udp_reached

TCP, UDP, PING = "TCP", "UDP", "ICMP"
ECHO = 8
"""The type of an ICMP echo request (RFC 792)."""

SOME_UDP = (53, 67, 111, 123, 161, 500, 1900, 2049, 5353, 5405, 7500, 7600, 7800, 8472, 11211, 45588, 54327, 65535)
"""Services that are often found open, and what cluster engines send to everybody (JGroups 45588, Hazelcast 54327).

At 7500 JGroups listens for those who look for faults (its property diagnostics_port).
"""

_AT_ONCE = 10
"""Scans; most of the time they wait for what does not come."""


@dataclass(frozen=True)
class Scan:
    """Ports of `target` that answered `origin`: of all by TCP, of some by UDP; by ICMP 8 stands for a ping.

    A UDP port counts as well at which what was sent arrived, though nobody answered.

    `origin` and `target` are members' names, `visitor` (a machine of the VPC that belongs to no group), `balancer`,
    `outside` (AWS at a public address), `S3`, or the id of an endpoint or a file system. Ports are written as
    `80 8090-8092`; `expected` are those that must answer.
    """

    origin: str
    target: str
    kind: str
    expected: str
    answered: str


def record(scene: Scene) -> Iterable[Scan]:
    """Scan every way at once, which takes some seconds."""
    places = places_of(scene)
    sight = sight_of(scene, places)

    def scan(trial: tuple[Way, str]) -> Scan:
        way, kind = trial
        expected = way.ports if kind == TCP else frozenset[int]()
        found = _KINDS[kind](places[way.origin].namespace, places[way.target], expected)
        return Scan(way.origin, way.target, kind, ranges(expected), ranges(found))

    tried = [(way, kind) for kind in _KINDS for way in ways(scene.cluster, sight)]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as crowd:
        return list(crowd.map(scan, tried))


_KINDS: Mapping[str, Callable[[str, Spot, Collection[int]], Collection[int]]] = {
    TCP: lambda namespace, target, wanted: tcp_answers(namespace, target.address, wanted),
    UDP: lambda namespace, target, _: udp_reached(namespace, target.address, SOME_UDP, target.namespace),
    PING: lambda namespace, target, _: [ECHO] if echo_answers(namespace, target.address) else [],
}


def judge(scans: Sequence[Scan]) -> Finding:
    """Call any port too many, and any too few, a broken promise; a place from which nothing was tried is not judged."""
    if faults := [_told(scan) for scan in scans if scan.answered != scan.expected]:
        return invalid("; ".join(faults))
    if missing := _untried(scans):
        return unknown(f"not scanned: {', '.join(missing)}")
    tcp = [scan for scan in scans if scan.kind == TCP]
    answering = sum(len(numbers(scan.answered)) for scan in tcp)
    return valid(f"{answering} ports answered {len(tcp)} scans of all TCP ports, each of them one that must")


def _told(scan: Scan) -> str:
    wrong = numbers(scan.answered) - numbers(scan.expected), numbers(scan.expected) - numbers(scan.answered)
    words = [
        f"{what} at {scan.kind} {ranges(each)}"
        for what, each in zip(("answers", "is silent"), wrong, strict=True)
        if each
    ]
    return f"{scan.target} {' and '.join(words)} to {scan.origin}"


def _untried(scans: Sequence[Scan]) -> list[str]:
    """Return what a record lacks: each node from three sides by every kind, and an answer without which all is dumb."""
    nodes = {scan.target for scan in scans if scan.origin == BALANCER} - {OUTSIDE}
    if not nodes:
        return ["every node"]
    done = {(scan.kind, scan.target, _side(scan.origin)) for scan in scans}
    sides = (VISITOR, BALANCER, *(["a member"] if len(nodes) > 1 else []))
    wanted = [(kind, node, side) for kind in _KINDS for node in sorted(nodes) for side in sides]
    wanted += [(kind, OUTSIDE, BALANCER) for kind in _KINDS] + [(TCP, BALANCER, VISITOR)]
    missing = [f"{target} by {kind} from {side}" for kind, target, side in wanted if (kind, target, side) not in done]
    deaf = [node for node in sorted(nodes) if not any(scan.answered for scan in scans if scan.target == node)]
    return missing + [f"{node}, which answers nobody" for node in deaf]


def _side(origin: str) -> str:
    return origin if origin in (VISITOR, BALANCER) else "a member"


CHECK = Check("exactly the allowed ports answer", Scan, record, judge)
