"""The blocks of the cluster file about networks: a VPC of the cluster's own, or an existing one."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from muster.addresses import Cidr, VpcCidr
from muster.aws_ids import RouteTableId, SubnetId, VpcId
from muster.aws_names import Zone
from muster.checking import Check, list_of, one_of
from muster.fields import Block

GATEWAY_ENDPOINTS: Final = ("s3", "dynamodb")
"""Endpoints that are routes, and need route tables."""

INTERFACE_ENDPOINTS: Final = ("ec2", "ssm", "ssmmessages", "secretsmanager", "logs", "monitoring", "sts")
"""Endpoints that are addresses in the node subnets."""

EndpointName = Literal["s3", "dynamodb", "ec2", "ssm", "ssmmessages", "secretsmanager", "logs", "monitoring", "sts"]
_ENDPOINTS: Final = (*GATEWAY_ENDPOINTS, *INTERFACE_ENDPOINTS)

Egress = Literal["nat", "nat-per-zone", "endpoints", "none"]

ZONES: Final = "a mapping of zones to {nodes: {id: SUBNET, cidr: CIDR}, balancer: {id: SUBNET, cidr: CIDR}}"


class Subnet(Block):
    """A subnet that exists."""

    id: SubnetId
    """The subnet's id."""
    cidr: VpcCidr
    """The subnet's address range."""


class VpcZone(Block):
    """The subnets of one zone."""

    nodes: Subnet
    """The subnet of the nodes in this zone."""
    balancer: Subnet
    """The subnet of the balancer in this zone, /27 or larger; public if the balancer faces the internet."""


class ExistingVpc(Block):
    """A VPC that exists, described: nothing is looked up."""

    id: VpcId
    """The VPC's id."""
    cidr: VpcCidr
    """The VPC's address range, in which the subnets lie."""
    zones: Annotated[Mapping[Zone, VpcZone], Check(ZONES)]
    """The subnets by zone: every zone of a node, and two at least."""
    endpoints: Annotated[
        tuple[Annotated[EndpointName, one_of(*_ENDPOINTS)], ...],
        list_of(f"a list of {', '.join(_ENDPOINTS)}", len(_ENDPOINTS)),
    ] = ()
    """VPC endpoints that Muster shall make. Without it none is made."""
    route_tables: Annotated[
        tuple[RouteTableId, ...], list_of("a list of 1 to 20 route tables' ids such as [rtb-0123456789abcdef0]", 20)
    ] = ()
    """The route tables of the node subnets, for the endpoints s3 and dynamodb."""


class Network(Block):
    """Where the cluster lies, and how its nodes reach AWS and their packages."""

    cidr: Cidr = "10.64.0.0/20"
    """The address range of the VPC that the cluster gets for itself."""
    egress: Annotated[Egress, one_of("nat", "nat-per-zone", "endpoints", "none")] = "nat"
    """How nodes reach AWS and their packages: one NAT gateway, one a zone, VPC endpoints, or nothing of Muster's."""
    vpc: ExistingVpc | None = None
    """An existing VPC in place of one of the cluster's own."""

    @property
    def vpc_cidr(self) -> str:
        """The address range of the VPC, whoever made it."""
        return self.vpc.cidr if self.vpc else self.cidr
