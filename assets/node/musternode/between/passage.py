"""What lies between the nodes of a pair that speak TLS: ports, addresses, and the rules that lead there. Pure.

The driver and the gate process connect to the other node's plain ports as ever. The kernel leads them to this node's
front, that to the other's by TLS, and that one to the plain ports of its own node.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..paths import Paths
from ..settings import Node, Ports

UNIT = "muster-between.service"
TABLE = "muster_between"
DATABASE_DOOR, PEER_DOOR = "127.0.9.2", "127.0.9.3"
"""Addresses of loopback at which a front takes in what its node has for the other one."""
GUEST = "127.0.9.1"
"""The address of loopback from which the other node's clients come to this node's gate."""
_DSTNAT = -100
"""The priority of address translation (nft(8), "dstnat"), by its number: not every version takes the name here."""


@dataclass(frozen=True)
class Passage:
    """The way between `node` at `address` and the node `peer` at `peer_address`.

    Fronts speak TLS on `port`; behind them are the gate's port `database` and the peer port `questions`.
    """

    node: str
    address: str
    peer: str
    peer_address: str
    port: int
    database: int
    questions: int


def of(node: Node, peer: Node, ports: Ports) -> Optional[Passage]:
    """Return the passage between `node` and `peer`, or None where the settings have no port for one (0)."""
    if not ports.between:
        return None
    places = (node.name, node.address, peer.name, peer.address)
    return Passage(*places, ports.between, ports.database, ports.peer)


def rules(passage: Passage) -> str:
    """Return nft's rules by which what this node has for the other one's plain ports comes to the front.

    The doors' port is the front's and not the database's, at which H2 itself is shut to all but the gate.
    """
    ways = ((passage.database, DATABASE_DOOR), (passage.questions, PEER_DOOR))
    led = "".join(
        f"    ip daddr {passage.peer_address} tcp dport {port} dnat to {door}:{passage.port}\n" for port, door in ways
    )
    return f"""\
table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  chain away {{
    type nat hook output priority {_DSTNAT}; policy accept;
{led}  }}
}}
"""


@dataclass(frozen=True)
class Place:
    """Where a front's files stand on this host; all are root's own."""

    paths: Paths

    @property
    def pem(self) -> Path:
        """This node's certificate and its key."""
        return self.paths.etc / "between/node.pem"

    @property
    def authority(self) -> Path:
        """The certificate of the pair's authority."""
        return self.paths.etc / "between/authority.pem"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.paths.etc / "between/front.cfg"

    @property
    def rules(self) -> Path:
        """The kernel's rules."""
        return self.paths.etc / "between/front.nft"

    @property
    def applied(self) -> Path:
        """The hash of what the running front was started with."""
        return self.paths.etc / "between/applied"
