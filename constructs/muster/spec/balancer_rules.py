"""What must hold between the fields about the balancer: one pure function a rule."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from muster.spec.finding import Finding
from muster.spec.model import Cluster

_ADMIN: Final = ("balancer", "admin")
_CERTIFICATE: Final = ("balancer", "certificate")
_TO_NODES: Final = ("balancer", "to_nodes")

WIDEST: Final = 8
"""Prefix length of the largest private network there is (RFC 1918)."""

USERS_PORTS: Final = (80, 443)
LONGEST_ADMIN_PATH: Final = 126
"""A listener rule's path pattern has at most 128 characters, and the one for what lies below ends with `/*`."""


def tls_policy_with_a_certificate_alone(cluster: Cluster) -> Iterator[Finding]:
    """Demand a certificate where a policy for TLS is chosen: without one there is no TLS."""
    if "tls_policy" in cluster.balancer.model_fields_set and cluster.balancer.certificate is None:
        what = "is for HTTPS, which needs balancer.certificate, want a certificate or no policy"
        yield Finding(("balancer", "tls_policy"), what, (_CERTIFICATE,))


def clients_of_an_internal_balancer(cluster: Cluster) -> Iterator[Finding]:
    """Demand named networks for an internal balancer."""
    for place, network in enumerate(cluster.balancer.clients):
        if cluster.balancer.scheme == "internal" and (too_wide := wide(network)):
            what = f"got '{network}', {too_wide}, for an internal balancer, want the networks of its users"
            yield Finding(("balancer", "clients", str(place)), what, (("balancer", "scheme"),))


def wide(network: str) -> str | None:
    """Return how `network` (CIDR) is more than any network of somebody's own, or None: two halves are everyone."""
    length = IPv4Network(network).prefixlen
    if length == 0:
        return "which is everyone"
    return f"which is wider than /{WIDEST}" if length < WIDEST else None


def clients_that_do_not_overlap(cluster: Cluster) -> Iterator[Finding]:
    """Demand each client network once: two rules for one address are one too many."""
    clients = cluster.balancer.clients
    for place, network in enumerate(clients):
        other = next((each for each in clients[:place] if IPv4Network(network).overlaps(IPv4Network(each))), None)
        if other:
            field = ("balancer", "clients", str(place))
            what = f"got '{network}', which overlaps '{other}', want networks that do not overlap"
            yield Finding(field, what, (("balancer", "clients"),))


def admin_route_of_a_product_with_administration(cluster: Cluster) -> Iterator[Finding]:
    """Demand an admin route only where the product has requests of that kind."""
    if cluster.balancer.admin and cluster.about.admin is None:
        yield Finding(_ADMIN, f"is not for {cluster.product}, which has no admin path, want none", (("product",),))


def admin_route_with_its_own_fields(cluster: Cluster) -> Iterator[Finding]:
    """Demand the host name for the route by host and the port for the route by port, and neither elsewhere."""
    admin = cluster.balancer.admin
    if admin is None:
        return
    wants = {"host": "a host name such as admin.example.org", "port": "a port such as 8443"}
    for name, value in (("host", admin.host), ("port", admin.port)):
        field, route = (*_ADMIN, name), ((*_ADMIN, "route"),)
        if value is None and admin.route == name:
            yield Finding(field, f"is missing, want {wants[name]} (the route is by {name})", route)
        if value is not None and admin.route != name:
            yield Finding(field, f"is for the route by {name}, but the route is by {admin.route}, want none", route)


def admin_route_apart_from_users(cluster: Cluster) -> Iterator[Finding]:
    """Demand an admin route that takes none of the users' requests."""
    admin, domain = cluster.balancer.admin, cluster.balancer.domain
    if admin is None:
        return
    if admin.port in USERS_PORTS:
        what = f"got {admin.port}, on which users come, want another port such as 8443"
        yield Finding((*_ADMIN, "port"), what)
    if admin.host and domain and admin.host == domain.name:
        what = f"got '{admin.host}', which is also balancer.domain.name, want a host name of its own"
        yield Finding((*_ADMIN, "host"), what, (("balancer", "domain"),))
    if cluster.about.admin:
        yield from _admin_path(cluster.about.admin(cluster), admin.route, cluster.product)
    if cluster.about.admin and cluster.about.users:
        yield from _users_path(cluster.about.users(cluster), cluster.about.admin(cluster), cluster.product)


def _admin_path(path: str, route: str, product: str) -> Iterator[Finding]:
    """Whatever the route: by host and by port the users' name answers 404 to what lies below the admin path."""
    field, also = (*_ADMIN, "route"), ((product,),)
    if path == "/":
        yield Finding(field, f"got '{route}', but the admin path / takes every request, want a longer one", also)
    if len(path) > LONGEST_ADMIN_PATH:
        what = f"got '{route}', but the admin path is longer than {LONGEST_ADMIN_PATH} characters, want a shorter one"
        yield Finding(field, what, also)


def _users_path(users: str, admin: str, product: str) -> Iterator[Finding]:
    if admin != "/" and f"{users}/".startswith(f"{admin}/"):
        what = f"takes users' requests, as their path {users} is or lies below the admin path {admin}, want them apart"
        yield Finding(_ADMIN, what, ((product,),))


def https_to_nodes_that_speak_nothing_else(cluster: Cluster) -> Iterator[Finding]:
    """Demand HTTPS to nodes of a product that answers plain HTTP by a redirect to HTTPS."""
    about = cluster.about
    if about.serving == about.secured and cluster.balancer.to_nodes == "http":
        what = f"got 'http', to which {cluster.product} answers with a redirect to HTTPS, want https"
        yield Finding(_TO_NODES, what, (("product",),))


BALANCER_RULES: Final = (
    tls_policy_with_a_certificate_alone,
    clients_of_an_internal_balancer,
    clients_that_do_not_overlap,
    admin_route_of_a_product_with_administration,
    admin_route_with_its_own_fields,
    admin_route_apart_from_users,
    https_to_nodes_that_speak_nothing_else,
)
