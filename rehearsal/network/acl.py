"""Network ACLs as values, and as rules of the router of a VPC. Pure.

An ACL is asked for each packet that crosses its subnet's border, answers too, and never for one that stays inside (VPC
user guide, "Network ACL basics"). What goes to the resolver, to the metadata service or to the time service is not
asked about; here that is never forwarded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from rehearsal.network.nft import chain, content, peers

_WITH_PORTS = {6, 17}
_ICMP = 1


@dataclass(frozen=True)
class AclEntry:
    """What one entry says of a protocol (IANA number, -1 for all), its ports or ICMP type and code, and a peer's range.

    Ports and types are as those of a `Permission`.
    """

    allows: bool
    protocol: int
    first: int
    last: int
    cidr: str


@dataclass(frozen=True)
class NetworkAcl:
    """The entries of an ACL in the order of their numbers; the first one that covers a packet counts, without one none.

    It allows nothing that no entry allows.
    """

    ingress: tuple[AclEntry, ...]
    egress: tuple[AclEntry, ...]


def network_acl(description: Mapping[str, Any]) -> NetworkAcl:
    """Return the ACL that one entry of EC2's DescribeNetworkAcls describes; IPv6 ranges match nothing here."""
    ordered = sorted(description["Entries"], key=lambda entry: int(entry["RuleNumber"]))
    ours = [entry for entry in ordered if "CidrBlock" in entry]
    return NetworkAcl(
        ingress=tuple(_entry(entry) for entry in ours if not entry["Egress"]),
        egress=tuple(_entry(entry) for entry in ours if entry["Egress"]),
    )


def _entry(described: Mapping[str, Any]) -> AclEntry:
    protocol = int(described["Protocol"])
    first, last = -1, -1
    if protocol in _WITH_PORTS:
        ports = described.get("PortRange", {})
        first, last = int(ports.get("From", 0)), int(ports.get("To", 65535))
    if protocol == _ICMP:
        icmp = described.get("IcmpTypeCode", {})
        first, last = int(icmp.get("Type", -1)), int(icmp.get("Code", -1))
    cidr = str(IPv4Network(described["CidrBlock"], strict=False))
    return AclEntry(described["RuleAction"] == "allow", protocol, first, last, cidr)


def acl_chains(subnet: str, acl: NetworkAcl) -> tuple[str, str]:
    """Return the chains `out_of_SUBNET` and `into_SUBNET`: what the ACL allows comes back from them."""
    out = chain(f"out_of_{subnet}", [*_verdicts(acl.egress, "daddr"), "drop"])
    return out, chain(f"into_{subnet}", [*_verdicts(acl.ingress, "saddr"), "drop"])


def _verdicts(entries: Iterable[AclEntry], side: str) -> Iterable[str]:
    for entry in entries:
        match = peers(side, [IPv4Network(entry.cidr)]) + content(entry.protocol, entry.first, entry.last)
        yield f"{match}{'return' if entry.allows else 'drop'}"


def at_border(subnet: str, links: Sequence[str]) -> tuple[str, str]:
    """Return the rules by which the ACL is asked: machines of one subnet, at `links`, send to each other unasked."""
    names = f"{{ {', '.join(quoted(links))} }}"
    return (
        f"iifname {names} oifname != {names} jump out_of_{subnet}",
        f"oifname {names} iifname != {names} jump into_{subnet}",
    )


def by_nat(subnet: str, links: Sequence[str], outside: str, gateways: Sequence[str]) -> Iterable[str]:
    """Yield the rules by which what goes out through a NAT gateway in `subnet` crosses its border, twice each way.

    `links` are those of the machines, `outside` is the link that leads out, `gateways` are addresses there to which the
    way is another. The gateway's own port for a connection is not known here: the machine's stands for it.
    """
    names = f"{{ {', '.join(quoted(links))} }}"
    but = f"!= {{ {', '.join(gateways)} }}"
    for name in ("into", "out_of"):
        yield f'iifname {names} oifname "{outside}" {f"ip daddr {but} " if gateways else ""}jump {name}_{subnet}'
        yield f'iifname "{outside}" oifname {names} {f"ip saddr {but} " if gateways else ""}jump {name}_{subnet}'


def quoted(links: Sequence[str]) -> list[str]:
    """Return names of links as nftables has them in sets."""
    return [f'"{link}"' for link in sorted(links)]
