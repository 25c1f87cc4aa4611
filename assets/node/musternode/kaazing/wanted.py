"""What one gateway is to say of itself: its place in the cluster, and the public name that it answers to.

Every value is checked when a `Wanted` is made, because the gateway says of most only that it cannot start.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Tuple

from ..failure import Failure

PLAIN, SECURE = 80, 443
"""Ports of the balancer: at another one it would put the port into the Host header, which the gateway compares."""
SHORTEST, LONGEST = 10, 4000
"""Seconds after which a balancer may end a quiet connection; a gateway cannot ping more often than every 3 s."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")


@dataclass(frozen=True)
class Wanted:
    """One gateway of a cluster: `address` is its own, `members` are those of all, its own too.

    `cluster` is the cluster's name. Members meet at `member_port`. Users reach `host`, the balancer's DNS name, at
    `public_port` (80, or 443 with TLS that ends there); all services listen at `http_port` of the node. The balancer
    ends a connection that is quiet for `idle` seconds. Raises `Failure` for a value that no gateway can work with.
    """

    cluster: str
    address: str
    members: Tuple[str, ...]
    member_port: int
    host: str
    public_port: int
    http_port: int
    idle: int

    def __post_init__(self) -> None:
        _check_name(self.cluster)
        _check_members(self.address, self.members)
        _check_ports(self.member_port, self.http_port)
        if not _HOST.fullmatch(self.host.lower()) or len(self.host) > 253:
            raise Failure(f"the balancer's name is {self.host!r}, which is no DNS name")
        if self.public_port not in {PLAIN, SECURE}:
            raise Failure(f"the balancer's port is {self.public_port}; a gateway's users come by {PLAIN} or {SECURE}")
        if not SHORTEST <= self.idle <= LONGEST:
            raise Failure(f"the idle time is {self.idle} s; it is within {SHORTEST} and {LONGEST}")

    @property
    def secure(self) -> bool:
        """Whether users speak TLS, which the balancer ends."""
        return self.public_port == SECURE


def _check_name(name: str) -> None:
    """Refuse what the gateway cannot read: it puts the file's text into another file as it is, without escapes."""
    if not name or name != " ".join(name.split()) or not name.isprintable():
        raise Failure(f"the gateway cluster's name is {name!r}; printable characters are needed, and single blanks")
    if re.search("[<>&]|[$][{]", name):
        raise Failure(f"the gateway cluster's name is {name!r}; a gateway cannot read <, >, & and ${{ in it")


def _check_members(own: str, members: Tuple[str, ...]) -> None:
    for address in (own, *members):
        _check_address(address)
    doubles = sorted({address for address in members if members.count(address) > 1})
    if doubles:
        raise Failure(f"two members have the address {doubles[0]}; each needs its own")
    if own not in members:
        raise Failure(f"this node's address {own} is not among the members' ({', '.join(members) or 'none'})")


def _check_address(text: str) -> None:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise Failure(f"a member's address is {text!r}; gateways meet at literal IPv4 addresses alone") from None
    if address.is_multicast:
        raise Failure(f"a member's address is {text}, a multicast group, and a VPC has none: name the members' own")
    if address.is_unspecified or address.is_loopback or address.is_link_local or address.is_reserved:
        raise Failure(f"a member's address is {text}, at which no other member reaches it")


def _check_ports(member: int, http: int) -> None:
    for port in (member, http):
        if not 1 <= port <= 65535:
            raise Failure(f"a gateway's port is {port}; it is within 1 and 65535")
    if member == http:
        raise Failure(f"a gateway's services and its cluster both have port {http}; each needs its own")
