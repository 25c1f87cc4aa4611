"""An interpreter of as much of the nftables language as the router's ruleset uses; anything else is an error."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network


@dataclass(frozen=True)
class Packet:
    """A packet on its way through the router. `code` and `type` are ICMP's, `port` that of TCP and UDP."""

    iif: str
    oif: str
    source: str
    destination: str
    protocol: int
    port: int = 0
    type: int = 0
    code: int = 0
    established: bool = False


class Table:
    """The chains of one ruleset."""

    def __init__(self, text: str) -> None:
        bodies = re.findall(r"\tchain (\S+) \{\n(.*?)\n\t\}", text, re.DOTALL)
        self._chains = {name: [line.strip() for line in body.splitlines()] for name, body in bodies}

    def forwards(self, packet: Packet) -> bool:
        """Tell whether the forward chain lets `packet` pass; its policy is to drop."""
        head, *rules = self._chains["forward"]
        assert head == "type filter hook forward priority filter; policy drop;"
        return self._walk(rules, packet) == "accept"

    def _walk(self, rules: list[str], packet: Packet) -> str | None:
        for rule in rules:
            verdict = _verdict(rule, packet)
            if verdict and verdict.startswith("jump "):
                verdict = self._walk(self._chains[verdict.removeprefix("jump ")], packet)
            elif verdict == "return":
                return None
            if verdict:
                return verdict
        return None


def _verdict(rule: str, packet: Packet) -> str | None:
    """Return the verdict of a rule that matches, None for one that does not."""
    rest = rule
    while rest not in ("accept", "drop", "return") and not rest.startswith("jump "):
        if table := re.fullmatch(r"(iifname|oifname) vmap \{ (.*) \}", rest):
            name = packet.iif if table[1] == "iifname" else packet.oif
            return dict(entry.split(" : ") for entry in table[2].split(", ")).get(f'"{name}"')
        for pattern, test in _MATCHES:
            if found := re.match(pattern + " ", rest):
                if not test(found, packet):
                    return None
                rest = rest[found.end() :]
                break
        else:
            raise AssertionError(f"not understood: {rest}")
    return rest


def _within(address: str, networks: str) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks.split(", "))


def _port(found: re.Match[str], packet: Packet) -> bool:
    first, _, last = found[2].partition("-")
    return packet.protocol == {"tcp": 6, "udp": 17}[found[1]] and int(first) <= packet.port <= int(last or first)


_MATCHES: list[tuple[str, Callable[[re.Match[str], Packet], bool]]] = [
    (r"meta nfproto != ipv4", lambda _found, _packet: False),
    (r"iifname \. ip saddr != \{ (.*?) \}", lambda f, p: f'"{p.iif}" . {p.source}' not in f[1].split(", ")),
    (r"iifname \{ (.*?) \}", lambda f, p: f'"{p.iif}"' in f[1].split(", ")),
    (r"iifname != \{ (.*?) \}", lambda f, p: f'"{p.iif}"' not in f[1].split(", ")),
    (r"oifname \{ (.*?) \}", lambda f, p: f'"{p.oif}"' in f[1].split(", ")),
    (r"oifname != \{ (.*?) \}", lambda f, p: f'"{p.oif}"' not in f[1].split(", ")),
    (r'iifname "(\S+)"', lambda f, p: p.iif == f[1]),
    (r'oifname "(\S+)"', lambda f, p: p.oif == f[1]),
    (r"ct state established,related", lambda _found, p: p.established),
    (r"ip saddr != \{ (.*?) \}", lambda f, p: not _within(p.source, f[1])),
    (r"ip saddr \{ (.*?) \}", lambda f, p: _within(p.source, f[1])),
    (r"ip daddr \{ (.*?) \}", lambda f, p: _within(p.destination, f[1])),
    (r"ip daddr != \{ (.*?) \}", lambda f, p: not _within(p.destination, f[1])),
    (r"ip daddr != (\S+)", lambda f, p: not _within(p.destination, f[1])),
    (r"(tcp|udp) dport (\S+)", _port),
    (r"icmp type (\d+)", lambda f, p: p.protocol == 1 and p.type == int(f[1])),
    (r"icmp code (\d+)", lambda f, p: p.protocol == 1 and p.code == int(f[1])),
    (r"meta l4proto (\d+)", lambda f, p: p.protocol == int(f[1])),
]
