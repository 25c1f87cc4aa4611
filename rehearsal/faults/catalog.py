"""Every named fault of an H2 pair. What is over at once has no hold; the others last as long as their catalog says."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rehearsal.account import api_faults
from rehearsal.faults import api, power, processes, resources, wires
from rehearsal.faults.fault import Fault, Heal
from rehearsal.faults.processes import GATE, H2, MEMBER
from rehearsal.faults.stage import Stage
from rehearsal.network.names import GATEWAYS

WITNESS = GATEWAYS["dynamodb"]
"""The address behind which the hosts find DynamoDB."""

DATABASE = 9092
"""The port of the gates, by default: a cluster with another one has no connection there that could be lost."""

SHORT = (
    *("kill-h2-a", "kill-gate-b", "pause-h2-b-6", "freeze-a", "power-off-b", "partition", "isolated-a"),
    "kill-both-h2",
)
"""One of each kind, which together take minutes: for every change of this checkout, and for `rehearse --faults`."""

Begin = Callable[[Stage], Heal]

LEASE = 2.0
"""Seconds; what is to last longer than a lease lasts three of them."""


def catalog(nodes: Sequence[str] = ("a", "b")) -> Mapping[str, Fault]:
    """Return the faults of a pair with these nodes, by name, in the order in which they are run."""
    first, second = nodes
    each = [fault for node in nodes for fault in _one_sided(node, second if node == first else first)]
    known = [*each, *_of_both(first, second), *_of_the_api(first), *_of_the_wires(first, second)]
    return {fault.name: fault for fault in known}


def _one_sided(node: str, other: str) -> Iterator[Fault]:
    """Yield the faults of one node; the other one's application goes on."""
    yield _dying(f"kill-h2-{node}", f"kill -9 of H2 on {node}", H2, node, other)
    yield Fault(f"kill-gate-{node}", f"kill -9 of the gate on {node}", _kill(GATE, node), survivor=other)
    yield Fault(
        f"kill-member-{node}", f"kill -9 of the member's process on {node}", _kill(MEMBER, node), unnoticed=True
    )
    for seconds in (3.0, 6.0, 30.0):
        name, what = f"pause-h2-{node}-{seconds:g}", f"SIGSTOP of H2 on {node} for {seconds:g} s"
        yield Fault(name, what, _pause(H2, node), seconds, (node,), other)
    what = f"SIGSTOP of the gate on {node}, for three leases"
    yield Fault(f"pause-gate-{node}", what, _pause(GATE, node), 3 * LEASE, (node,), other)
    what = f"host {node} frozen as a hung guest, for three leases"
    yield Fault(f"freeze-{node}", what, lambda s: power.freeze(s, node), 3 * LEASE, (node,), other, parts=True)
    yield Fault(f"power-off-{node}", f"host {node} without power", lambda s: power.cut(s, node), 2.0, (node,), other)
    what = f"host {node} without power for 30 s"
    yield Fault(f"power-off-{node}-30", what, lambda s: power.cut(s, node), 30.0, (node,), other)
    what = f"{node} reaches neither {other} nor DynamoDB"
    yield Fault(f"isolated-{node}", what, _isolate(node), 8.0, survivor=other, parts=True)
    yield _forgotten(node, other)
    what = f"{node} does not reach DynamoDB"
    yield Fault(f"witness-cut-{node}", what, _no_witness(node), 10.0, unnoticed=True)
    yield Fault(f"balancer-cut-{node}", f"the balancer does not reach {node}", _no_balancer(node), 15.0)
    what = f"no metadata service on {node}"
    yield Fault(f"metadata-gone-{node}", what, lambda s: resources.without_metadata(s, node), 15.0, unnoticed=True)
    what = f"no byte free on the data volume of {node}"
    yield Fault(f"disk-full-{node}", what, lambda s: resources.fill(s, node), 10.0, (node,), other)
    what = f"5 % of a processor for host {node}"
    yield Fault(f"slow-{node}", what, lambda s: resources.starve(s, node, 5), 8.0, (node,))
    what = f"host {node} with no more memory than it uses"
    yield Fault(f"out-of-memory-{node}", what, lambda s: resources.squeeze(s, node), 3.0, (node,), other)


def _of_both(first: str, second: str) -> Iterator[Fault]:
    both = (first, second)
    for node in both:
        yield Fault(f"restart-gate-{node}", f"a planned switch-over: the gate on {node} is restarted", _restart(node))
    yield Fault("kill-both-h2", "kill -9 of both H2 at the same instant", _kill(H2, *both), crashes=both)
    yield Fault("kill-both-gates", "kill -9 of both gates at the same instant", _kill(GATE, *both))
    for order, name in ((both, f"{first}-first"), ((second, first), f"{second}-first")):
        what = f"both hosts without power, {order[0]} is started 5 s before {order[1]}"
        yield Fault(f"power-off-both-{name}", what, _power_both(both, order, 5.0), 2.0, both)
    for alone, late in (both, (second, first)):
        what = f"both hosts without power, {alone} is started 20 s before {late}"
        yield Fault(f"power-off-both-{alone}-alone", what, _power_both(both, (alone, late), 20.0), 2.0, both)


def _of_the_api(first: str) -> Iterator[Fault]:
    told = {
        api_faults.THROTTLED: "throttles",
        api_faults.UNAVAILABLE: "answers 503 to",
        api_faults.DENIED: "denies access to",
        api_faults.EXPIRED: "calls the token expired of",
        api_faults.SILENT: "does not answer",
    }
    for kind, verb in told.items():
        yield Fault(f"witness-{kind}", f"DynamoDB {verb} both nodes", _spoil(kind), 10.0, unnoticed=True)
        yield Fault(
            f"witness-{kind}-{first}", f"DynamoDB {verb} {first} alone", _spoil(kind, first), 10.0, unnoticed=True
        )


def _of_the_wires(first: str, second: str) -> Iterator[Fault]:
    def between(matches: Callable[[str, str], Sequence[str]]) -> Begin:
        return lambda stage: wires.drop(stage.router, matches(stage.host(first).address, stage.host(second).address))

    what = f"{first} and {second} do not reach each other"
    yield Fault("partition", what, between(wires.both_ways), 8.0, parts=True)
    what = f"{first} and {second} do not reach each other for 30 s"
    yield Fault("partition-30", what, between(wires.both_ways), 30.0, parts=True)
    what = f"nothing from {first} arrives at {second}"
    yield Fault(f"one-way-{first}-{second}", what, between(lambda a, b: [wires.one_way(a, b)]), 8.0, parts=True)
    what = f"nothing from {second} arrives at {first}"
    yield Fault(f"one-way-{second}-{first}", what, between(lambda a, b: [wires.one_way(b, a)]), 8.0, parts=True)
    what = "neither node reaches DynamoDB"
    yield Fault("witness-cut", what, _no_witness(first, second), 15.0, unnoticed=True)
    what = "neither node reaches the other or DynamoDB"
    yield Fault("alone", what, _isolate(first, second), 8.0, parts=True)
    for percent in (5, 20):
        what = f"{percent} % of the packets between the nodes are lost"
        yield Fault(f"loss-{percent}", what, between(_lossy(percent)), 10.0)
    yield _answers_lost(first)


def _forgotten(node: str, other: str) -> Fault:
    def begin(stage: Stage) -> Heal:
        between = _all_ways(stage, [node], stage.host(other).address)
        return together(
            lambda: wires.drop(stage.router, wires.resets(between)),
            lambda: processes.forget(stage, H2, node, other, DATABASE),
        )

    what = f"{node} has lost the database's clients on {other}, which are not told: no reset between the two arrives"
    return Fault(f"half-open-{node}", what, begin, 10.0, survivor=node)


def _answers_lost(node: str) -> Fault:
    """While the nodes are apart, so that one of them has something to write, its answer is lost."""

    def begin(stage: Stage) -> Heal:
        one, other = (stage.host(name).address for name in (node, stage.other(node)))
        return together(
            lambda: api.spoil(stage, api_faults.LOST, operations=["UpdateItem"]),
            lambda: wires.drop(stage.router, wires.both_ways(one, other)),
        )

    what = "the nodes do not reach each other, and no answer of DynamoDB to a write arrives"
    return Fault("witness-lost", what, begin, 10.0, parts=True)


def together(*begins: Callable[[], Heal]) -> Heal:
    """Begin several faults as one; if one cannot be made, those before it are undone."""
    heals: list[Heal] = []

    def heal() -> None:
        while heals:
            heals[-1]()
            heals.pop()

    try:
        for begin in begins:
            heals.append(begin())  # noqa: PERF401 - what was begun counts when the next one fails
    except BaseException:
        heal()
        raise
    return heal


def _lossy(percent: int) -> Callable[[str, str], Sequence[str]]:
    return lambda a, b: wires.losing(wires.both_ways(a, b), percent)


def _dying(name: str, what: str, unit: str, node: str, other: str) -> Fault:
    return Fault(name, what, _kill(unit, node), crashes=(node,), survivor=other)


def _kill(unit: str, *nodes: str) -> Begin:
    return lambda stage: processes.kill(stage, unit, *nodes)


def _restart(node: str) -> Begin:
    return lambda stage: processes.restart(stage, GATE, node)


def _pause(unit: str, *nodes: str) -> Begin:
    return lambda stage: processes.pause(stage, unit, *nodes)


def _spoil(kind: str, *nodes: str) -> Begin:
    return lambda stage: api.spoil(stage, kind, *nodes)


def _power_both(nodes: Sequence[str], order: Sequence[str], apart: float) -> Begin:
    return lambda stage: power.cut(stage, *nodes, order=order, apart=apart)


def _no_witness(*nodes: str) -> Begin:
    return lambda stage: wires.drop(stage.router, _all_ways(stage, nodes, WITNESS))


def _no_balancer(node: str) -> Begin:
    return lambda stage: wires.drop(stage.router, _all_ways(stage, [node], stage.balancer.address))


def _isolate(*nodes: str) -> Begin:
    def begin(stage: Stage) -> Heal:
        between = [stage.host(nodes[0]).address, stage.host(stage.other(nodes[0])).address]
        matches = [*wires.both_ways(*between), *_all_ways(stage, nodes, WITNESS)]
        return wires.drop(stage.router, matches)

    return begin


def _all_ways(stage: Stage, nodes: Iterable[str], address: str) -> list[str]:
    return [match for node in nodes for match in wires.both_ways(stage.host(node).address, address)]
