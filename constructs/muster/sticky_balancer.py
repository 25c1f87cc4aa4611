"""The load balancer, which keeps a user on one node."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Annotations, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk.aws_elasticloadbalancingv2_targets import InstanceTarget
from constructs import Construct

from muster.acknowledgements import acknowledge
from muster.spec.model import Balancer


class StickyBalancer(Construct):
    """Application Load Balancer over `nodes` on `port`, healthy while GET /ready on `readiness_port` answers 200.

    With a certificate it speaks HTTPS and sends plain HTTP there; without one it speaks plain HTTP. A user stays on
    one node by the application's cookie, or by the balancer's own. Users come from `inside` (CIDR), or from anywhere if
    the balancer faces the internet. Offers `balancer`, `listener`, `target_group`, `group` and `url`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        inside: str,
        subnets: Sequence[ec2.ISubnet],
        node_group: ec2.ISecurityGroup,
        nodes: Sequence[ec2.Instance],
        port: int,
        readiness_port: int,
        settings: Balancer,
    ) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        if not settings.certificate:
            text = "users' passwords and data cross the network in the clear: balancer.certificate is not set"
            Annotations.of(self).add_warning_v2("muster:plain-http", text)
        self.group = self._security_group(vpc, inside)
        self._let_through(node_group, {port: "users' requests", readiness_port: "readiness"})
        self.balancer = self._load_balancer(vpc, subnets)
        self.target_group = self._target_group(vpc, nodes, port, readiness_port)
        self.listener = self._listen()
        self.url = f"{'https' if settings.certificate else 'http'}://{self.balancer.load_balancer_dns_name}"

    @property
    def _internet_facing(self) -> bool:
        return self._settings.scheme == "internet-facing"

    def _security_group(self, vpc: ec2.IVpc, inside: str) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="Load balancer of the cluster", allow_all_outbound=False
        )
        users = ec2.Peer.any_ipv4() if self._internet_facing else ec2.Peer.ipv4(inside)
        for number in (80, 443) if self._settings.certificate else (80,):
            group.add_ingress_rule(users, ec2.Port.tcp(number), "users")
        if self._internet_facing:
            acknowledge(
                group,
                "AwsSolutions-EC23",
                "the cluster file asks for a balancer that faces the internet: users come from anywhere",
            )
        return group

    def _let_through(self, node_group: ec2.ISecurityGroup, ports: Mapping[int, str]) -> None:
        for number, what in ports.items():
            node_group.add_ingress_rule(self.group, ec2.Port.tcp(number), f"{what} from the balancer")
        # Written into the group itself, which the L2 construct never does for rules between groups: a group that
        # CloudFormation makes without an egress rule of its own begins with one that lets everything out.
        group = cast("ec2.CfnSecurityGroup", self.group.node.default_child)
        group.security_group_egress = [
            ec2.CfnSecurityGroup.EgressProperty(
                ip_protocol="tcp",
                from_port=number,
                to_port=number,
                destination_security_group_id=node_group.security_group_id,
                description=f"{what} to nodes",
            )
            for number, what in ports.items()
        ]

    def _load_balancer(self, vpc: ec2.IVpc, subnets: Sequence[ec2.ISubnet]) -> elb.ApplicationLoadBalancer:
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(subnets)),
            internet_facing=self._internet_facing,
            security_group=self.group,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
        )
        acknowledge(
            balancer,
            "AwsSolutions-ELB2",
            "access logs need a bucket, which `cdk destroy` could not remove once it holds logs",
        )
        return balancer

    def _target_group(
        self, vpc: ec2.IVpc, nodes: Sequence[ec2.Instance], port: int, readiness_port: int
    ) -> elb.ApplicationTargetGroup:
        stickiness = self._settings.stickiness
        return elb.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=vpc,
            port=port,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[InstanceTarget(node, port) for node in nodes],
            stickiness_cookie_duration=Duration.hours(stickiness.hours),
            stickiness_cookie_name=None if stickiness.cookie == "balancer" else stickiness.cookie,
            deregistration_delay=Duration.seconds(30),
            health_check=elb.HealthCheck(
                path="/ready",
                port=str(readiness_port),
                protocol=elb.Protocol.HTTP,
                interval=Duration.seconds(5),
                timeout=Duration.seconds(2),
                healthy_threshold_count=2,
                unhealthy_threshold_count=2,
                healthy_http_codes="200",
            ),
        )

    def _listen(self) -> elb.ApplicationListener:
        to_nodes = elb.ListenerAction.forward([self.target_group])
        if not self._settings.certificate:
            return self.balancer.add_listener(
                "Http", port=80, protocol=elb.ApplicationProtocol.HTTP, open=False, default_action=to_nodes
            )
        to_https = elb.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True)
        self.balancer.add_listener(
            "Redirect", port=80, protocol=elb.ApplicationProtocol.HTTP, open=False, default_action=to_https
        )
        return self.balancer.add_listener(
            "Https",
            port=443,
            protocol=elb.ApplicationProtocol.HTTPS,
            open=False,
            certificates=[elb.ListenerCertificate.from_arn(self._settings.certificate)],
            ssl_policy=elb.SslPolicy.TLS13_RES,  # TLS 1.2 and 1.3, forward secrecy, authenticated encryption
            default_action=to_nodes,
        )
