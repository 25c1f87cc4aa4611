"""The cluster at a glance."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from muster import metrics
from muster.names import MEMORY
from muster.sticky_balancer import StickyBalancer

_WIDTH = 8
"""Of 24 columns: three graphs stand beside each other."""


class Dashboard(Construct):
    """One CloudWatch dashboard: the alarms' states, then members and requests, then what fills up.

    A node more adds one line to one graph: what nodes report is searched for.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: str,
        nodes: Mapping[str, ec2.Instance],
        balancer: StickyBalancer,
        alarms: Sequence[cloudwatch.Alarm],
    ) -> None:
        super().__init__(scope, id_)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=Duration.hours(8),
            widgets=[
                [cloudwatch.AlarmStatusWidget(title=f"Cluster {cluster}", alarms=list(alarms), width=24)],
                [_searched("Members seen", metrics.MEMBERS, cluster), *_of_balancer(balancer)],
                [
                    _searched("Data volume, % used", metrics.DISK, cluster),
                    _searched("Root volume, % used", metrics.ROOT, cluster),
                    _searched("Memory, % used", MEMORY, cluster),
                ],
                [_graph("CPU, %", _processors(nodes))],
            ],
        )


def _processors(nodes: Mapping[str, ec2.Instance]) -> list[cloudwatch.IMetric]:
    return [metrics.of_instance("CPUUtilization", node.instance_id, name) for name, node in nodes.items()]


def _of_balancer(balancer: StickyBalancer) -> list[cloudwatch.GraphWidget]:
    of = balancer.balancer.metrics
    minute = metrics.MINUTE
    return [
        _graph(
            "Requests and errors",
            [
                of.request_count(period=minute, label="requests"),
                of.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, period=minute, label="5xx of the balancer"),
                of.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, period=minute, label="5xx of nodes"),
            ],
        ),
        _graph(
            "Answer time, s",
            [of.target_response_time(period=minute, statistic=each, label=each) for each in ("p50", "p99")],
        ),
    ]


def _searched(title: str, metric: str, cluster: str) -> cloudwatch.GraphWidget:
    return _graph(title, [metrics.of_every_node(metric, cluster)])


def _graph(title: str, lines: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(lines), width=_WIDTH, left_y_axis=cloudwatch.YAxisProps(min=0))
