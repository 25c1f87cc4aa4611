"""The ports on which the balancer's requests reach a product, by what it speaks to nodes."""

from typing import TYPE_CHECKING, Final

from muster.products.product import Port, Reach

if TYPE_CHECKING:
    from muster.spec.model import Cluster

TLS: Final = "tls"
"""The port of the TLS front that a node has before a product which speaks plain HTTP."""


def users_ports(cluster: "Cluster", plain: Port, tls_port: int) -> tuple[Port, ...]:
    """Return the product's own port, and with `balancer.to_nodes: https` the front's, which then is the one reached."""
    if not https(cluster):
        return (Port(plain.name, plain.number, plain.field, Reach.BALANCER),)
    own = Port(plain.name, plain.number, plain.field, Reach.NOBODY)
    return own, Port(TLS, tls_port, f"{cluster.about.field}.tls_port", Reach.BALANCER)


def https(cluster: "Cluster") -> bool:
    """Return whether the balancer speaks HTTPS to the nodes of `cluster`."""
    return cluster.balancer.to_nodes == "https"


def plainly(cluster: "Cluster") -> "Cluster":
    """Return `cluster` as it is with `balancer.to_nodes: http`."""
    return _speaking(cluster, "http")


def encrypted(cluster: "Cluster") -> "Cluster":
    """Return `cluster` as it is with `balancer.to_nodes: https`."""
    return _speaking(cluster, "https")


def _speaking(cluster: "Cluster", protocol: str) -> "Cluster":
    balancer = cluster.balancer.model_copy(update={"to_nodes": protocol})
    return cluster.model_copy(update={"balancer": balancer})
