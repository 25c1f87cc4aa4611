"""The figures that nodes report about themselves, and those that AWS measures of them."""

from collections.abc import Iterable, Mapping
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb

from muster.names import NAMESPACE

MEMBERS: Final = "Members"
"""How many members this node sees serving, itself included."""

DISK: Final = "DiskUsed"
ROOT: Final = "RootUsed"
"""Percent in use: of the data volume, of the root file system; `MEMORY` is that of the memory."""

UPDATES: Final = "UpdatesFailed"
"""1 while a node could not install its security updates, or has stopped for another's sake; 0 after it could."""

MINUTE: Final = Duration.minutes(1)
"""How often nodes report, and EC2 with detailed monitoring."""


def reported(metric: str, cluster: str, node: str, statistic: str) -> cloudwatch.Metric:
    """Return what `node` of `cluster` reports as `metric`, minute by minute."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric,
        dimensions_map={"Cluster": cluster, "Node": node},
        statistic=statistic,
        period=MINUTE,
    )


def of_instance(metric: str, instance_id: str, label: str | None = None) -> cloudwatch.Metric:
    """Return the greatest value in each minute of a metric that EC2 measures of an instance."""
    return cloudwatch.Metric(
        namespace="AWS/EC2",
        metric_name=metric,
        dimensions_map={"InstanceId": instance_id},
        statistic="Maximum",
        period=MINUTE,
        label=label,
    )


def unhealthy(balancer: elb.ApplicationLoadBalancer, group: elb.ApplicationTargetGroup) -> cloudwatch.Metric:
    """Return the greatest number in each minute of targets of `group` that `balancer` finds not ready.

    A node on several ports is as many targets.
    """
    return _hosts("UnHealthyHostCount", balancer, group)


def healthy(balancer: elb.ApplicationLoadBalancer, group: elb.ApplicationTargetGroup) -> cloudwatch.Metric:
    """Return the greatest number in each minute of targets of `group` that `balancer` finds ready, so counted too."""
    return _hosts("HealthyHostCount", balancer, group)


def _hosts(metric: str, balancer: elb.ApplicationLoadBalancer, group: elb.ApplicationTargetGroup) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/ApplicationELB",
        metric_name=metric,
        # the group's own metrics read the balancer's name out of a listener's ARN, in three hundred bytes a time
        dimensions_map={
            "LoadBalancer": balancer.load_balancer_full_name,
            "TargetGroup": group.target_group_full_name,
        },
        statistic="Maximum",
        period=MINUTE,
    )


def over_nodes(function: str, metric: str, cluster: str, nodes: Iterable[str]) -> cloudwatch.MathExpression:
    """Return the least (`MIN`) or greatest (`MAX`) of what `nodes` report as `metric`; silent nodes do not count."""
    statistic = {"MIN": "Minimum", "MAX": "Maximum"}[function]
    using: Mapping[str, cloudwatch.IMetric] = {
        f"m{number}": reported(metric, cluster, node, statistic) for number, node in enumerate(nodes)
    }
    return cloudwatch.MathExpression(
        expression=f"{function}(METRICS())", using_metrics=using, period=MINUTE, label=f"{function} of {metric}"
    )


def of_every_node(metric: str, cluster: str) -> cloudwatch.MathExpression:
    """Return what every node reports as `metric`, one line a node, in a text that does not grow with the nodes.

    A search: for dashboards alone, alarms take none.
    """
    search = f'{{{NAMESPACE},Cluster,Node}} Cluster="{cluster}" MetricName="{metric}"'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{search}', 'Maximum', {MINUTE.to_seconds()})",
        using_metrics={},
        period=MINUTE,
        label="${PROP('Dim.Node')}",
    )
