"""A VPC of the cluster's own."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.acknowledgements import ZONES, acknowledge
from muster.flow_logs import FlowLogs
from muster.spec import Plan, ZonePlan


class Network(Construct):
    """VPC with the plan's subnets: private ones for nodes, others for the balancer, one NAT gateway as the way out.

    `node_subnets` by zone; `balancer_subnets` are public exactly if `internet_facing`. Construct ids hold the zone's
    name, so that a zone that comes or goes moves no other.
    """

    def __init__(self, scope: Construct, id_: str, *, plan: Plan, internet_facing: bool) -> None:
        super().__init__(scope, id_)
        acknowledge(self, "CloudFormation-Validate::W3010", ZONES)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(plan.cidr),
            availability_zones=[zone.zone for zone in plan.zones],
            subnet_configuration=[],
            restrict_default_security_group=False,  # it would bring a Lambda function; nothing uses that group
        )
        FlowLogs(self, "FlowLogs", vpc=self.vpc)
        edges = self._edges(plan.zones if internet_facing else plan.zones[:1])
        nat = edges[0].add_nat_gateway()
        self.node_subnets: Mapping[str, ec2.PrivateSubnet] = {
            zone.zone: self._private(f"Nodes-{zone.zone}", zone.zone, zone.node_subnet) for zone in plan.zones
        }
        for subnet in self.node_subnets.values():
            subnet.add_default_nat_route(nat.ref)
        self.balancer_subnets: Sequence[ec2.ISubnet] = edges if internet_facing else self._inner(plan.zones)

    def _edges(self, zones: Sequence[ZonePlan]) -> list[ec2.PublicSubnet]:
        gateway = ec2.CfnInternetGateway(self, "InternetGateway")
        attachment = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=self.vpc.vpc_id, internet_gateway_id=gateway.ref
        )
        edges = []
        for zone in zones:
            edge = ec2.PublicSubnet(
                self,
                f"Edge-{zone.zone}",
                vpc_id=self.vpc.vpc_id,
                availability_zone=zone.zone,
                cidr_block=zone.edge_subnet,
                map_public_ip_on_launch=False,
            )
            edge.add_default_internet_route(gateway.ref, attachment)
            edges.append(edge)
        return edges

    def _inner(self, zones: Sequence[ZonePlan]) -> list[ec2.PrivateSubnet]:
        return [self._private(f"Balancer-{zone.zone}", zone.zone, zone.balancer_subnet) for zone in zones]

    def _private(self, name: str, zone: str, cidr: str) -> ec2.PrivateSubnet:
        return ec2.PrivateSubnet(self, name, vpc_id=self.vpc.vpc_id, availability_zone=zone, cidr_block=cidr)
