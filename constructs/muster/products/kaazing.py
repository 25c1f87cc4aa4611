"""Kaazing Gateway: WebSocket gateways that know each other's addresses, behind a balancer.

After Kaazing's "Configure a Cluster", without what EC2 does not carry (multicast) and what would need keys in a file
(`aws://`): each gateway is told the literal addresses of all.
"""

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from muster.checking import checked, whole_number
from muster.fields import Block, Home, HostName, OutsidePorts, UrlPath
from muster.fields import Port as PortNumber
from muster.products.product import Port, Product, Reach
from muster.products.users_ports import TLS, users_ports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from muster.spec.model import Cluster

PLAIN: Final = 80
SECURE: Final = 443
"""The ports on which the balancer answers users, without and with a certificate."""

NAME: Final = "1 to 63 printable characters with single blanks at most between them, without < > & and ${"
_NAME: Final = r"(?!.*\$\{)[!-%'-;=?-~]+( [!-%'-;=?-~]+)*"
_GIVEN: Final = "each gateway is told the addresses of all"


def _name_fault(value: str) -> str | None:
    if re.search("[<>&]|[$][{]", value):
        return "which the gateway cannot read in its own file"
    return None if len(value) <= 63 and re.fullmatch(_NAME, value) else "which is not such"


class Kaazing(Block):
    """By which name users reach the gateways, and how they are a cluster."""

    no_fields: ClassVar["Mapping[str, str]"] = {
        "accept": _GIVEN,
        "connect": _GIVEN,
        "members": _GIVEN,
        "aws": f"aws:// needs keys in the gateway's file, so {_GIVEN}",
        "discovery": f"aws:// needs keys in the gateway's file, so {_GIVEN}",
        "multicast": f"a VPC carries no multicast, so {_GIVEN}",
        "balancer": "a <balancer> would send users to nodes past the load balancer (balancer)",
        "certificate": "TLS ends at the load balancer (balancer.certificate)",
    }

    cluster: Annotated[str, checked(_name_fault, NAME, pattern=f"^(?:{_NAME})$", maxLength=63)] | None = None
    """The name of the gateways' cluster. The default is the cluster's own."""
    host: HostName | None = None
    """The public name that users' URIs have: gateways answer to no other. The default is balancer.domain.name."""
    home: Home = "/opt/kaazing"
    """The product's folder on a node."""
    http_port: PortNumber = 8000
    """The port of a node on which all services listen. Users come to the balancer's 80 or 443."""
    tls_port: PortNumber = 8443
    """The port of a node on which its TLS front takes users' requests, with `balancer.to_nodes: https`."""
    member_port: PortNumber = 5942
    """The port of the gateways among themselves."""
    peer_port: PortNumber = 9181
    """The port on which the nodes tell each other whom they see."""
    readiness_port: PortNumber = 9180
    """The port on which a node tells the balancer whether it is ready."""
    path: UrlPath | None = None
    """The path of the service to which a node opens a WebSocket before it calls itself ready, such as /echo."""
    heartbeat: Annotated[int, whole_number(5, 600, "whole seconds from 5 to 600")] = 60
    """Seconds of silence after which a gateway counts as gone."""
    idle: Annotated[int, whole_number(10, 4000, "whole seconds from 10 to 4000")] = 300
    """Seconds after which the balancer ends a connection on which nothing comes; gateways ping within them."""
    outside: OutsidePorts = ()
    """The TCP ports of what the services reach outside of the cluster, such as a broker's: no other but 443 is open."""


def host(cluster: "Cluster") -> str | None:
    """Return the public name of the services of `cluster`, or None where its file tells none."""
    domain = cluster.balancer.domain
    return cluster.block(Kaazing).host or (domain.name if domain else None)


def public_port(cluster: "Cluster") -> int:
    """Return the port that users' URIs say: 443 where the balancer has a certificate, else 80."""
    return SECURE if cluster.balancer.certificate else PLAIN


def _ports(cluster: "Cluster") -> tuple[Port, ...]:
    own = cluster.block(Kaazing)
    return (
        *users_ports(cluster, Port("http", own.http_port, "kaazing.http_port", Reach.BALANCER), own.tls_port),
        Port("member", own.member_port, "kaazing.member_port", Reach.MEMBERS),
        Port("peer", own.peer_port, "kaazing.peer_port", Reach.MEMBERS),
        Port("readiness", own.readiness_port, "kaazing.readiness_port", Reach.BALANCER),
    )


def _settings(cluster: "Cluster") -> "Mapping[str, str | int]":
    own, name = cluster.block(Kaazing), host(cluster)
    if name is None:
        raise ValueError(f"the public name of {cluster.name} is not known")
    return {
        "home": own.home,
        "cluster": own.cluster or cluster.name,
        "host": name,
        "public_port": public_port(cluster),
        "heartbeat": own.heartbeat,
        "idle": own.idle,
        **({"path": own.path} if own.path else {}),
    }


PRODUCT: Final = Product(
    name="kaazing",
    title="Kaazing Gateway",
    field="kaazing",
    block=Kaazing,
    nodes=range(2, 17),
    java=lambda _: (8, 11, 17),
    # a user of the HTTP emulation has a session on one gateway alone, and no cookie of the gateway's
    defaults=lambda _: {"instance": {"java": 17}, "balancer": {"stickiness": {"cookie": "balancer"}}},
    serving="http",
    secured=TLS,
    readiness="readiness",
    secrets=(),
    ports=_ports,
    settings=_settings,
    ways_out=lambda cluster: cluster.block(Kaazing).outside,
    idle=lambda cluster: cluster.block(Kaazing).idle,
    memory=1,  # the product's own start script asks for a heap of 512 MiB
    example="artifacts/kaazing-gateway-5.6.2.zip",
    archive=".zip",
    start=lambda _: {"host": "gateway.example.org"},
    examples={"cluster": "Gateways", "path": "/echo", "outside": [61616]},
)
