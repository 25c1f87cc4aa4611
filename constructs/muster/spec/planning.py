"""Where everything lies: subnets and addresses, a pure function of the cluster file.

The VPC's range is cut into 16 equal blocks. Zone k (in sorted order) has block k for its nodes; block 8+k is split in
halves: the lower for the balancer, the upper (edge) for the NAT gateway and for a balancer that faces the internet.
So nodes and balancer never compete for addresses, and a zone's subnets depend on no other zone's use.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from muster.spec.model import Cluster

MOST_ZONES: Final = 8
FIRST_HOST: Final = 10
"""Offset of ordinal 0 in its subnet: AWS keeps the first four addresses, some are left for what comes later."""


@dataclass(frozen=True)
class Member:
    """A node with its place; `address` is an IPv4 address of its zone's node subnet."""

    name: str
    ordinal: int
    zone: str
    address: str


@dataclass(frozen=True)
class ZonePlan:
    """The subnets (CIDR) of one zone."""

    zone: str
    node_subnet: str
    balancer_subnet: str
    edge_subnet: str


@dataclass(frozen=True)
class Plan:
    """Members by ordinal, zones in sorted order."""

    cidr: str
    members: tuple[Member, ...]
    zones: tuple[ZonePlan, ...]


def plan(cluster: Cluster) -> Plan:
    """Return the plan of `cluster`; the order in which its file names the nodes means nothing.

    Raises `ValueError` for more than `MOST_ZONES` zones or more nodes than a node subnet holds.
    """
    zones = _zones(cluster)
    subnets = {each.zone: IPv4Network(each.node_subnet) for each in zones}
    members = []
    for ordinal, name in enumerate(sorted(cluster.nodes)):
        zone = cluster.nodes[name].zone
        address = subnets[zone].network_address + FIRST_HOST + ordinal
        if address >= subnets[zone].broadcast_address:
            raise ValueError(f"the node subnet {subnets[zone]} has no room for node {name}")
        members.append(Member(name, ordinal, zone, str(address)))
    return Plan(cluster.network.cidr, tuple(members), zones)


def _zones(cluster: Cluster) -> tuple[ZonePlan, ...]:
    blocks = list(IPv4Network(cluster.network.cidr).subnets(prefixlen_diff=4))
    names = sorted({node.zone for node in cluster.nodes.values()})
    if len(names) > MOST_ZONES:
        raise ValueError(f"a cluster spans at most {MOST_ZONES} zones, got {len(names)}")
    zones = []
    for number, zone in enumerate(names):
        lower, upper = blocks[MOST_ZONES + number].subnets()
        zones.append(ZonePlan(zone, str(blocks[number]), str(lower), str(upper)))
    return tuple(zones)
