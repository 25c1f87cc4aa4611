"""Words of the nftables language that rulesets here are made of. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network

ANY = IPv4Network("0.0.0.0/0")
_PORTS = {6: "tcp", 17: "udp"}
_ALL_PORTS = (0, 65535)


def peers(side: str, networks: Iterable[IPv4Network]) -> str:
    """Return the match of an address (`side` is `saddr` or `daddr`) that lies in one of `networks`, which differ."""
    known = list(networks)
    return "" if known == [ANY] else f"ip {side} {{ {', '.join(map(str, known))} }} "


def content(protocol: int, first: int, last: int) -> str:
    """Return the match of a protocol and its ports, or its ICMP type and code; -1 stands for all."""
    if protocol == -1:
        return ""
    if protocol in _PORTS and (first, last) != _ALL_PORTS:
        return f"{_PORTS[protocol]} dport {first if first == last else f'{first}-{last}'} "
    if protocol == 1 and first != -1:
        code = f"icmp code {last} " if last != -1 else ""
        return f"icmp type {first} {code}"
    return f"meta l4proto {protocol} "


def chain(name: str, lines: Iterable[str]) -> str:
    """Return a chain of these rules."""
    return f"\tchain {name} {{\n" + "\n".join(f"\t\t{line}" for line in lines) + "\n\t}"
