"""AS400Gateway: two workers over one H2 pair, behind a balancer (its Cluster Configuration Guide)."""

from typing import TYPE_CHECKING, Annotated, Literal

from muster.checking import one_of
from muster.fields import Block, Home, OutsidePorts, UrlPath
from muster.fields import Port as PortNumber
from muster.products.product import Port, Product, Reach, Secret
from muster.products.users_ports import TLS, users_ports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from muster.spec.model import Cluster


class As400Gateway(Block):
    """Where the application lies on a node and how it is reached."""

    home: Home = "/opt/as400gateway"
    """The product's folder on a node."""
    port: PortNumber = 8080
    """The port on which the application answers users."""
    tls_port: PortNumber = 8443
    """The port of a node on which its TLS front takes users' requests, with `balancer.to_nodes: https`."""
    readiness_port: PortNumber = 9180
    """The port on which a node tells the balancer whether it is ready."""
    health: UrlPath = "/actuator/health"
    """The path of the application's health."""
    functional: UrlPath = "/api"
    """The path below which users' requests are answered."""
    admin: UrlPath = "/admin"
    """The path below which the application is administered."""
    admin_writes: Annotated[Literal["leader", "any"], one_of("leader", "any")] = "leader"
    """Which node an admin route (balancer.admin) leads to: the one that leads the pair, or any that is ready."""
    outside: OutsidePorts = ()
    """The TCP ports of what the application reaches outside of the cluster, such as an IBM i's; 443 is open."""


def _ports(cluster: "Cluster") -> tuple[Port, ...]:
    own = cluster.block(As400Gateway)
    return (
        *users_ports(cluster, Port("http", own.port, "as400gateway.port", Reach.BALANCER), own.tls_port),
        *_pairs_ports(cluster),
        Port("readiness", own.readiness_port, "as400gateway.readiness_port", Reach.BALANCER),
    )


def _pairs_ports(cluster: "Cluster") -> tuple[Port, ...]:
    """Return the ports of the H2 pair: with `database.tls` the fronts' alone is open to the other node."""
    asked = cluster.database
    plain = Reach.NOBODY if asked.tls else Reach.MEMBERS
    own = (
        Port("database", asked.port, "database.port", plain),
        Port("peer", asked.peer_port, "database.peer_port", plain),
    )
    return (*own, Port("between", asked.tls_port, "database.tls_port", Reach.MEMBERS)) if asked.tls else own


def _settings(cluster: "Cluster") -> "Mapping[str, str]":
    own = cluster.block(As400Gateway)
    return {
        "home": own.home,
        "database": cluster.database.name,
        "health": own.health,
        # without a route nothing tells administration from users' requests: it cannot be led to one node
        "admin_writes": "leader" if _leads(cluster) and cluster.balancer.admin else "any",
    }


def _leads(cluster: "Cluster") -> bool:
    return cluster.block(As400Gateway).admin_writes == "leader"


PRODUCT = Product(
    name="as400gateway",
    title="AS400Gateway",
    field="as400gateway",
    block=As400Gateway,
    nodes=range(2, 3),  # H2's cluster mode is a pair, never more (org.h2.tools.CreateCluster, H2 1.4.199)
    # from 11 on: H2's tools get their passwords in argument files, which Java 8 does not read
    java=lambda _: (11, 17, 21),
    defaults=lambda _: {"instance": {"java": 17}, "balancer": {"stickiness": {"cookie": "JSESSIONID"}}},
    serving="http",
    secured=TLS,
    readiness="readiness",
    secrets=(
        Secret("database_admin", "DatabaseAdmin", "sa", "administrator of the H2 pair, used to form it"),
        Secret("database_application", "DatabaseApplication", "as400gateway", "the application's user of the H2 pair"),
        Secret("peer", "Peer", "peer", "the members' key"),
    ),
    ports=_ports,
    settings=_settings,
    ways_out=lambda cluster: cluster.block(As400Gateway).outside,
    memory=2,  # two Java machines: the application and the H2 server
    example="artifacts/as400-common-api-1.0.0.jar",
    archive=".jar",
    pair=True,
    admin=lambda cluster: cluster.block(As400Gateway).admin,
    leads=_leads,
    users=lambda cluster: cluster.block(As400Gateway).functional,
    start=lambda _: {"home": "/opt/as400gateway"},
    # an IBM i's port mapper, database, remote commands and sign-on, by TLS (IBM's support document 686785)
    examples={"outside": [449, 9471, 9475, 9476]},
)
