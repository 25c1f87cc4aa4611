"""What must hold between the fields about Kaazing Gateway: one pure function a rule.

Gateways are strict virtual hosts: what a user asks for by another name than the services' own is answered with 404.
"""

from collections.abc import Iterator
from typing import Final

from muster.products.kaazing import Kaazing
from muster.spec.finding import Finding
from muster.spec.model import Cluster

_HOST: Final = ("kaazing", "host")
_DOMAIN: Final = ("balancer", "domain")
_NAME: Final = (*_DOMAIN, "name")


def _of(cluster: Cluster) -> Kaazing | None:
    own = getattr(cluster, cluster.about.field)
    return own if isinstance(own, Kaazing) else None


def a_name_by_which_users_come(cluster: Cluster) -> Iterator[Finding]:
    """Demand the public name of the services, by the block or by the balancer's domain."""
    own = _of(cluster)
    if own and own.host is None and cluster.balancer.domain is None:
        what = "is missing, and the gateway answers 404 to a request for any other host than its services'"
        want = "want the public name that users' URIs have such as gateway.example.org, or balancer.domain"
        yield Finding(_HOST, f"{what}, {want}", (_DOMAIN,))


def one_name_by_which_users_come(cluster: Cluster) -> Iterator[Finding]:
    """Demand no other name in Route 53 than the one to which the gateways answer."""
    own, domain = _of(cluster), cluster.balancer.domain
    if own and own.host and domain and own.host != domain.name:
        what = f"got '{own.host}', but balancer.domain.name is '{domain.name}', to which the gateway would answer 404"
        yield Finding(_HOST, f"{what}, want one name for both, or no kaazing.host", (_NAME,))


def a_cookie_that_somebody_sets(cluster: Cluster) -> Iterator[Finding]:
    """Demand the balancer's own cookie: gateways set none, and a session of the HTTP emulation is on one of them."""
    cookie = cluster.balancer.stickiness.cookie
    if _of(cluster) and cookie != "balancer":
        what = f"got '{cookie}', but gateways set no cookie"
        why = "and answer 404 to a session of the HTTP emulation on another"
        yield Finding(("balancer", "stickiness", "cookie"), f"{what}, {why}, want balancer", (("product",),))


KAAZING_RULES: Final = (
    a_name_by_which_users_come,
    one_name_by_which_users_come,
    a_cookie_that_somebody_sets,
)
