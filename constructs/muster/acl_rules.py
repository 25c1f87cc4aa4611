"""What network ACLs let through, as values. No CDK here.

An ACL sees each packet alone, so that answers need entries of their own: those to a machine that asks come to its
ephemeral ports (VPC User Guide, "Ephemeral ports"): 32768 to 60999 of Linux, 1024 to 65535 of a NAT gateway and of a
balancer. Never asked about: the resolver, DHCP, the metadata and the time service, and what stays inside a subnet
(ibid., "Network ACL basics").
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from muster.spec import Cluster

ANYWHERE: Final = "0.0.0.0/0"
HTTPS: Final = 443
MIRRORS: Final = 80
UNPRIVILEGED: Final = (1024, 65535)
"""Ports of everything that runs without root, all nodes' services, and of whoever asks something."""
LINUX: Final = (32768, 60999)
"""From where Linux asks (Documentation/networking/ip-sysctl, ip_local_port_range)."""
OF_AN_IMAGE: Final = (665, 65535)
"""From where an image of one's own may ask: of NFS that it mounts, from below 1024 (sunrpc.min_resvport; nfs(5))."""

MOST: Final = 12
"""Ports that get an entry each: an ACL takes 20 for each direction (Amazon VPC quotas)."""

_INSIDE, _ANSWERS, _TOO_LARGE = 100, 110, 120
_ASKED, _LISTENED = 1000, 12000
"""From where the numbers of entries for ports begin."""
_PLACES: Final = 10000


@dataclass(frozen=True)
class Rule:
    """An entry that allows TCP to ports of or from a range of addresses, or the ICMP message of too large a packet."""

    number: int
    cidr: str
    first: int = -1
    last: int = -1

    @property
    def too_large(self) -> bool:
        """Whether it is for "fragmentation needed", without which large answers vanish (RFC 1191)."""
        return self.first < 0


@dataclass(frozen=True)
class Acl:
    """The entries for what comes into a subnet and for what leaves it, in the order of their numbers."""

    ingress: Sequence[Rule]
    egress: Sequence[Rule]


def ways_out(cluster: Cluster) -> Collection[int]:
    """Return the ports at which nodes ask whatever is not of the cluster."""
    mirrors = {MIRRORS} if cluster.instance.os == "debian-12" else set()
    return {HTTPS, *mirrors, *cluster.about.ways_out(cluster)}


def node_rules(cluster: Cluster, cidr: str) -> Acl:
    """Return what nodes need: the VPC at ports of services, answers, and the ways out; nobody outside may ask them.

    In an image of one's own the kernel may ask from other ports than Linux does by itself, and for NFS from lower ones.
    """
    own_ports = OF_AN_IMAGE if cluster.instance.ami else LINUX
    return Acl(
        ingress=[Rule(_INSIDE, cidr, *UNPRIVILEGED), Rule(_ANSWERS, ANYWHERE, *own_ports), Rule(_TOO_LARGE, ANYWHERE)],
        egress=[
            Rule(_INSIDE, cidr, *UNPRIVILEGED),
            Rule(_TOO_LARGE, ANYWHERE),
            *each_port(ways_out(cluster), ANYWHERE, _ASKED),
        ],
    )


def inner_rules(cluster: Cluster, cidr: str, listening: Collection[int]) -> Acl:
    """Return what a balancer inside needs, and endpoints, file systems and databases, which lie beside it.

    Clients that the file names may be outside of the VPC: which ones, the balancer's security group knows.
    """
    clients = ANYWHERE if cluster.balancer.clients else cidr
    endpoints = {HTTPS} if cluster.network.egress == "endpoints" else set()
    return Acl(
        ingress=[
            Rule(_INSIDE, cidr, *UNPRIVILEGED),
            Rule(_TOO_LARGE, ANYWHERE),
            *each_port(endpoints, cidr, _ASKED),
            *each_port(listening, clients, _LISTENED),
        ],
        egress=[Rule(_INSIDE, clients, *UNPRIVILEGED), Rule(_TOO_LARGE, ANYWHERE)],
    )


def edge_rules(cluster: Cluster, cidr: str, listening: Collection[int]) -> Acl:
    """Return what a NAT gateway needs, and a balancer that faces the internet; nothing else lies in public subnets.

    Answers from outside come to any port from 1024 on, which no entry here may deny: each is a NAT gateway's in turn.
    """
    facing = cluster.balancer.scheme == "internet-facing"
    through = ways_out(cluster) if cluster.network.egress in ("nat", "nat-per-zone") else ()
    endpoints = {HTTPS} if cluster.network.egress == "endpoints" else set()
    return Acl(
        ingress=[
            Rule(_ANSWERS, ANYWHERE, *UNPRIVILEGED),
            Rule(_TOO_LARGE, ANYWHERE),
            *each_port({*through, *endpoints}, cidr, _ASKED),
            *each_port(listening if facing else (), ANYWHERE, _LISTENED),
        ],
        egress=[
            Rule(_ANSWERS, ANYWHERE, *UNPRIVILEGED),
            Rule(_TOO_LARGE, ANYWHERE),
            *each_port(through, ANYWHERE, _ASKED),
        ],
    )


def each_port(ports: Collection[int], cidr: str, first: int) -> Iterable[Rule]:
    """Return an entry for each port; its number comes from the port, so that others may come and go beside it.

    Too many for an entry each get one for all of them: which of them, the security groups know.
    """
    if len(ports) > MOST:
        return [Rule(first, cidr, 1, 65535)]
    taken: dict[int, int] = {}
    for port in sorted(ports):
        number = first + port % _PLACES
        while number in taken:
            number += 1
        taken[number] = port
    return [Rule(number, cidr, port, port) for number, port in sorted(taken.items())]
