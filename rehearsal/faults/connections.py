"""TCP connections between two nodes, as the kernel of each host has them: one that only one end has hangs for ever."""

from collections.abc import Collection

from rehearsal.faults.fault import FaultError
from rehearsal.faults.stage import Stage
from rehearsal.hosts.enter import run_at
from rehearsal.poll import NotYet

_LOOPBACK = "127.0.0.0/8"
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
    here = _connections(stage, node, "established", "dst", stage.host(other).address)
    there = _connections(stage, other, "connected", "dst", stage.host(node).address)
    led = _connections(stage, node, "connected", "src", _LOOPBACK)
    return unknown(here, there, led)


def unknown(
    here: Collection[Connection], there: Collection[Connection], led: Collection[Connection]
) -> set[Connection]:
    """Return what of one host's connections to the other one `there` does not know: but for what is `led` elsewhere.

    Its kernel may lead what is meant for the other host to a front of its own, which then has the other end.
    """
    ended = {end for _, end in led}
    return {each for each in {*here} - {(end, begin) for begin, end in there} if each[0] not in ended}


def _connections(stage: Stage, node: str, state: str, *chosen: str) -> set[Connection]:
    argv = ["ss", "-H", "-t", "-n", "state", state, *chosen]
    ran = run_at(stage.leader(node), argv, within=10)
    if ran.code:
        raise FaultError(f"the connections of node {node} cannot be listed: {ran.err.strip()}")
    return {parse(line) for line in ran.out.splitlines() if line.strip()}


def parse(line: str) -> Connection:
    """Return the two ends in a line of ss, an IPv4 address without the brackets that a socket of IPv6 has."""
    here, there = (end.replace("[::ffff:", "").replace("]", "") for end in line.split()[-2:])
    return here, there
