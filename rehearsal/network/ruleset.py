"""Security groups and network ACLs as one nftables ruleset for the router of a VPC. Pure: values in, text out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

from rehearsal.network import nft
from rehearsal.network.acl import acl_chains, at_border, by_nat
from rehearsal.network.policy import InterfacePolicy, Permission
from rehearsal.network.wires import link_of


@dataclass(frozen=True)
class Fixed:
    """An interface that no security group governs: the name of the router's end and the address behind it."""

    link: str
    address: str


@dataclass(frozen=True)
class Fabric:
    """What every VPC has: its addresses, its resolver, the link to the AWS endpoints and the one to the visitor.

    `services` are addresses behind the link to the endpoints besides the link's own.
    """

    cidr: str
    resolver: str
    endpoints: Fixed
    visitor: Fixed
    services: tuple[str, ...] = ()

    @property
    def aws(self) -> tuple[str, ...]:
        """All addresses of AWS endpoints."""
        return (self.endpoints.address, *self.services)


Members = dict[str, set[str]]


def ruleset(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> str:
    """Return the text for `nft -f` that replaces the whole table `inet muster` in one transaction.

    A new connection passes if the egress of its source's groups and the ingress of its destination's groups both
    allow it; each packet of it, if the network ACLs do at the borders of subnets that it crosses. Equal policies give
    equal text, in whatever order they come.
    """
    ordered = sorted(policies, key=lambda policy: policy.namespace)
    members = _members(ordered)
    guests = [chain for policy in ordered for chain in _guest_chains(policy, members)]
    chains = [*guests, *_acls(ordered), _forward(fabric, ordered), _input(fabric, ordered), _output()]
    return "table inet muster\ndelete table inet muster\ntable inet muster {\n" + "\n".join(chains) + "\n}\n"


def _members(policies: Iterable[InterfacePolicy]) -> Members:
    members: Members = {}
    for policy in policies:
        for group in policy.groups:
            members.setdefault(group.id, set()).add(policy.address)
    return members


def _acls(policies: Sequence[InterfacePolicy]) -> list[str]:
    subnets = [each for policy in policies for each in (policy.subnet, policy.nat) if each]
    known = {subnet.id: subnet.acl for subnet in subnets}
    return [chain for name, acl in sorted(known.items()) for chain in acl_chains(name, acl)]


def _borders(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> Iterable[str]:
    """Yield the rules of network ACLs, which know no connections: they stand before established ones are let through.

    Each subnet's border is crossed as its guests' addresses say, and that of a NAT gateway on the way out.
    """
    own: dict[str, list[str]] = {}
    out: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for policy in policies:
        link = link_of(policy.namespace)
        if policy.subnet:
            own.setdefault(policy.subnet.id, []).append(link)
        if policy.nat:
            out.setdefault((policy.nat.id, tuple(sorted(policy.gateways))), []).append(link)
    for subnet, links in sorted(own.items()):
        yield from at_border(subnet, links)
    for (subnet, gateways), links in sorted(out.items()):
        yield from by_nat(subnet, links, fabric.endpoints.link, gateways)


def _guest_chains(policy: InterfacePolicy, members: Members) -> tuple[str, str]:
    link = link_of(policy.namespace)
    leaving = [rule for group in policy.groups for rule in _rules(group.egress, "daddr", "return", members)]
    coming = [rule for group in policy.groups for rule in _rules(group.ingress, "saddr", "accept", members)]
    return nft.chain(f"from_{link}", [*_unique(leaving), "drop"]), nft.chain(f"to_{link}", [*_unique(coming), "drop"])


def _unique(rules: Iterable[str]) -> list[str]:
    return sorted(set(rules))


def _rules(permissions: Iterable[Permission], side: str, verdict: str, members: Members) -> Iterable[str]:
    for permission in permissions:
        peers = _peers(permission, members)
        if not peers:
            continue
        what = nft.content(permission.protocol, permission.first, permission.last)
        yield f"{nft.peers(side, peers)}{what}{verdict}"


def _peers(permission: Permission, members: Members) -> list[IPv4Network]:
    """Return the peers with overlaps merged: an nft set refuses intervals that overlap."""
    ranges = [IPv4Network(cidr, strict=False) for cidr in permission.cidrs]
    ranges += [IPv4Network(address) for group in permission.groups for address in members.get(group, ())]
    return list(collapse_addresses(ranges))


def _forward(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> str:
    links = [link_of(policy.namespace) for policy in policies]
    leaving = [f'"{fabric.endpoints.link}" : drop', *(f'"{link}" : jump from_{link}' for link in links)]
    coming = [f'"{fabric.endpoints.link}" : accept', *(f'"{link}" : jump to_{link}' for link in links)]
    rules = [
        *_no_forgery(fabric, policies),
        *_confinement(fabric, policies),
        *_borders(fabric, policies),
        # The default route ends at this link: what is for an address that nobody has vanishes here.
        f'oifname "{fabric.endpoints.link}" ip daddr != {{ {", ".join(fabric.aws)} }} drop',
        "ct state established,related accept",
        f"iifname vmap {{ {', '.join(leaving)} }}",
        f"oifname vmap {{ {', '.join(coming)} }}",
    ]
    return nft.chain("forward", ["type filter hook forward priority filter; policy drop;", *rules])


def _no_forgery(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> list[str]:
    """EC2 drops what does not bear the interface's own address (source check); links not named pass nothing."""
    known = [(fabric.endpoints.link, address) for address in fabric.aws]
    known.append((fabric.visitor.link, fabric.visitor.address))
    known += [(link_of(policy.namespace), policy.address) for policy in policies]
    pairs = ", ".join(f'"{link}" . {address}' for link, address in known)
    return ["meta nfproto != ipv4 drop", f"iifname . ip saddr != {{ {pairs} }} drop"]


def _confinement(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> list[str]:
    """Routes know no connections: this stands before the established ones are let through."""
    confined: dict[tuple[str, ...], list[str]] = {}
    for policy in policies:
        if not policy.way_out:
            reach = (fabric.cidr, *sorted(policy.gateways))
            confined.setdefault(reach, []).append(f'"{link_of(policy.namespace)}"')
    return [
        f"iifname {{ {', '.join(links)} }} ip daddr != {{ {', '.join(reach)} }} drop"
        for reach, links in sorted(confined.items())
    ]


def _input(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> str:
    rules = [
        *_no_forgery(fabric, policies),
        "ct state established accept",
        f"ip daddr {fabric.resolver} udp dport 53 accept",
        f"ip daddr {fabric.resolver} tcp dport 53 accept",
    ]
    return nft.chain("input", ["type filter hook input priority filter; policy drop;", *rules])


def _output() -> str:
    """Let the router answer what its resolver was asked and send nothing else: no drop may show as ICMP."""
    return nft.chain("output", ["type filter hook output priority filter; policy drop;", "ct state established accept"])
