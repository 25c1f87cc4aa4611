"""The one security group of all nodes of a cluster."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from muster.fields import OperatingSystem
from muster.names import security_group_name
from muster.products import Port

# Debian's package mirrors are asked by plain HTTP (the packages are signed); Amazon Linux's are in S3, by HTTPS
_WAYS_OUT: Final[dict[OperatingSystem, tuple[int, ...]]] = {"amazon-linux-2023": (443,), "debian-12": (443, 80)}


def way_to(
    scope: Construct, id_: str, *, nodes: ec2.ISecurityGroup, group: ec2.ISecurityGroup, port: int, what: str
) -> ec2.CfnSecurityGroupEgress:
    """Let nodes reach `port` of what has `group`, and of nothing else; who needs the way waits for what is returned."""
    return ec2.CfnSecurityGroupEgress(
        scope,
        id_,
        group_id=nodes.security_group_id,
        destination_security_group_id=group.security_group_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=what,
    )


class SharedSecurityGroup(Construct):
    """Group `muster-CLUSTER`: members reach each other on the product's ports alone, and the outside for set-up.

    The name is explicit because products that discover members by the EC2 API filter by a group's name.
    `ways_out` are ports that the product reaches outside beside those. `group` is the security group.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        cluster: str,
        member_ports: Sequence[Port],
        operating_system: OperatingSystem,
        ways_out: Sequence[int] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.group = ec2.SecurityGroup(
            self,
            "Group",
            vpc=vpc,
            security_group_name=security_group_name(cluster),
            description=f"Nodes of the cluster {cluster}",
            allow_all_outbound=False,
        )
        for number in _WAYS_OUT[operating_system]:
            self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(number), "AWS APIs and packages")
        for number in sorted({*ways_out} - {*_WAYS_OUT[operating_system]}):
            self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(number), "the product's own calls")
        for port in member_ports:
            way = ec2.Port.tcp_range(port.asked[0], port.asked[-1]) if port.asked else ec2.Port.tcp(port.number)
            self.group.add_ingress_rule(self.group, way, f"{port.name} from members")
            self.group.add_egress_rule(self.group, way, f"{port.name} to members")
