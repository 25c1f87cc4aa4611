"""Which names the VPC's resolver knows."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence

ENDPOINTS = "198.51.100.10"
"""Where AWS endpoints are (a documentation address, RFC 5737, so outside of any VPC)."""

GATEWAYS = {"s3": "198.51.100.11", "dynamodb": "198.51.100.12"}
"""Where those services are that a VPC can have a gateway endpoint for: addresses that a route can lead to."""

Resolve = Callable[[str], list[str] | None]
"""From a lower-case name without its last dot to its IPv4 addresses; None: there is no such name."""

_FILE_SYSTEM = re.compile(r"(^|\.)fs-[0-9a-f]+\.efs\.")
_HOST = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)(\.ec2\.internal|\.[a-z0-9-]+\.compute\.internal)?")


def names_of(balancers: Callable[[], Mapping[str, Sequence[str]]]) -> Resolve:
    """Return the resolver of a rehearsed VPC.

    It knows the load balancers (`balancers()` gives the addresses by DNS name), the private names of hosts
    (`ip-10-64-0-10.eu-west-1.compute.internal`), and every other name under amazonaws.com as the public endpoints, but
    for those of file systems, which exist in a VPC alone.
    """

    def resolve(name: str) -> list[str] | None:
        known = {dns.lower(): addresses for dns, addresses in balancers().items()}
        if name in known:
            return list(known[name])
        if name.endswith(".elb.amazonaws.com") or _FILE_SYSTEM.search(name):
            return None
        if name.endswith(".amazonaws.com"):
            return [GATEWAYS.get(_gateway_service(name), ENDPOINTS)]
        return _host(name)

    return resolve


def _gateway_service(name: str) -> str:
    """Return s3 or dynamodb if a name is one of theirs, whatever stands before it or between it and the region."""
    labels = name.split(".")
    return "s3" if "s3" in labels else labels[0]


def _host(name: str) -> list[str] | None:
    match = _HOST.fullmatch(name)
    if match is None:
        return None
    try:
        return [str(ipaddress.IPv4Address(".".join(match.groups()[:4])))]
    except ipaddress.AddressValueError:
        return None
