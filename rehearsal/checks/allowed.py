"""Who may reach what in a cluster, as its file and its product say: what a scan of its ports must find. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from muster.products import Port, Reach
from muster.spec import Cluster

VISITOR, BALANCER, OUTSIDE, S3 = "visitor", "balancer", "outside", "S3"

ANYWHERE = "0.0.0.0/0"
HTTPS, NFS = 443, 2049
MIRRORS = 80
"""Debian's package mirrors are asked by plain HTTP, which signatures make good; Amazon Linux's are in S3."""


@dataclass(frozen=True)
class Way:
    """What `origin` may reach at `target` by TCP: members' names, `visitor`, `balancer`, or what lies outside."""

    origin: str
    target: str
    ports: frozenset[int]


@dataclass(frozen=True)
class Sight:
    """A cluster as it stands: its members in order, and the addresses of all by name; `cidr` is the VPC's range.

    `listening` are the balancer's listeners, `for_balancer` the ports at which it asks nodes. `services` are an
    endpoint and a file system inside the VPC (id, port), where it has such.
    """

    members: Sequence[str]
    addresses: Mapping[str, str]
    listening: Collection[int]
    for_balancer: Collection[int]
    services: Sequence[tuple[str, int]] = field(default_factory=tuple)
    cidr: str = ANYWHERE


def ways(cluster: Cluster, sight: Sight) -> list[Way]:
    """Return every way that is to be scanned, those too on which nothing may answer.

    Each node is tried by the member before it, by the balancer and by the visitor; the first one tries for all, as they
    have one security group, what lies outside of them.
    """
    return [
        *_to_nodes(cluster, sight),
        *_to_balancer(cluster, sight),
        *_outwards(cluster, sight.members[0]),
        *_services(cluster, sight),
    ]


def _to_nodes(cluster: Cluster, sight: Sight) -> Iterable[Way]:
    nodes = sight.members
    for_members = frozenset({*_tried(cluster.about.ports_for(cluster, Reach.MEMBERS)), *led_there(cluster)})
    for place, node in enumerate(nodes):
        if len(nodes) > 1:
            yield Way(nodes[place - 1], node, for_members)
        yield Way(BALANCER, node, frozenset(sight.for_balancer))
        yield Way(VISITOR, node, frozenset())


def led_there(cluster: Cluster) -> frozenset[int]:
    """Return the ports of the other node that a member reaches by its own front: they are shut on the way there."""
    asked = cluster.database
    return frozenset({asked.port, asked.peer_port} if cluster.about.pair and asked.tls else ())


def _tried(ports: Iterable[Port]) -> Iterable[int]:
    for port in ports:
        yield from port.asked or (port.number,)


def _to_balancer(cluster: Cluster, sight: Sight) -> Iterable[Way]:
    inside = ANYWHERE if cluster.balancer.scheme == "internet-facing" else sight.cidr
    clients = cluster.balancer.clients or (inside,)
    for origin, open_ in ((VISITOR, None), (sight.members[0], ways_out(cluster))):
        let_in = any(ip_address(sight.addresses[origin]) in ip_network(each) for each in clients)
        reached = frozenset(sight.listening) if let_in else frozenset()
        yield Way(origin, BALANCER, reached if open_ is None else reached & open_)


def ways_out(cluster: Cluster) -> frozenset[int]:
    """Return the ports at which a node may reach whatever is not of the cluster."""
    mirrors = {MIRRORS} if cluster.instance.os == "debian-12" else set()
    return frozenset({HTTPS, *mirrors, *cluster.about.ways_out(cluster)})


def _outwards(cluster: Cluster, first: str) -> Iterable[Way]:
    """Yield the ways to AWS; in an existing VPC without one of Muster's they are its owner's, and not judged.

    The balancer may go nowhere but to nodes.
    """
    network = cluster.network
    yield Way(BALANCER, OUTSIDE, frozenset())
    if network.egress in ("nat", "nat-per-zone"):
        yield Way(first, OUTSIDE, ways_out(cluster))
    elif network.vpc is None:
        yield Way(first, OUTSIDE, frozenset())
        yield Way(first, S3, ways_out(cluster))


def _services(cluster: Cluster, sight: Sight) -> Iterable[Way]:
    """Yield the ways to what lies inside for nodes; an endpoint in a VPC of others serves everybody there."""
    for name, port in sight.services:
        everybody = cluster.network.vpc is not None and not name.startswith("fs")
        yield Way(sight.members[0], name, frozenset({port}))
        yield Way(VISITOR, name, frozenset({port} if everybody else ()))


def ranges(ports: Collection[int]) -> str:
    """Return ports as text.

    >>> ranges({80, 8092, 8090, 8091})
    '80 8090-8092'
    """
    runs: list[list[int]] = []
    for port in sorted(ports):
        if runs and runs[-1][-1] == port - 1:
            runs[-1] = [runs[-1][0], port]
        else:
            runs.append([port])
    return " ".join("-".join(map(str, run)) for run in runs)


def numbers(text: str) -> frozenset[int]:
    """Return the ports that `ranges` wrote."""
    runs = [run.partition("-") for run in text.split()]
    return frozenset(port for first, _, last in runs for port in range(int(first), int(last or first) + 1))
