"""Who reaches a balancer, and whom it reaches."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

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
    ever: Mapping[int, str],
) -> tuple[ec2.SecurityGroup, list[IDependable]]:
    """Return the security group `Group`: `clients` (CIDRs) reach the ports `listening`, and it the nodes' `node_ports`.

    With it the rules that must stand before anybody is led to nodes.
    The nodes' group lets it in; a target alone opens no security group. What it may reach `ever` is written into the
    group itself, all else stands beside it. Nodes let it in by both: CloudFormation takes a rule away at the end of a
    change, seconds after the listener, while the balancer still leads requests to where it led before.
    """
    group = ec2.SecurityGroup(
        scope, "Group", vpc=vpc, description="Load balancer of the cluster", allow_all_outbound=False
    )
    for client in clients:
        for number in listening:
            group.add_ingress_rule(ec2.Peer.ipv4(client), ec2.Port.tcp(number), "users")
    before = {each.node.id for each in node_group.node.children}
    for number, what in {**ever, **node_ports}.items():
        node_group.add_ingress_rule(group, ec2.Port.tcp(number), f"{what} from the balancer")
    rules: list[IDependable] = [each for each in node_group.node.children if each.node.id not in before]
    _reach(group, node_group, ever)
    beside = sorted({*node_ports} - {*ever})
    rules += [_reach_beside(scope, group, node_group, number, node_ports[number]) for number in beside]
    if ANYWHERE in clients:
        why = "the cluster file asks for a balancer that faces the internet: users come from anywhere"
        for rule in ("AwsSolutions-EC23", "CKV_AWS_260"):
            acknowledge(group, rule, why)
    return group, rules


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


def _reach_beside(
    scope: Construct, group: ec2.SecurityGroup, node_group: ec2.ISecurityGroup, number: int, what: str
) -> ec2.CfnSecurityGroupEgress:
    """Let the balancer out to one more port by a rule of its own, which goes last in a change that takes it away.

    What is written into the group changes before the listeners do, so that a change between plain HTTP and HTTPS to
    nodes would cut the way that is still in use. For the same reason the plain port stays written there.
    """
    return ec2.CfnSecurityGroupEgress(
        scope,
        f"To{number}",
        group_id=group.security_group_id,
        ip_protocol="tcp",
        from_port=number,
        to_port=number,
        destination_security_group_id=node_group.security_group_id,
        description=f"{what} to nodes",
    )
