"""configuration/jgroups.xml: how the nodes of a cluster find each other and talk, over TCP and by literal addresses.

Only names that JGroups 3.3 to 5.5 know (tried with eight versions): an unknown one ends the engine. One port is all
that is used; a failure is found by heartbeats over it, since FD_SOCK would listen on another one. The diagnostics of
JGroups (UDP 7500) stay on: what turns them off changed its name within version 5. No security group lets anyone there.
"""

import ipaddress
from typing import Sequence, Tuple

from ..failure import Failure
from .eras import Era

NAME = "configuration/jgroups.xml"
SILENCE = 12_000
"""Milliseconds without a heartbeat after which a node is taken to be gone; the product's own are 40,000."""


def rendered(era: Era, own: str, members: Sequence[str], port: int) -> bytes:
    """Return the whole file for the node with the address `own`, which is one of `members`; all listen on `port`.

    Raises `Failure` if an address is none that a node can have, or stands twice.
    """
    checked(members)
    if own not in members:
        raise Failure(f"{NAME}: this node's address {own} is none of the cluster's: {', '.join(members)}")
    hosts = ",".join(f"{member}[{port}]" for member in members)
    detector = "FD_ALL3" if era.jgroups5 else "FD_ALL"
    lines = "\n".join(f"  <{line}/>" for line in _protocols(own, hosts, port, detector))
    return f'<config xmlns="urn:org:jgroups">\n{lines}\n</config>\n'.encode("ascii")


def _protocols(own: str, hosts: str, port: int, detector: str) -> Tuple[str, ...]:
    return (
        f'TCP bind_addr="{own}" bind_port="{port}" port_range="0"',
        f'TCPPING initial_hosts="{hosts}" port_range="0"',
        'MERGE3 min_interval="5000" max_interval="15000"',
        f'{detector} timeout="{SILENCE}" interval="3000"',
        'VERIFY_SUSPECT timeout="1500"',
        "BARRIER",
        'pbcast.NAKACK2 use_mcast_xmit="false"',
        "UNICAST3",
        'pbcast.STABLE desired_avg_gossip="50000" max_bytes="4000000"',
        'pbcast.GMS print_local_addr="true" join_timeout="3000"',
        'MFC max_credits="4000000" min_threshold="0.4"',
        'FRAG2 frag_size="60000"',
        "pbcast.STATE_TRANSFER",
    )


def checked(members: Sequence[str]) -> None:
    """Raise `Failure` unless each of `members` is the IPv4 address of one node, and none stands twice."""
    for member in members:
        try:
            address = ipaddress.IPv4Address(member)
        except ValueError:
            raise Failure(f"{NAME}: {member!r} is no IPv4 address; nodes know each other by literal ones") from None
        if address.is_multicast or address.is_unspecified or address.is_reserved:
            raise Failure(f"{NAME}: {member} is no address of a node; a VPC carries no multicast")
    if len(set(members)) < len(members) or not members:
        raise Failure(f"{NAME}: the addresses {', '.join(members) or 'are missing'}; each node has one of its own")
