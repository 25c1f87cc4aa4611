"""What EC2 knows about who may reach whom, as values: security groups with their rules, and the interfaces in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.network.acl import NetworkAcl


class PolicyError(Exception):
    """A security group says something that is not enforced here; the text names group and field."""


@dataclass(frozen=True)
class Permission:
    """One protocol and range of ports, with the peers it is open to.

    `protocol` is an IANA number, -1 for all. For TCP and UDP `first`..`last` are ports; for ICMP `first` is the type
    and `last` the code, -1 for any. `cidrs` and `groups` (ids) are the peers, any of which will do.
    """

    protocol: int
    first: int
    last: int
    cidrs: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class SecurityGroup:
    """A security group: what may come in to its members and what may go out from them."""

    id: str
    ingress: tuple[Permission, ...]
    egress: tuple[Permission, ...]


@dataclass(frozen=True)
class Subnet:
    """A subnet by its id, and the network ACL at its border."""

    id: str
    acl: NetworkAcl


@dataclass(frozen=True)
class InterfacePolicy:
    """One interface on the VPC: the namespace behind it, its address, its groups.

    `way_out` tells whether the route table of its subnet has a default route: without one it stays inside the VPC,
    but for the addresses in `gateways`, each with the id of the gateway endpoint that the route table leads to.
    `subnet` is where it lies and `nat` where the NAT gateway does by which it goes out, None where no ACL is asked.
    """

    namespace: str
    address: str
    groups: tuple[SecurityGroup, ...]
    way_out: bool
    gateways: Mapping[str, str] = field(default_factory=dict)
    subnet: Subnet | None = None
    nat: Subnet | None = None


_NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
_ICMP = {1, 58}
_WITH_PORTS = {6, 17}


def security_group(description: Mapping[str, Any]) -> SecurityGroup:
    """Return the group that one entry of EC2's DescribeSecurityGroups describes.

    Raises `PolicyError` for a prefix list as peer. IPv6 ranges match nothing: the rehearsed VPC has no IPv6.
    """
    group_id = str(description["GroupId"])
    return SecurityGroup(
        id=group_id,
        ingress=_permissions(group_id, description.get("IpPermissions", [])),
        egress=_permissions(group_id, description.get("IpPermissionsEgress", [])),
    )


def _permissions(group_id: str, entries: Sequence[Mapping[str, Any]]) -> tuple[Permission, ...]:
    return tuple(_permission(group_id, entry) for entry in entries)


def _permission(group_id: str, entry: Mapping[str, Any]) -> Permission:
    if entry.get("PrefixListIds"):
        raise PolicyError(f"security group {group_id}: PrefixListIds is not enforced in a rehearsal; use a CIDR")
    protocol = _protocol(group_id, str(entry["IpProtocol"]))
    first, last = _range(protocol, entry.get("FromPort"), entry.get("ToPort"))
    if protocol in _WITH_PORTS and not 0 <= first <= last <= 65535:
        raise PolicyError(f"security group {group_id}: ports {first}-{last} are no range from 0 to 65535")
    return Permission(
        protocol=protocol,
        first=first,
        last=last,
        cidrs=tuple(sorted({str(r["CidrIp"]) for r in entry.get("IpRanges", [])})),
        groups=tuple(sorted({str(p["GroupId"]) for p in entry.get("UserIdGroupPairs", [])})),
    )


def _protocol(group_id: str, name: str) -> int:
    number = _NUMBERS.get(name.lower())
    if number is not None:
        return number
    try:
        return int(name)
    except ValueError:
        raise PolicyError(f"security group {group_id}: IpProtocol {name!r} is not known") from None


def _range(protocol: int, first: int | None, last: int | None) -> tuple[int, int]:
    """EC2 leaves both out, or gives -1, where they mean nothing or everything (reference: IpPermission)."""
    if protocol in _WITH_PORTS:
        whole = first is None or first == -1
        return (0, 65535) if whole else (int(first or 0), 65535 if last is None else int(last))
    if protocol in _ICMP:
        return (-1 if first is None else int(first), -1 if last is None else int(last))
    return -1, -1
