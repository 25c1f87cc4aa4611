"""What must hold between the cluster and what it reaches outside of it, by its file: one pure function a rule."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from muster.jdbc import hosts_of
from muster.products.axonivy import AxonIvy
from muster.products.wso2_as import Wso2As, host
from muster.products.wso2_as_fields import host_of
from muster.products.wso2_members import Wso2Members
from muster.spec.faults import Location
from muster.spec.finding import Finding
from muster.spec.model import Cluster
from muster.spec.network_rules import twice

_NETWORK: Final = ("network",)


def hosts_that_are_elsewhere(cluster: Cluster) -> Iterator[Finding]:
    """Demand addresses at which another machine can be: a VPC of the cluster's own holds the cluster alone."""
    network = cluster.network
    nodes = {node.address: name for name, node in cluster.nodes.items() if node.address}
    for field, told in _outside(cluster):
        if not re.fullmatch(r"[0-9.]+", told):
            continue
        if network.vpc is None and IPv4Address(told) in IPv4Network(network.cidr):
            what = f"leads to {told} in {network.cidr}, the VPC of the cluster's own, in which there is nothing else"
            yield Finding(field, f"{what}, want one outside of it, or network.vpc: the VPC in which it is", (_NETWORK,))
        elif told in nodes:
            what = f"leads to {told}, which is the node {nodes[told]}, want another machine's"
            yield Finding(field, what, (("nodes", nodes[told], "address"),))


def hosts_of_other_names_than_the_clusters(cluster: Cluster) -> Iterator[Finding]:
    """Demand other names than those that nodes of WSO2 AS have for themselves in their files of hosts."""
    own = getattr(cluster, cluster.about.field)
    if not isinstance(own, Wso2As):
        return
    for field, told in _outside(cluster):
        if told.lower() in {own.management, host(cluster)}:
            what = f"leads to {told.lower()}, by which nodes of this cluster reach each other, want another name"
            yield Finding(field, what, (("wso2as", "management"), ("wso2as", "host"), ("balancer", "domain")))


def _outside(cluster: Cluster) -> Iterator[tuple[Location, str]]:
    """Yield each field that names a host outside, with that host; several of one field one by one."""
    name = cluster.about.field
    own = getattr(cluster, name)
    if isinstance(own, Wso2Members) and own.proxy:
        yield (name, "proxy", "host"), own.proxy.host
    if isinstance(own, Wso2As) and own.artifacts:
        yield (name, "artifacts", "url"), host_of(own.artifacts.url)
    database = own.database if isinstance(own, Wso2As | AxonIvy) else None
    for told in hosts_of(database.url) if database and database.url else ():
        yield (name, "database", "url"), told


def ports_outside_once(cluster: Cluster) -> Iterator[Finding]:
    """Demand each port outside once."""
    yield from twice((cluster.about.field, "outside"), _ports(cluster))


def ports_outside_to_which_a_way_leads(cluster: Cluster) -> Iterator[Finding]:
    """Demand a way out of a VPC of the cluster's own: no endpoint leads to what is outside.

    Of Axon.ivy a rule about its database refuses such a VPC whatever the ports.
    """
    ports = () if cluster.product == "axonivy" else _ports(cluster)
    if ports and cluster.network.vpc is None and cluster.network.egress == "endpoints":
        what = "is for what no node of a VPC of the cluster's own reaches by endpoints"
        want = "want none, network.egress: nat or nat-per-zone, or network.vpc: a VPC with a way there"
        yield Finding((cluster.about.field, "outside"), f"{what}, {want}", (("network", "egress"), ("network", "vpc")))


def _ports(cluster: Cluster) -> tuple[int, ...]:
    ports: tuple[int, ...] = getattr(getattr(cluster, cluster.about.field), "outside", ())
    return ports


OUTSIDE_RULES: Final = (
    hosts_that_are_elsewhere,
    hosts_of_other_names_than_the_clusters,
    ports_outside_once,
    ports_outside_to_which_a_way_leads,
)
