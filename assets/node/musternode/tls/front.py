"""What a node's TLS front is: an address, a port, and the product's plain port behind it. Pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from ..paths import Paths
from ..settings import Node

UNIT = "muster-tls.service"
ENDING = "muster-tls-end"
"""The timer that ends a front which is wanted no more."""
TABLE = "muster_tls"
"""The kernel's table by which further ports lead to the front's own."""
CONNECTIONS = 20_000
"""Connections that a front takes at once, where its product says nothing of it."""


@dataclass(frozen=True)
class Front:
    """The front of the node called `node`, at `address`:`port`; it leads to `address`:`plain`, where the product is.

    The product sees it come from `sources`, one after the other, or from `address` if there are none: as from the
    balancer, which has an address of the same network, and never from loopback, which a product may trust more. One
    source has 28,000 connections to one port (net.ipv4.ip_local_port_range). `rules` are nft's, by which further ports
    lead to `port`, in the table `TABLE`.
    """

    node: str
    address: str
    port: int
    plain: int
    connections: int = CONNECTIONS
    sources: Tuple[str, ...] = ()
    rules: str = ""


def of(node: Node, port: int, plain: int) -> Optional[Front]:
    """Return the front of `node`, or None where its settings have no port for one (0)."""
    return Front(node.name, node.address, port, plain) if port else None


def refusal(old: int, new: int) -> Optional[str]:
    """Return why a front cannot go from the port `old` to `new` (0: none) while users come, None if it can."""
    if not old or not new or old == new:
        return None
    return (
        f"the port of running TLS fronts cannot be changed from {old} to {new} at once: the balancer leads to both for "
        "a while; deploy balancer.to_nodes: http first, then https with the other port"
    )


@dataclass(frozen=True)
class Place:
    """Where a front's files stand on this host."""

    paths: Paths

    @property
    def pem(self) -> Path:
        """Certificate and key, root's own."""
        return self.paths.etc / "tls/front.pem"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.paths.etc / "tls/front.cfg"

    @property
    def rules(self) -> Path:
        """The kernel's rules."""
        return self.paths.etc / "tls/front.nft"

    @property
    def applied(self) -> Path:
        """The hash of what the running front was started with."""
        return self.paths.etc / "tls/applied"

    @property
    def certificate(self) -> Path:
        """The certificate alone, for whoever asks whether it is the one that the front shows."""
        return self.paths.opt / "front.crt"

    @property
    def socket(self) -> Path:
        """The front's control socket, which root alone reaches."""
        return self.paths.root / "run/muster-tls/admin.sock"
