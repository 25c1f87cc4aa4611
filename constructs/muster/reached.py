"""Hosts outside of a cluster that its nodes are to reach, by their form: nothing is looked up."""

import re
from ipaddress import IPv4Address, IPv4Network
from typing import Final

ITSELF: Final = "which each node would look for on itself"
_OWN_NAMES: Final = {f"localhost{each}" for each in ("", "4", "6")} | {
    f"localhost{each}.localdomain{each}" for each in ("", "4", "6")
}
"""What a system's own /etc/hosts leads to the machine itself (Amazon Linux 2023)."""

_OWN_OF_DEBIAN: Final = {"ip6-localhost", "ip6-loopback"}
_OWN_DOMAIN: Final = ".localhost"
"""What all names end with that lead there, too (RFC 6761)."""
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"


def calls_itself(name: str) -> bool:
    """Return whether every machine takes `name` for one of its own."""
    plain = name.rstrip(".").lower()
    return plain in _OWN_NAMES | _OWN_OF_DEBIAN or plain.endswith(_OWN_DOMAIN)


def host_fault(host: str) -> str | None:
    """Return why no node reaches another machine by `host`, a name or an IPv4 address, or None."""
    if calls_itself(host):
        return ITSELF
    if re.fullmatch(r"[0-9.]*", host):
        return address_fault(host)
    fitting = len(host) <= 253 and all(re.fullmatch(_LABEL, label) for label in host.removesuffix(".").split("."))
    return None if fitting else "whose host is not a name"


def address_fault(text: str) -> str | None:
    """Return why no node reaches another machine by the IPv4 address `text`, or None."""
    try:
        address = IPv4Address(text)
    except ValueError:
        return "which is not an address"
    if address.is_loopback or address in _THIS_NETWORK:
        return ITSELF
    alien = address.is_link_local or address.is_multicast or address.is_reserved
    return "which is the address of no machine" if alien else None
