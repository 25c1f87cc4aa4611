"""What must hold between the fields of a cluster file: one pure function a rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from muster.aws_names import region_of
from muster.spec.faults import Location
from muster.spec.model import Cluster
from muster.spec.planning import MOST_ZONES


@dataclass(frozen=True)
class Finding:
    """A broken rule: the field to change, what is wrong, and the other fields from which the rule knows it."""

    field: Location
    what: str
    also: tuple[Location, ...] = ()


def zones_of_the_region(cluster: Cluster) -> Iterator[Finding]:
    """Demand zones of the cluster's region."""
    for name, node in cluster.nodes.items():
        if region_of(node.zone) != cluster.region:
            what = (
                f"got '{node.zone}', which is not in the region {cluster.region}, want a zone such as {cluster.region}a"
            )
            yield Finding(("nodes", name, "zone"), what, (("region",),))


def as_many_nodes_as_the_product_has(cluster: Cluster) -> Iterator[Finding]:
    """Demand a number of nodes that the product can form a cluster of."""
    allowed = cluster.about.nodes
    if len(cluster.nodes) not in allowed:
        want = f"{allowed[0]}" if len(allowed) == 1 else f"{allowed[0]} to {allowed[-1]}"
        yield Finding(("nodes",), f"got {len(cluster.nodes)}, want {want} nodes for {cluster.product}", (("product",),))


def zones_for_the_balancer(cluster: Cluster) -> Iterator[Finding]:
    """Demand two zones, which an Application Load Balancer needs, and at most the plan's eight."""
    zones = {node.zone for node in cluster.nodes.values()}
    if len(cluster.nodes) > 1 and not 2 <= len(zones) <= MOST_ZONES:
        what = (
            f"got nodes in {len(zones)} zone{'s'[: len(zones) != 1]}, want 2 to {MOST_ZONES} (the balancer needs two)"
        )
        yield Finding(("nodes",), what)


def node_names_that_differ(cluster: Cluster) -> Iterator[Finding]:
    """Demand node names that differ by more than hyphens, which names of stack outputs cannot have."""
    seen: dict[str, str] = {}
    for name in sorted(cluster.nodes):
        plain = name.replace("-", "")
        if plain in seen:
            yield Finding(("nodes", name), f"differs from '{seen[plain]}' only by hyphens, want another name")
        seen.setdefault(plain, name)


def ports_that_differ(cluster: Cluster) -> Iterator[Finding]:
    """Demand different ports: all listen on one address."""
    seen: dict[int, str] = {}
    for port in cluster.about.ports(cluster):
        if port.number in seen:
            what = f"got {port.number}, which is also {seen[port.number]}, want a port of its own"
            yield Finding(_location(port.field), what, (_location(seen[port.number]),))
        seen.setdefault(port.number, port.field)


def certificate_of_the_region(cluster: Cluster) -> Iterator[Finding]:
    """Demand a certificate of the balancer's own region: it takes no other."""
    if cluster.balancer.certificate is None:
        return
    region = cluster.balancer.certificate.split(":")[3]
    if region != cluster.region:
        what = f"got a certificate in '{region}', want one in the region {cluster.region}"
        yield Finding(("balancer", "certificate"), what, (("region",),))


def java_of_the_system(cluster: Cluster) -> Iterator[Finding]:
    """Demand a Java that the product runs with and the operating system packages."""
    allowed = cluster.about.java[cluster.instance.os]
    if cluster.instance.java not in allowed:
        want = " or ".join(str(each) for each in allowed)
        where = f"{cluster.product} does not run on {cluster.instance.os}"
        what = f"got {cluster.instance.java}, with which {where}, want {want}"
        yield Finding(("instance", "java"), what, (("instance", "os"), ("product",)))


RULES: Final = (
    zones_of_the_region,
    as_many_nodes_as_the_product_has,
    zones_for_the_balancer,
    node_names_that_differ,
    ports_that_differ,
    certificate_of_the_region,
    java_of_the_system,
)


def findings(cluster: Cluster) -> Iterator[Finding]:
    """Yield what every rule has to say about `cluster`."""
    for rule in RULES:
        yield from rule(cluster)


def _location(field: str) -> Location:
    return tuple(field.split("."))
