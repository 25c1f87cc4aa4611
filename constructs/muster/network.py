"""Where a cluster lies, and its nodes' way to AWS."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from muster.endpoints import Endpoints, only_way, wanted
from muster.existing_vpc import existing_vpc
from muster.flow_logs import FlowLogs
from muster.own_vpc import own_vpc
from muster.spec import Cluster, Plan


class Network(Construct):
    """The VPC that the cluster file names, or one of the cluster's own with flow logs; with its endpoints.

    Offers `vpc` and its range `cidr`, `node_subnets` by zone, `balancer_subnets`, and `ready`: what instances must
    wait for, because without it they reach nothing. `only_way` are the endpoints where there is no other way to AWS.
    """

    def __init__(
        self, scope: Construct, id_: str, *, cluster: Cluster, plan: Plan, kms_key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, id_)
        described = cluster.network.vpc
        place = existing_vpc(self, described) if described else own_vpc(self, cluster=cluster, plan=plan)
        if not described:
            FlowLogs(self, "FlowLogs", vpc=place.vpc, days=cluster.logs.retention, kms_key=kms_key)
        self.vpc: ec2.IVpc = place.vpc
        self.cidr: str = place.cidr
        self.node_subnets: Mapping[str, ec2.ISubnet] = place.node_subnets
        self.balancer_subnets: Sequence[ec2.ISubnet] = place.balancer_subnets
        self._acls = place.acls
        self.endpoints = Endpoints(self, "Endpoints", place=place, names=wanted(cluster))
        self.only_way: Endpoints | None = self.endpoints if only_way(cluster) else None
        self.ready: list[IDependable] = [*place.ready, self.endpoints]

    def let_in(self, nodes: ec2.ISecurityGroup) -> None:
        """Let the nodes' security group, which is made in this VPC, reach the endpoints."""
        self.endpoints.let_in(nodes)

    def guard(self, name: str, subnet: ec2.ISubnet) -> None:
        """Give `subnet`, made in this VPC for what nodes reach, a network ACL, as its other subnets have one."""
        if self._acls:
            self._acls.guard(name, subnet)
