"""What must hold between the fields about networks: one pure function a rule."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from muster.addresses import usable
from muster.aws_names import region_of
from muster.checking import shown
from muster.spec.faults import Location
from muster.spec.finding import Finding
from muster.spec.model import Cluster, ExistingVpc, Subnet
from muster.spec.network import GATEWAY_ENDPOINTS
from muster.spec.node_rules import outside

_VPC: Final = ("network", "vpc")
_EGRESS: Final = ("network", "egress")

SMALLEST_FOR_A_BALANCER: Final = 27
"""Prefix length of the smallest subnet for an ALB (Elastic Load Balancing, "Subnets for your load balancer")."""


def own_range_or_existing_vpc(cluster: Cluster) -> Iterator[Finding]:
    """Demand no range for a VPC of the cluster's own beside an existing one."""
    if cluster.network.vpc and "cidr" in cluster.network.model_fields_set:
        what = (
            f"got '{cluster.network.cidr}', which is for a VPC of the cluster's own, want it or network.vpc, not both"
        )
        yield Finding(("network", "cidr"), what, (_VPC,))


def egress_that_the_vpc_can_have(cluster: Cluster) -> Iterator[Finding]:
    """Demand a way to AWS from an own VPC, and nothing that would have to be made in an existing one."""
    egress = cluster.network.egress
    if cluster.network.vpc is None and egress == "none":
        what = "got 'none', with which nodes in a VPC of the cluster's own never reach AWS"
        yield Finding(_EGRESS, f"{what}, want nat, nat-per-zone or endpoints", (_VPC,))
    if cluster.network.vpc and egress == "nat-per-zone":
        what = "got 'nat-per-zone', but no NAT gateway is made in an existing VPC"
        yield Finding(_EGRESS, f"{what}, want nat, endpoints or none", (_VPC,))


def egress_that_the_system_can_use(cluster: Cluster) -> Iterator[Finding]:
    """Demand a way to the packages: Amazon Linux has them in S3 of the region, Debian on mirrors in the internet."""
    egress, system = cluster.network.egress, cluster.instance.os
    if system == "debian-12" and egress in {"endpoints", "none"}:
        what = f"got '{egress}', without a way to the mirrors of {system}"
        yield Finding(_EGRESS, f"{what}, want nat, or instance.os: amazon-linux-2023", (("instance", "os"),))


def addresses_with_an_existing_vpc_alone(cluster: Cluster) -> Iterator[Finding]:
    """Demand each node's address in an existing VPC, whose other users Muster does not know, and nowhere else."""
    for name, node in cluster.nodes.items():
        field = ("nodes", name, "address")
        if cluster.network.vpc and node.address is None:
            what = "is missing, want an unused address of the zone's node subnet (network.vpc is an existing one)"
            yield Finding(field, what, (_VPC,))
        if not cluster.network.vpc and node.address is not None:
            what = f"got '{node.address}', but Muster chooses the addresses in a VPC of the cluster's own, want none"
            yield Finding(field, what, (_VPC,))


def addresses_of_the_node_subnets(cluster: Cluster) -> Iterator[Finding]:
    """Demand addresses that EC2 would give to a machine in the node's subnet."""
    zones = cluster.network.vpc.zones if cluster.network.vpc else {}
    for name, node in cluster.nodes.items():
        if node.address is None or node.zone not in zones:
            continue
        subnet = zones[node.zone].nodes.cidr
        if not usable(node.address, subnet):
            what = f"got '{node.address}', want one of {subnet}, but for the first four and the last (AWS keeps them)"
            yield Finding(("nodes", name, "address"), what, (("nodes", name, "zone"), (*_VPC, "zones")))


def addresses_that_differ(cluster: Cluster) -> Iterator[Finding]:
    """Demand an address of its own for each node."""
    seen: dict[str, str] = {}
    for name, node in cluster.nodes.items():
        if node.address is None:
            continue
        if node.address in seen:
            what = f"got '{node.address}', which is also that of node {seen[node.address]}, want another"
            yield Finding(("nodes", name, "address"), what, (("nodes", seen[node.address], "address"),))
        seen.setdefault(node.address, name)


def described_zones(cluster: Cluster) -> Iterator[Finding]:
    """Demand subnets in every zone of a node, all in the region, and two zones for the balancer."""
    vpc, field = cluster.network.vpc, (*_VPC, "zones")
    if vpc is None:
        return
    for zone in vpc.zones:
        if region_of(zone) != cluster.region:
            yield Finding((*field, zone), outside(zone, cluster.region), (("region",),))
    for zone in sorted({node.zone for node in cluster.nodes.values()} - set(vpc.zones)):
        what = f"has no {zone}, in which a node is, want its subnets: {{nodes: ..., balancer: ...}}"
        yield Finding(field, what, (("nodes",),))
    if len(vpc.zones) < 2:
        yield Finding(field, f"got {len(vpc.zones)}, want two at least (the balancer needs two)")


def subnets_that_fit(cluster: Cluster) -> Iterator[Finding]:
    """Demand subnets inside the VPC that share no address and no id, and balancer subnets of the size it needs."""
    vpc = cluster.network.vpc
    if vpc is None:
        return
    whole = IPv4Network(vpc.cidr)
    seen: list[tuple[Location, Subnet]] = []
    for field, subnet in _subnets(vpc):
        cidr = (*field, "cidr")
        if not IPv4Network(subnet.cidr).subnet_of(whole):
            what = f"got '{subnet.cidr}', which is not inside the VPC's {whole}, want a part of it"
            yield Finding(cidr, what, ((*_VPC, "cidr"),))
        if field[-1] == "balancer" and IPv4Network(subnet.cidr).prefixlen > SMALLEST_FOR_A_BALANCER:
            yield Finding(cidr, f"got '{subnet.cidr}', want /{SMALLEST_FOR_A_BALANCER} or larger for the balancer")
        for other_field, other in seen:
            yield from _shared(field, subnet, other_field, other)
        seen.append((field, subnet))


def _subnets(vpc: ExistingVpc) -> Iterator[tuple[Location, Subnet]]:
    for name, zone in vpc.zones.items():
        yield (*_VPC, "zones", name, "nodes"), zone.nodes
        yield (*_VPC, "zones", name, "balancer"), zone.balancer


def _shared(field: Location, subnet: Subnet, other_field: Location, other: Subnet) -> Iterator[Finding]:
    where = ".".join(other_field)
    if subnet.id == other.id:
        what = f"got '{subnet.id}', which is also {where}.id, want a subnet of its own"
        yield Finding((*field, "id"), what, ((*other_field, "id"),))
    if IPv4Network(subnet.cidr).overlaps(IPv4Network(other.cidr)):
        what = f"got '{subnet.cidr}', which overlaps '{other.cidr}' of {where}, want a range of its own"
        yield Finding((*field, "cidr"), what, ((*other_field, "cidr"),))


def endpoints_with_their_route_tables(cluster: Cluster) -> Iterator[Finding]:
    """Demand route tables for endpoints that are routes, and for nothing else; each endpoint and table once."""
    vpc = cluster.network.vpc
    if vpc is None:
        return
    endpoints, tables = (*_VPC, "endpoints"), (*_VPC, "route_tables")
    routed = [name for name in vpc.endpoints if name in GATEWAY_ENDPOINTS]
    if routed and not vpc.route_tables:
        what = f"is missing, want the route tables of the node subnets for the endpoint {routed[0]}"
        yield Finding(tables, what, (endpoints,))
    if vpc.route_tables and not routed:
        what = f"is for the endpoints {' and '.join(GATEWAY_ENDPOINTS)}, none of which is asked for, want none"
        yield Finding(tables, what, (endpoints,))
    yield from twice(endpoints, vpc.endpoints)
    yield from twice(tables, vpc.route_tables)


def twice(field: Location, values: tuple[str | int, ...]) -> Iterator[Finding]:
    """Yield each of the list's values that stands there already."""
    for place, value in enumerate(values):
        if value in values[:place]:
            yield Finding((*field, str(place)), f"got {shown(value)} twice, want it once")


NETWORK_RULES: Final = (
    own_range_or_existing_vpc,
    egress_that_the_vpc_can_have,
    egress_that_the_system_can_use,
    addresses_with_an_existing_vpc_alone,
    addresses_of_the_node_subnets,
    addresses_that_differ,
    described_zones,
    subnets_that_fit,
    endpoints_with_their_route_tables,
)
