"""What the kernel does for a node whose gate can do nothing: shut the database port when nobody renews its lease.

An element of an nftables set ends by itself (nft(8), "timeout"), so it ends also when the process that renews it was
killed, is stopped or starves. While a virtual machine is paused the kernel's timers stand still with everything else.
"""

import subprocess
from typing import Callable, FrozenSet, Iterable, List

from ..commands import run as run_command
from ..failure import Failure

TABLE = "muster_lease"
_Run = Callable[..., "subprocess.CompletedProcess[str]"]
_BEFORE_NAT = -110
"""A priority before that of address translation (nft(8), "dstnat"), by which a front may be led to instead."""
_AT_ONCE = 200
"""Connections that are ended by one command."""


class Kernel:
    """The lease on `address`:`port` of this node, and its own connections to the gate of `peer`.

    Every method raises `Failure` when nft or ss does.
    """

    def __init__(self, address: str, port: int, peer: str, run: _Run = run_command) -> None:
        self._address = address
        self._port = port
        self._peer = peer
        self._run = run
        self._cut = ""

    def arm(self) -> None:
        """Shut the port to everybody until `renew`; undoes a `cut`. There is no moment without a rule."""
        self._load(ruleset(self._address, self._port))
        self._cut = ""

    def renew(self, seconds: float) -> None:
        """Let clients through for `seconds` from now, whatever was left.

        Where the table is gone, as after `nft flush ruleset` or a firewall's restart, it is made anew with the lease,
        and with a `cut` that is in force.
        """
        timed = f"{{ {self._port} timeout {max(1, round(seconds * 1000))}ms }}"
        lease = f"add element inet {TABLE} lease {timed}\n"
        try:
            self._load(self._without() + lease)
        except Failure:
            self._load(ruleset(self._address, self._port) + lease + self._cut)

    def drop(self) -> None:
        """End the lease now; established connections are refused too."""
        self._load(self._without())

    def cut(self) -> None:
        """End this node's connections to the peer's gate by a reset, and refuse new ones at once.

        The 1.4.199 driver waits for an answer for ever, and a silent peer sends none. First the rule, then the
        sockets (ss(8) -K, kernel option INET_DIAG_DESTROY): whoever connects again in between meets the rule.
        """
        rule = f"{_family(self._peer)} daddr {self._peer} tcp dport {self._port} reject with tcp reset"
        added = f"add rule inet {TABLE} output {rule}\n"
        self._load(f"flush chain inet {TABLE} output\n{added}")
        self._cut = added
        self._kill([])

    def restore(self) -> None:
        """Let this node connect to the peer's gate again."""
        self._load(f"flush chain inet {TABLE} output\n")
        self._cut = ""

    def outgoing(self) -> FrozenSet[int]:
        """Return the ports of this node's address from which there are connections to the peer's gate.

        The peer counts by that address too: those from another one it would not name.
        """
        listed = self._sockets("state", "established", "src", self._address, *self._to_peer())
        return frozenset(_port(line.split()[-2]) for line in listed)

    def incoming(self) -> FrozenSet[int]:
        """Return the ports of the peer from which there are connections to this node's gate, accepted or not yet."""
        listed = self._sockets("state", "connected", "dst", self._peer, "sport", "=", f":{self._port}")
        return frozenset(_port(line.split()[-1]) for line in listed)

    def reset(self, ports: Iterable[int]) -> None:
        """End this node's connections to the peer's gate from `ports` by a reset."""
        chosen = sorted(ports)
        for first in range(0, len(chosen), _AT_ONCE):
            terms = [f"sport = :{port}" for port in chosen[first : first + _AT_ONCE]]
            self._kill(["and", "(", *" or ".join(terms).split(), ")"])

    def _sockets(self, *chosen: str) -> List[str]:
        return self._run(["ss", "-H", "-t", "-n", *chosen], within=10.0).stdout.splitlines()

    def _kill(self, which: Iterable[str]) -> None:
        self._run(["ss", "-K", "-H", "-t", "-n", *self._to_peer(), *which], within=10.0)

    def _to_peer(self) -> List[str]:
        return ["dst", self._peer, "dport", "=", f":{self._port}"]

    def _without(self) -> str:
        """Return statements that remove the element: it is added first, as a deletion of what is not there fails."""
        element = f"element inet {TABLE} lease {{ {self._port} }}\n"
        return f"add {element}delete {element}"

    def _load(self, text: str) -> None:
        self._run(["nft", "-f", "-"], given=text, within=10.0)


def ruleset(address: str, port: int) -> str:
    """Return the transaction that replaces the table by one that refuses `address`:`port` unless it is leased.

    No rule asks for connection state: the established connection is refused as well, by a reset of its own.
    """
    return (
        f"table inet {TABLE} {{}}\n"
        f"delete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n"
        "  set lease { type inet_service; flags timeout; }\n"
        "  chain input {\n"
        "    type filter hook input priority filter - 10; policy accept;\n"
        f"    {_family(address)} daddr {address} tcp dport {port} tcp dport != @lease reject with tcp reset\n"
        "  }\n"
        "  chain output {\n"
        f"    type filter hook output priority {_BEFORE_NAT}; policy accept;\n"
        "  }\n"
        "}\n"
    )


def _family(address: str) -> str:
    return "ip6" if ":" in address else "ip"


def _port(end: str) -> int:
    """Return the port of an end as ss shows it; an address of IPv6 stands in brackets."""
    return int(end.rsplit(":", 1)[1])
