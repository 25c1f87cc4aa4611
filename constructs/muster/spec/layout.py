"""Where subnets and addresses lie: arithmetic alone.

The VPC's range is cut into 16 equal blocks. Zone number k has block k for its nodes; block 8+k is split in halves: the
lower for the balancer, the upper (edge) for the NAT gateway and for a balancer that faces the internet. So nodes and
balancer never compete for addresses, and a zone's subnets depend on no other zone's use.
"""

from ipaddress import IPv4Network
from typing import Final

from muster.spec.lock import LockedZone

MOST_ZONES: Final = 8
FIRST_HOST: Final = 10
"""Offset of ordinal 0 in its subnet: AWS keeps the first four addresses, some are left for what comes later."""


def zone_subnets(cidr: str, number: int) -> LockedZone:
    """Return the subnets of zone `number` (below `MOST_ZONES`) in the VPC `cidr`."""
    blocks = list(IPv4Network(cidr).subnets(prefixlen_diff=4))
    balancer, edge = blocks[MOST_ZONES + number].subnets()
    return LockedZone(number=number, nodes=str(blocks[number]), balancer=str(balancer), edge=str(edge))


def node_address(subnet: str, ordinal: int) -> str | None:
    """Return the address of the node `ordinal` in the node subnet `subnet`, or None where that has no room for it."""
    network = IPv4Network(subnet)
    address = network.network_address + FIRST_HOST + ordinal
    return str(address) if address < network.broadcast_address else None
