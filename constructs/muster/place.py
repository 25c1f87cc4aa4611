"""Where a cluster lies: the VPC and its subnets, whoever made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import IDependable

from muster.network_acls import NetworkAcls


@dataclass(frozen=True)
class Place:
    """A VPC with its address range (CIDR), the node subnets by zone, the balancer's, and the nodes' route tables (ids).

    Nodes must wait for what stands in `ready`: before it they have no way out. `shared`: others may use this VPC too.
    `acls` are those of a VPC of the cluster's own.
    """

    vpc: ec2.IVpc
    cidr: str
    node_subnets: Mapping[str, ec2.ISubnet]
    balancer_subnets: Sequence[ec2.ISubnet]
    route_tables: Sequence[str]
    ready: Sequence[IDependable]
    shared: bool
    acls: NetworkAcls | None = None
