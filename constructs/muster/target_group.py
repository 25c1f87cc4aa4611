"""The nodes as a balancer's targets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk.aws_elasticloadbalancingv2_targets import InstanceTarget
from constructs import Construct

from muster.names import READY
from muster.products.users_ports import https, plainly
from muster.spec.model import Cluster, Stickiness


@dataclass(frozen=True)
class Targets:
    """Nodes by name, each on its ports, healthy while a GET of /ready on the node's `readiness_port` answers 200.

    A node is a target for each of its ports. `port` is that of a target that is registered with none of its own,
    `protocol` what nodes speak there: an Application Load Balancer checks no certificate of a target (ELB User Guide,
    "Target groups"). `plain` are the ports where it would speak plain HTTP. A target opens no security group.
    """

    vpc: ec2.IVpc
    nodes: Mapping[str, ec2.Instance]
    ports: Mapping[str, Sequence[int]]
    port: int
    readiness_port: int
    plain: Mapping[str, Sequence[int]]
    protocol: elb.ApplicationProtocol = elb.ApplicationProtocol.HTTP

    def of(self, names: Collection[str]) -> "Targets":
        """Return the targets of the nodes called `names` alone."""
        return replace(self, nodes={name: node for name, node in self.nodes.items() if name in names})

    @property
    def opened(self) -> Mapping[int, str]:
        """What the balancer must reach on nodes: words by port."""
        return self._words(self.ports)

    @property
    def ever(self) -> Mapping[int, str]:
        """What it must reach with whatever it speaks to nodes, and what it would with plain HTTP: words by port."""
        return self._words(self.plain)

    def _words(self, ports: Mapping[str, Sequence[int]]) -> Mapping[int, str]:
        numbers = {number for name in self.nodes for number in ports[name]}
        users = dict.fromkeys(sorted(numbers), "users' requests")
        return users if self.readiness_port in users else {**users, self.readiness_port: "readiness"}

    def group(
        self, scope: Construct, id_: str, *, stickiness: Stickiness | None, ready: str = READY
    ) -> elb.ApplicationTargetGroup:
        """Return a new target group over the nodes; without `stickiness` each request may reach another node.

        `ready` is the path at which a node says that it takes this group's requests. A node is taken in or out after
        two checks, 5 seconds apart; one that is taken away has 30 seconds to end what it has begun.
        """
        cookie = stickiness.cookie if stickiness and stickiness.cookie != "balancer" else None
        return elb.ApplicationTargetGroup(
            scope,
            id_,
            vpc=self.vpc,
            port=self.port,
            protocol=self.protocol,
            targets=[InstanceTarget(node, port) for name, node in self.nodes.items() for port in self.ports[name]],
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


def targets(
    cluster: Cluster,
    *,
    vpc: ec2.IVpc,
    nodes: Mapping[str, ec2.Instance],
    port: int,
    readiness_port: int,
) -> Targets:
    """Return the targets for `nodes`, by name, on the ports that the product has for each of them."""
    protocol = elb.ApplicationProtocol.HTTPS if https(cluster) else elb.ApplicationProtocol.HTTP
    ports, plain = cluster.about.targets(cluster), cluster.about.targets(plainly(cluster))
    return Targets(vpc, nodes, ports, port, readiness_port, plain, protocol)
