"""Security groups as one nftables ruleset for the router of a VPC. Pure: values in, text out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

from rehearsal.network.policy import InterfacePolicy, Permission
from rehearsal.network.wires import link_of

_ANY = IPv4Network("0.0.0.0/0")
_PORTS = {6: "tcp", 17: "udp"}
_ALL_PORTS = (0, 65535)


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
    allow it. Equal policies give equal text, in whatever order they come.
    """
    ordered = sorted(policies, key=lambda policy: policy.namespace)
    members = _members(ordered)
    guests = [chain for policy in ordered for chain in _guest_chains(policy, members)]
    chains = [*guests, _forward(fabric, ordered), _input(fabric, ordered), _output()]
    return "table inet muster\ndelete table inet muster\ntable inet muster {\n" + "\n".join(chains) + "\n}\n"


def _members(policies: Iterable[InterfacePolicy]) -> Members:
    members: Members = {}
    for policy in policies:
        for group in policy.groups:
            members.setdefault(group.id, set()).add(policy.address)
    return members


def _guest_chains(policy: InterfacePolicy, members: Members) -> tuple[str, str]:
    link = link_of(policy.namespace)
    leaving = [rule for group in policy.groups for rule in _rules(group.egress, "daddr", "return", members)]
    coming = [rule for group in policy.groups for rule in _rules(group.ingress, "saddr", "accept", members)]
    return _chain(f"from_{link}", [*_unique(leaving), "drop"]), _chain(f"to_{link}", [*_unique(coming), "drop"])


def _unique(rules: Iterable[str]) -> list[str]:
    return sorted(set(rules))


def _rules(permissions: Iterable[Permission], side: str, verdict: str, members: Members) -> Iterable[str]:
    for permission in permissions:
        peers = _peers(permission, members)
        if not peers:
            continue
        who = "" if peers == [_ANY] else f"ip {side} {{ {', '.join(map(str, peers))} }} "
        yield f"{who}{_what(permission)}{verdict}"


def _peers(permission: Permission, members: Members) -> list[IPv4Network]:
    """Return the peers with overlaps merged: an nft set refuses intervals that overlap."""
    ranges = [IPv4Network(cidr, strict=False) for cidr in permission.cidrs]
    ranges += [IPv4Network(address) for group in permission.groups for address in members.get(group, ())]
    return list(collapse_addresses(ranges))


def _what(permission: Permission) -> str:
    if permission.protocol == -1:
        return ""
    if permission.protocol in _PORTS and (permission.first, permission.last) != _ALL_PORTS:
        ports = f"{permission.first}-{permission.last}" if permission.first != permission.last else permission.first
        return f"{_PORTS[permission.protocol]} dport {ports} "
    if permission.protocol == 1 and permission.first != -1:
        code = f"icmp code {permission.last} " if permission.last != -1 else ""
        return f"icmp type {permission.first} {code}"
    return f"meta l4proto {permission.protocol} "


def _forward(fabric: Fabric, policies: Sequence[InterfacePolicy]) -> str:
    links = [link_of(policy.namespace) for policy in policies]
    leaving = [f'"{fabric.endpoints.link}" : drop', *(f'"{link}" : jump from_{link}' for link in links)]
    coming = [f'"{fabric.endpoints.link}" : accept', *(f'"{link}" : jump to_{link}' for link in links)]
    rules = [
        *_no_forgery(fabric, policies),
        *_confinement(fabric, policies),
        # The default route ends at this link: what is for an address that nobody has vanishes here.
        f'oifname "{fabric.endpoints.link}" ip daddr != {{ {", ".join(fabric.aws)} }} drop',
        "ct state established,related accept",
        f"iifname vmap {{ {', '.join(leaving)} }}",
        f"oifname vmap {{ {', '.join(coming)} }}",
    ]
    return _chain("forward", ["type filter hook forward priority filter; policy drop;", *rules])


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
    return _chain("input", ["type filter hook input priority filter; policy drop;", *rules])


def _output() -> str:
    """Let the router answer what its resolver was asked and send nothing else: no drop may show as ICMP."""
    return _chain("output", ["type filter hook output priority filter; policy drop;", "ct state established accept"])


def _chain(name: str, lines: Iterable[str]) -> str:
    return f"\tchain {name} {{\n" + "\n".join(f"\t\t{line}" for line in lines) + "\n\t}"
