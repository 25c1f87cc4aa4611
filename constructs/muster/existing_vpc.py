"""A VPC that exists already, as the cluster file describes it: nothing is looked up, nothing in it is changed."""

from aws_cdk import Annotations
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.place import Place
from muster.spec.model import ExistingVpc, Subnet


def existing_vpc(scope: Construct, described: ExistingVpc) -> Place:
    """Return the place. Its routes and its flow logs are its owner's."""
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id=described.id,
        availability_zones=sorted(described.zones),
        vpc_cidr_block=described.cidr,
    )
    zones = sorted(described.zones.items())
    return Place(
        vpc=vpc,
        cidr=described.cidr,
        node_subnets={zone: _subnet(scope, f"Nodes-{zone}", zone, found.nodes) for zone, found in zones},
        balancer_subnets=[_subnet(scope, f"Balancer-{zone}", zone, found.balancer) for zone, found in zones],
        route_tables=described.route_tables,
        ready=[],
        shared=True,
    )


def _subnet(scope: Construct, name: str, zone: str, given: Subnet) -> ec2.ISubnet:
    subnet = ec2.Subnet.from_subnet_attributes(
        scope, name, subnet_id=given.id, availability_zone=zone, ipv4_cidr_block=given.cidr
    )
    # which table a subnet uses is of no interest: endpoints name their tables themselves
    Annotations.of(subnet).acknowledge_warning("@aws-cdk/aws-ec2:noSubnetRouteTableId", "no route table is read")
    return subnet
