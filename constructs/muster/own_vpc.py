"""A VPC of the cluster's own: subnets by the plan, and the nodes' way out."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

from muster.acknowledgements import HIPAA, NIST, PCI, ZONES, acknowledge, acknowledge_in
from muster.listeners import listening
from muster.network_acls import Guarded, NetworkAcls
from muster.place import Place
from muster.spec import Cluster, Plan, ZonePlan


def own_vpc(scope: Construct, *, cluster: Cluster, plan: Plan) -> Place:
    """Make the VPC below `scope`. Construct ids hold the zone's name, so that a zone that comes or goes moves no other.

    Nodes have private subnets. The balancer has others: public ones (edges) exactly if it faces the internet. Each kind
    of subnets has a network ACL.
    """
    acknowledge(scope, "CloudFormation-Validate::W3010", ZONES)
    vpc = ec2.Vpc(
        scope,
        "Vpc",
        ip_addresses=ec2.IpAddresses.cidr(plan.cidr),
        availability_zones=[zone.zone for zone in plan.zones],
        subnet_configuration=[],
        restrict_default_security_group=False,  # it would bring a Lambda function; nothing uses that group
    )
    acknowledge_in(
        vpc,
        (NIST, PCI, HIPAA),
        "VPCDefaultSecurityGroupClosed",
        "nothing is in the VPC's default group; CloudFormation closes it only by a Lambda function of one's own",
    )
    edges = _edges(scope, vpc, _edge_zones(cluster, plan))
    nodes = {zone.zone: _private(scope, vpc, f"Nodes-{zone.zone}", zone.zone, zone.node_subnet) for zone in plan.zones}
    ready = _ways_out(cluster, edges, nodes)
    inner = {}
    if cluster.balancer.scheme == "internal":
        inner = {
            zone.zone: _private(scope, vpc, f"Balancer-{zone.zone}", zone.zone, zone.balancer_subnet)
            for zone in plan.zones
        }
    acls = NetworkAcls(
        scope,
        "Acls",
        cluster=cluster,
        vpc=vpc,
        cidr=plan.cidr,
        listening=listening(cluster),
        subnets=Guarded(nodes=nodes, inner=inner, edges=edges),
    )
    balancer = [(inner or edges)[zone.zone] for zone in plan.zones]
    tables = [subnet.route_table.route_table_id for subnet in nodes.values()]
    return Place(vpc, plan.cidr, nodes, balancer, tables, ready, shared=False, acls=acls)


def _edge_zones(cluster: Cluster, plan: Plan) -> Sequence[ZonePlan]:
    """Return the zones with an edge. One NAT gateway lies in the zone of the lowest number: a new zone moves it not."""
    if cluster.balancer.scheme == "internet-facing" or cluster.network.egress == "nat-per-zone":
        return plan.zones
    return plan.zones[:1] if cluster.network.egress == "nat" else ()


def _edges(scope: Construct, vpc: ec2.Vpc, zones: Sequence[ZonePlan]) -> dict[str, ec2.PublicSubnet]:
    if not zones:
        return {}
    gateway = ec2.CfnInternetGateway(scope, "InternetGateway")
    attachment = ec2.CfnVPCGatewayAttachment(
        scope, "InternetGatewayAttachment", vpc_id=vpc.vpc_id, internet_gateway_id=gateway.ref
    )
    edges = {}
    for zone in zones:
        edge = ec2.PublicSubnet(
            scope,
            f"Edge-{zone.zone}",
            vpc_id=vpc.vpc_id,
            availability_zone=zone.zone,
            cidr_block=zone.edge_subnet,
            map_public_ip_on_launch=False,
        )
        edge.add_default_internet_route(gateway.ref, attachment)
        acknowledge_in(
            edge,
            (NIST, PCI, HIPAA),
            "VPCNoUnrestrictedRouteToIGW",
            "only NAT gateways and a balancer that faces the internet lie here; no node's subnet has this route",
        )
        edges[zone.zone] = edge
    return edges


def _ways_out(
    cluster: Cluster, edges: Mapping[str, ec2.PublicSubnet], nodes: Mapping[str, ec2.PrivateSubnet]
) -> Sequence[IDependable]:
    """Route each node subnet to a NAT gateway, its own zone's if each has one; return those routes."""
    if cluster.network.egress not in ("nat", "nat-per-zone"):
        return []
    zones = list(edges) if cluster.network.egress == "nat-per-zone" else list(edges)[:1]
    gateways = {zone: edges[zone].add_nat_gateway() for zone in zones}
    for zone, subnet in nodes.items():
        subnet.add_default_nat_route(gateways.get(zone, gateways[zones[0]]).ref)
    return [subnet.internet_connectivity_established for subnet in nodes.values()]


def _private(scope: Construct, vpc: ec2.Vpc, name: str, zone: str, cidr: str) -> ec2.PrivateSubnet:
    return ec2.PrivateSubnet(scope, name, vpc_id=vpc.vpc_id, availability_zone=zone, cidr_block=cidr)
