"""Types of networks and addresses in the cluster file: IPv4 alone, each network written as itself."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Final

from muster.checking import checked

_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_DOCKER: Final = IPv4Network("172.17.0.0/16")
_NOBODY: Final = IPv4Network("0.0.0.0/8")
"""Addresses that no packet comes from (RFC 1122, 3.2.1.3)."""

_RESERVED_FIRST: Final = 4
"""Addresses at a subnet's start that AWS keeps, and one at its end (Amazon VPC User Guide, "Subnet CIDR blocks")."""


def network_fault(value: str) -> str | None:
    """Return why `value` is not an IPv4 network in CIDR form with no host bits, or None."""
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        return "which is not an IPv4 network"
    if "/" not in value or str(network) != value:
        return f"whose network is {network}"
    return None


def usable(address: str, subnet: str) -> bool:
    """Return whether a machine may have `address` in the subnet (CIDR): AWS keeps the first four and the last."""
    network, wanted = IPv4Network(subnet), IPv4Address(address)
    return int(network[0]) + _RESERVED_FIRST <= int(wanted) < int(network[-1])


def _private_fault(shortest: int, longest: int) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        if fault := network_fault(value):
            return fault
        network = IPv4Network(value)
        if not shortest <= network.prefixlen <= longest:
            return "which is too large" if network.prefixlen < shortest else "which is too small"
        if not any(network.subnet_of(IPv4Network(private)) for private in _PRIVATE):
            return "which is not private"
        if network.overlaps(_DOCKER):
            return f"which overlaps {_DOCKER}, where AWS services and Docker keep their own networks"
        return None

    return check


def _client_fault(value: str) -> str | None:
    if fault := network_fault(value):
        return fault
    network = IPv4Network(value)
    alien = network.is_loopback or network.is_link_local or network.is_multicast or network.is_reserved
    return "from which no client comes" if alien or network.subnet_of(_NOBODY) else None


def _address_fault(value: str) -> str | None:
    try:
        IPv4Address(value)
    except ValueError:
        return "which is not an IPv4 address"
    return None


# Only the form: host bits and ranges are beyond a pattern
_CIDR_FORM: Final = r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$"

CIDR: Final = "a private IPv4 network from /16 to /22 such as 10.64.0.0/20"
Cidr = Annotated[str, checked(_private_fault(16, 22), CIDR, pattern=_CIDR_FORM)]

# Amazon VPC: a VPC's and a subnet's blocks are from /16 to /28
VPC_CIDR: Final = "a private IPv4 network from /16 to /28 such as 10.0.0.0/16"
VpcCidr = Annotated[str, checked(_private_fault(16, 28), VPC_CIDR, pattern=_CIDR_FORM)]

CLIENTS: Final = "an IPv4 network such as 10.0.0.0/8 (one address: 192.0.2.1/32)"
ClientCidr = Annotated[str, checked(_client_fault, CLIENTS, pattern=_CIDR_FORM)]

ADDRESS: Final = "an IPv4 address such as 10.0.1.10"
Address = Annotated[str, checked(_address_fault, ADDRESS, pattern=r"^\d{1,3}(\.\d{1,3}){3}$")]
