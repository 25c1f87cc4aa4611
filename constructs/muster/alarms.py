"""What wakes somebody up."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct, IDependable

from muster.alarm_rules import Rule, of_balancer, of_instances, of_leader, of_members, of_updates
from muster.alarm_topic import AlarmTopic
from muster.dashboard import Dashboard
from muster.spec import Cluster
from muster.sticky_balancer import StickyBalancer


class Alarms(Construct):
    """Alarms of the cluster, told to `topic` when they begin and when they end, and one dashboard.

    `nodes` are the present nodes' instances by name. Figures of all nodes share an alarm, so that a bigger cluster has
    hardly more of them: only an instance that AWS finds impaired has its own. Made after `after` (the formation wait),
    as their topic is, so that a cluster still forming alarms nobody. Offers `alarms` and `topic`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: Cluster,
        nodes: Mapping[str, ec2.Instance],
        balancer: StickyBalancer,
        kms_key: kms.IKey | None,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        self.topic = AlarmTopic(self, "Topic", email=cluster.alarms.email, kms_key=kms_key, after=after).topic
        rules = [
            *of_members(cluster.name, sorted(nodes)),
            *(of_updates(cluster.name, sorted(nodes)) if cluster.updates else ()),
            *of_instances(nodes),
            *of_balancer(balancer.balancer, balancer.target_groups),
            *of_leader(balancer.balancer, balancer.led_group),
        ]
        self.alarms = [self._alarm(rule) for rule in rules]
        Dashboard(self, "Dashboard", cluster=cluster.name, nodes=nodes, balancer=balancer, alarms=self.alarms)

    def _alarm(self, rule: Rule) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            rule.name,
            alarm_description=rule.text,
            metric=rule.metric,
            threshold=rule.threshold,
            evaluation_periods=rule.periods,
            comparison_operator=rule.comparison,
            treat_missing_data=rule.missing,
        )
        action = SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm
