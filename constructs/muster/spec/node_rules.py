"""What must hold between the fields about nodes and instances: one pure function a rule."""

from collections.abc import Iterator, Mapping
from typing import Final

from muster.aws_names import memory, region_of
from muster.fields import OperatingSystem
from muster.spec.finding import Finding, location
from muster.spec.layout import MOST_ZONES
from muster.spec.model import ArtifactFile, Cluster

PACKAGED: Final[Mapping[OperatingSystem, tuple[int, ...]]] = {
    "amazon-linux-2023": (8, 11, 17, 21),
    "debian-12": (17,),
}
"""The versions of Java that an operating system has packages of (of Amazon Linux: Corretto's)."""


def zones_of_the_region(cluster: Cluster) -> Iterator[Finding]:
    """Demand zones of the cluster's region."""
    for name, node in cluster.nodes.items():
        if region_of(node.zone) != cluster.region:
            yield Finding(("nodes", name, "zone"), outside(node.zone, cluster.region), (("region",),))


def outside(zone: str, region: str) -> str:
    """Return the words about a zone of another region."""
    return f"got '{zone}', which is not in the region {region}, want a zone such as {region}a"


def as_many_nodes_as_the_product_has(cluster: Cluster) -> Iterator[Finding]:
    """Demand a number of nodes that the product can form a cluster of."""
    allowed = cluster.about.nodes
    if len(cluster.nodes) not in allowed:
        want = f"{allowed[0]}" if len(allowed) == 1 else f"{allowed[0]} to {allowed[-1]}"
        yield Finding(("nodes",), f"got {len(cluster.nodes)}, want {want} nodes for {cluster.product}", (("product",),))


def a_node_that_is_present(cluster: Cluster) -> Iterator[Finding]:
    """Demand one node that runs: of a pair, the others form the cluster anew from its data."""
    if cluster.nodes and not cluster.present_nodes:
        why = ", whose data the others take" if cluster.about.pair else ""
        yield Finding(("nodes",), f"got no node that is present, want one at least{why}", (("product",),))


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
            yield Finding(location(port.field), what, (location(seen[port.number]),))
        seen.setdefault(port.number, port.field)


def java_of_the_system(cluster: Cluster) -> Iterator[Finding]:
    """Demand a Java that the product runs with and the operating system packages."""
    packaged = PACKAGED[cluster.instance.os]
    allowed = [each for each in cluster.about.java(cluster) if each in packaged]
    if allowed and cluster.instance.java not in allowed:
        want = " or ".join(str(each) for each in allowed)
        where = f"{cluster.product} does not run on {cluster.instance.os}"
        what = f"got {cluster.instance.java}, with which {where}, want {want}"
        yield Finding(("instance", "java"), what, (("instance", "os"), ("product",), (cluster.about.field,)))


def archive_of_the_product(cluster: Cluster) -> Iterator[Finding]:
    """Demand an application's file of the product's kind."""
    wanted, name = cluster.about.archive, cluster.artifact.name
    if not name.endswith(wanted):
        field = "file" if isinstance(cluster.artifact, ArtifactFile) else "s3"
        what = f"got '{name}', want a {wanted} for {cluster.product}"
        yield Finding(("artifact", field), what, (("product",),))


def memory_for_the_product(cluster: Cluster) -> Iterator[Finding]:
    """Demand an instance type with as much memory as the product needs, where the type's name tells it."""
    gibibytes, kind = memory(cluster.instance.type), cluster.instance.type
    needed = cluster.about.memory
    if gibibytes is not None and gibibytes < needed:
        what = f"got '{kind}', which has {gibibytes:g} GiB of memory, want a type with {needed:g} GiB or more"
        yield Finding(("instance", "type"), f"{what} for {cluster.product}", (("product",),))


def architecture_of_an_own_image(cluster: Cluster) -> Iterator[Finding]:
    """Demand an own image that is built for the instance type; of AWS's images Muster takes the right one itself."""
    instance, field = cluster.instance, ("instance", "architecture")
    claimed = instance.architecture_of_image
    if claimed is None:
        return
    if instance.ami is None:
        yield Finding(field, "is for an image of your own (instance.ami), want none without it", (("instance", "ami"),))
    elif claimed != instance.architecture:
        what = f"got '{claimed}', but {instance.type} is {instance.architecture}, want an image and a type that agree"
        yield Finding(field, what, (("instance", "type"),))


NODE_RULES: Final = (
    zones_of_the_region,
    as_many_nodes_as_the_product_has,
    a_node_that_is_present,
    zones_for_the_balancer,
    node_names_that_differ,
    ports_that_differ,
    java_of_the_system,
    archive_of_the_product,
    memory_for_the_product,
    architecture_of_an_own_image,
)
