"""Host names by which a balancer tells groups of nodes apart. Data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HostRoute:
    """Requests for `host` reach the nodes called `nodes`.

    `clients` are the networks (CIDRs) from which alone they are taken; none: whoever reaches the balancer. `path` is
    where somebody who comes by that name begins.
    """

    host: str
    nodes: tuple[str, ...]
    clients: tuple[str, ...] = ()
    path: str = ""


@dataclass(frozen=True)
class Hosts:
    """The users' host name and the one of management; a request for any other is refused.

    `secure` is the balancer's port for both, by HTTPS; whoever comes to `plain` is sent there.
    """

    users: HostRoute
    management: HostRoute
    plain: int
    secure: int
