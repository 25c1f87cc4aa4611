"""VPC endpoints: ways to AWS's services that do not leave its network."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.place import Place
from muster.products import Discovery
from muster.spec import Cluster
from muster.spec.network import GATEWAY_ENDPOINTS, INTERFACE_ENDPOINTS

_GATEWAYS: Final = {
    "s3": ec2.GatewayVpcEndpointAwsService.S3,
    "dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
}
_INTERFACES: Final = {
    "ec2": ec2.InterfaceVpcEndpointAwsService.EC2,
    "ssm": ec2.InterfaceVpcEndpointAwsService.SSM,
    "ssmmessages": ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
    "secretsmanager": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "monitoring": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
    "sts": ec2.InterfaceVpcEndpointAwsService.STS,
}

_DISCOVERY: Final[Mapping[Discovery, Sequence[str]]] = {
    Discovery.NONE: (),
    Discovery.OWN_ROLE: ("ec2",),
    Discovery.ROLE_ALONE: ("ec2", "sts"),
    Discovery.USER: ("ec2", "secretsmanager"),
}
"""What members ask to find each other."""


def only_way(cluster: Cluster) -> bool:
    """Tell whether whatever nodes ask of AWS goes through endpoints, all of them the cluster's own."""
    return cluster.network.vpc is None and cluster.network.egress == "endpoints"


def wanted(cluster: Cluster) -> Sequence[str]:
    """Return the endpoints of `cluster`, by name.

    In an existing VPC those asked for. In one of its own: S3, and DynamoDB for a pair's witness, which cost nothing;
    without another way out also what nodes ask: settings and Session Manager (ssm, ssmmessages), logs, metrics
    (monitoring), and secrets, the EC2 API and its temporary credentials (sts) where the product needs them. Packages,
    assets and the formation's signal come by way of S3.
    """
    network = cluster.network
    if network.vpc:
        return network.vpc.endpoints
    gateways = GATEWAY_ENDPOINTS if cluster.about.pair else ("s3",)
    if not only_way(cluster):
        return gateways
    asked = {"ssm", "ssmmessages", "logs", "monitoring", *_DISCOVERY[cluster.about.discovery(cluster)]}
    asked |= {"secretsmanager"} if cluster.about.secrets else set()
    return (*gateways, *(name for name in INTERFACE_ENDPOINTS if name in asked))


class Endpoints(Construct):
    """The endpoints `names` in `place`, whose VPC is `vpc_id`.

    `group` is the security group of those that are addresses, None without such.

    Their names are AWS's own (private DNS), so that nodes notice no difference. They lie in the balancer's subnets: AWS
    gives an endpoint any free address, and in a node subnet that could be the one of a node that is still to come.

    From its first moment on it has its service's name, so that it waits for what lets nodes in: in a cluster that had
    another way out, what they ask would be lost until then.
    """

    def __init__(self, scope: Construct, id_: str, *, place: Place, names: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self._place = place
        self.vpc_id = place.vpc.vpc_id
        self.group: ec2.SecurityGroup | None = None
        self._interfaces: list[ec2.CfnVPCEndpoint] = []
        for name in names:
            if name in _GATEWAYS:
                self._gateway(name, place)
        interfaces = [name for name in names if name in _INTERFACES]
        if interfaces:
            self.group = self._security_group(place.vpc)
        for name in interfaces:
            self._interface(name, place, self.group)

    def let_in(self, nodes: ec2.ISecurityGroup) -> None:
        """Let the nodes reach the endpoints, and nobody else in a VPC of their own.

        In a VPC that others use too an endpoint takes over its service's name for all: there everybody is let in.
        """
        if self.group is None:
            return
        if self._place.shared:
            self.group.add_ingress_rule(ec2.Peer.ipv4(self._place.cidr), ec2.Port.tcp(443), "AWS APIs from this VPC")
        else:
            self.group.add_ingress_rule(nodes, ec2.Port.tcp(443), "AWS APIs from nodes")
            rules = [each for each in self.group.node.find_all() if isinstance(each, ec2.CfnSecurityGroupIngress)]
            for each in self._interfaces:
                each.node.add_dependency(*rules)

    def _gateway(self, name: str, place: Place) -> None:
        ec2.CfnVPCEndpoint(
            self,
            name,
            vpc_id=place.vpc.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=_GATEWAYS[name].name,
            route_table_ids=list(place.route_tables),
        )

    def _interface(self, name: str, place: Place, group: ec2.SecurityGroup | None) -> None:
        made = ec2.CfnVPCEndpoint(
            self,
            name,
            vpc_id=place.vpc.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=_INTERFACES[name].name,
            subnet_ids=[subnet.subnet_id for subnet in place.balancer_subnets],
            security_group_ids=[group.security_group_id] if group else [],
            private_dns_enabled=True,
        )
        if place.acls:
            made.node.add_dependency(*place.acls.standing)
        self._interfaces.append(made)

    def _security_group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        """Make a group without a way out: endpoints answer, they never ask."""
        return ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="VPC endpoints of the cluster", allow_all_outbound=False
        )
