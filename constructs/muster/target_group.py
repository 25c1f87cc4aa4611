"""The nodes as a balancer's targets."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk.aws_elasticloadbalancingv2_targets import InstanceTarget
from constructs import Construct

from muster.names import READY
from muster.spec.model import Stickiness


@dataclass(frozen=True)
class Targets:
    """Nodes on `port`, each healthy while a GET on its `readiness_port` answers 200."""

    vpc: ec2.IVpc
    nodes: Sequence[ec2.Instance]
    port: int
    readiness_port: int

    def group(
        self, scope: Construct, id_: str, *, stickiness: Stickiness | None, ready: str = READY
    ) -> elb.ApplicationTargetGroup:
        """Return a new target group over the nodes; without `stickiness` each request may reach another node.

        `ready` is the path at which a node says that it takes this group's requests.
        A node is taken in or out after two checks, 5 seconds apart; one that is taken away has 30 seconds to end what
        it has begun.
        """
        cookie = stickiness.cookie if stickiness and stickiness.cookie != "balancer" else None
        return elb.ApplicationTargetGroup(
            scope,
            id_,
            vpc=self.vpc,
            port=self.port,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[InstanceTarget(node, self.port) for node in self.nodes],
            stickiness_cookie_duration=Duration.hours(stickiness.hours) if stickiness else None,
            stickiness_cookie_name=cookie,
            deregistration_delay=Duration.seconds(30),
            health_check=elb.HealthCheck(
                path=ready,
                port=str(self.readiness_port),
                protocol=elb.Protocol.HTTP,
                interval=Duration.seconds(5),
                timeout=Duration.seconds(2),
                healthy_threshold_count=2,
                unhealthy_threshold_count=2,
                healthy_http_codes="200",
            ),
        )
