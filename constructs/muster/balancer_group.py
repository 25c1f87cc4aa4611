"""Who reaches a balancer, and whom it reaches."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.acknowledgements import acknowledge

ANYWHERE: Final = "0.0.0.0/0"


def balancer_group(
    scope: Construct,
    *,
    vpc: ec2.IVpc,
    clients: Sequence[str],
    listening: Sequence[int],
    node_group: ec2.ISecurityGroup,
    node_ports: Mapping[int, str],
) -> ec2.SecurityGroup:
    """Return the security group `Group`: `clients` (CIDRs) reach the ports `listening`, and it the nodes' `node_ports`.

    The nodes' group lets it in; a target alone opens no security group.
    """
    group = ec2.SecurityGroup(
        scope, "Group", vpc=vpc, description="Load balancer of the cluster", allow_all_outbound=False
    )
    for client in clients:
        for number in listening:
            group.add_ingress_rule(ec2.Peer.ipv4(client), ec2.Port.tcp(number), "users")
    for number, what in node_ports.items():
        node_group.add_ingress_rule(group, ec2.Port.tcp(number), f"{what} from the balancer")
    _reach(group, node_group, node_ports)
    if ANYWHERE in clients:
        why = "the cluster file asks for a balancer that faces the internet: users come from anywhere"
        for rule in ("AwsSolutions-EC23", "CKV_AWS_260"):
            acknowledge(group, rule, why)
    return group


def _reach(group: ec2.SecurityGroup, node_group: ec2.ISecurityGroup, ports: Mapping[int, str]) -> None:
    """Write the ways out into the group itself, which the L2 construct never does for rules between groups.

    A group that CloudFormation makes without an egress rule of its own begins with one that lets everything out.
    """
    own = cast("ec2.CfnSecurityGroup", group.node.default_child)
    own.security_group_egress = [
        ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp",
            from_port=number,
            to_port=number,
            destination_security_group_id=node_group.security_group_id,
            description=f"{what} to nodes",
        )
        for number, what in ports.items()
    ]
