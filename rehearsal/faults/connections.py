"""TCP connections between two nodes, as the kernel of each host has them: one that only one end has hangs for ever."""

from rehearsal.faults.fault import FaultError
from rehearsal.faults.stage import Stage
from rehearsal.hosts.enter import run_at
from rehearsal.poll import NotYet

Connection = tuple[str, str]
"""Both ends, each an address and a port: first that of the host whose kernel was asked."""


def agreed(stage: Stage) -> bool:
    """Tell that each connection between the nodes has two ends, or raise `NotYet` with those that have one.

    Ask until it is so: a connection may begin or end between the looks at both kernels.
    """
    alone = [f"{here} to {there}" for node in stage.nodes for here, there in _alone(stage, node)]
    if alone:
        raise NotYet(f"connections of which one end alone knows: {', '.join(sorted(alone))}")
    return True


def _alone(stage: Stage, node: str) -> set[Connection]:
    other = stage.other(node)
    here = _connections(stage, node, other, "established")
    there = _connections(stage, other, node, "connected")
    return here - {(end, begin) for begin, end in there}


def _connections(stage: Stage, node: str, other: str, state: str) -> set[Connection]:
    argv = ["ss", "-H", "-t", "-n", "state", state, "dst", stage.host(other).address]
    ran = run_at(stage.leader(node), argv, within=10)
    if ran.code:
        raise FaultError(f"the connections of node {node} cannot be listed: {ran.err.strip()}")
    return {parse(line) for line in ran.out.splitlines() if line.strip()}


def parse(line: str) -> Connection:
    """Return the two ends in a line of ss, an IPv4 address without the brackets that a socket of IPv6 has."""
    here, there = (end.replace("[::ffff:", "").replace("]", "") for end in line.split()[-2:])
    return here, there
