"""Where everything lies and what each node is launched with: a pure function of the cluster file and its lock."""

from dataclasses import dataclass, field

from muster.spec.layout import FIRST_HOST, MOST_ZONES
from muster.spec.lock import DiscoveryKey, Lock
from muster.spec.locking import verify
from muster.spec.model import Cluster

__all__ = ["FIRST_HOST", "MOST_ZONES", "Member", "Plan", "ZonePlan", "plan"]


@dataclass(frozen=True)
class Member:
    """A node with its place; `address` is an IPv4 address of its zone's node subnet.

    An absent member (not `present`) has no instance: its address and its data volume wait for it. `image` is None as
    long as none is pinned.
    """

    name: str
    ordinal: int
    zone: str
    address: str
    present: bool = True
    instance_type: str = ""
    image: str | None = None


@dataclass(frozen=True)
class ZonePlan:
    """The subnets (CIDR) of one zone; in an existing VPC there is no edge, and perhaps no balancer (empty text)."""

    zone: str
    node_subnet: str
    balancer_subnet: str
    edge_subnet: str


@dataclass(frozen=True)
class Plan:
    """All members by ordinal, absent ones too; their zones by number. `locked`: there is a lock file.

    `discovery_key` counts for a cluster whose members find each other by a key of a user.
    """

    cidr: str
    members: tuple[Member, ...]
    zones: tuple[ZonePlan, ...]
    locked: bool = False
    discovery_key: DiscoveryKey = field(default_factory=DiscoveryKey)

    @property
    def present(self) -> tuple[Member, ...]:
        """The members that have an instance."""
        return tuple(member for member in self.members if member.present)


def plan(cluster: Cluster, lock: Lock | None = None) -> Plan:
    """Return the plan of `cluster` as `lock` says; without one, as the lock that it would get.

    The order in which the file names the nodes means nothing. Raises `SpecError` for what the lock refuses, and for a
    lock that does not know all of the file.
    """
    known = verify(cluster, lock)
    members = []
    for name, node in sorted(known.nodes.items(), key=lambda item: item[1].ordinal):
        present = node.present and cluster.nodes[name].present
        members.append(Member(name, node.ordinal, node.zone, node.address, present, node.type, node.image))
    key = known.discovery_key or DiscoveryKey()
    return Plan(known.cidr, tuple(members), _zones(known), locked=lock is not None, discovery_key=key)


def _zones(lock: Lock) -> tuple[ZonePlan, ...]:
    used = {node.zone for node in lock.nodes.values()}
    zones = sorted(((zone.number, name, zone) for name, zone in lock.zones.items() if name in used))
    return tuple(ZonePlan(name, zone.nodes, zone.balancer or "", zone.edge or "") for _, name, zone in zones)
