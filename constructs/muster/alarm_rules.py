"""When the cluster's alarms go off: data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb

from muster import metrics
from muster.names import MEMORY

MOST_METRICS: Final = 10
"""Metrics that one alarm may take (CloudWatch User Guide, "Create an alarm based on a metric math expression")."""

FULL: Final = 80
"""Percent of a disk above which somebody must look: enough is left for a day of growth."""

MEMORY_FULL: Final = 90
"""Percent of the memory above which the kernel may soon end the application."""

ERRORS: Final = 10
"""Server errors in five minutes that one dying node does not reach: the balancer leaves it within ten seconds."""

_Missing = cloudwatch.TreatMissingData
_Comparison = cloudwatch.ComparisonOperator


@dataclass(frozen=True)
class Rule:
    """When an alarm goes off: `metric` compared so with `threshold` for `periods` in a row.

    Unknown figures keep the alarm as it is, unless `missing` says otherwise: a full disk may be why none come.
    """

    name: str
    text: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 3
    comparison: cloudwatch.ComparisonOperator = _Comparison.GREATER_THAN_THRESHOLD
    missing: cloudwatch.TreatMissingData = _Missing.IGNORE


def of_members(cluster: str, nodes: Sequence[str]) -> list[Rule]:
    """Return the rules about what `nodes` of `cluster` report: one for each figure of up to `MOST_METRICS` nodes."""
    rules = []
    for number, some in _in_parts(nodes):
        rules.append(
            Rule(
                f"Members{number}",
                f"Cluster {cluster}: a node sees fewer than {len(nodes)} members serving, or none reports",
                metrics.over_nodes("MIN", metrics.MEMBERS, cluster, some),
                len(nodes),
                comparison=_Comparison.LESS_THAN_THRESHOLD,
                missing=_Missing.BREACHING,
            )
        )
        rules += [
            Rule(
                f"{metric}{number}",
                f"Cluster {cluster}: a node's {what} is over {most} percent full",
                metrics.over_nodes("MAX", metric, cluster, some),
                most,
            )
            for metric, what, most in (
                (metrics.DISK, "data volume", FULL),
                (metrics.ROOT, "root volume", FULL),
                (MEMORY, "memory", MEMORY_FULL),
            )
        ]
    return rules


def of_updates(cluster: str, nodes: Sequence[str]) -> list[Rule]:
    """Return the rules about security updates that `nodes` of `cluster` install by themselves."""
    return [
        Rule(
            f"Updates{number}",
            f"Cluster {cluster}: security updates of a node failed, and the others wait; its journal says why",
            metrics.over_nodes("MAX", metrics.UPDATES, cluster, some),
            0,
            periods=1,
        )
        for number, some in _in_parts(nodes)
    ]


def _in_parts(nodes: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield up to `MOST_METRICS` nodes at a time, with what then ends the name of their rule: the first has nothing."""
    for first in range(0, len(nodes), MOST_METRICS):
        yield str(first // MOST_METRICS + 1) if first else "", nodes[first : first + MOST_METRICS]


def of_instances(nodes: Mapping[str, ec2.Instance]) -> list[Rule]:
    """Return a rule for each instance that AWS may find impaired: it says which one to look at."""
    return [
        Rule(
            f"Status-{name}",
            f"EC2 finds node {name} or the machine under it impaired",
            metrics.of_instance("StatusCheckFailed", instance.instance_id),
            0,
            periods=2,
        )
        for name, instance in nodes.items()
    ]


def of_leader(balancer: elb.ApplicationLoadBalancer, group: elb.ApplicationTargetGroup | None) -> list[Rule]:
    """Return the rule about the target group in which the pair's leader alone is ready; None if there is none."""
    if group is None:
        return []
    text = "No node leads: administration reaches any of them"
    metric = metrics.healthy(balancer, group)
    return [Rule("NoLeader", text, metric, 1, comparison=_Comparison.LESS_THAN_THRESHOLD)]


def of_balancer(balancer: elb.ApplicationLoadBalancer, groups: Sequence[elb.ApplicationTargetGroup]) -> list[Rule]:
    """Return the rules about what users meet: targets that are not ready, and answers of 500 and more."""
    of, minutes = balancer.metrics, Duration.minutes(5)
    by_balancer = of.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, period=minutes)
    by_nodes = of.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, period=minutes)
    return [
        *(
            Rule(
                f"UnhealthyHosts{number or ''}",
                "The balancer finds a node not ready",
                metrics.unhealthy(balancer, group),
                0,
            )
            for number, group in enumerate(groups)
        ),
        _errors("BalancerErrors", "The balancer itself", by_balancer),
        _errors("NodeErrors", "Nodes", by_nodes),
    ]


def _errors(name: str, who: str, metric: cloudwatch.IMetric) -> Rule:
    # errors are counted only where there are any
    text = f"{who} answered more than {ERRORS} requests with 5xx in five minutes"
    return Rule(name, text, metric, ERRORS, periods=1, missing=_Missing.NOT_BREACHING)
