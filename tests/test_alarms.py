"""What wakes somebody up, and the dashboard."""

import json
from typing import Any

import pytest

from tests.conftest import Synthesize, Template
from tests.node_side import KEY
from tests.template_help import attribute, depends_on, of_type, ref, text, the

MORE = "GreaterThanThreshold"


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """Return the alarms by their construct's name, which a logical id holds between `Alarms` and a hash."""
    found = of_type(template, "CloudWatch::Alarm").items()
    return {name.removeprefix("Alarms")[:-8]: properties for name, properties in found}


def condition(alarm: dict[str, Any]) -> tuple[Any, ...]:
    """Return when an alarm goes off: comparison, threshold, periods, and what silence means."""
    return tuple(alarm[key] for key in ("ComparisonOperator", "Threshold", "EvaluationPeriods", "TreatMissingData"))


def test_go_off_under_exactly_these_conditions(node_side: Synthesize) -> None:
    assert {name: condition(alarm) for name, alarm in alarms(node_side()).items()} == {
        "Members": ("LessThanThreshold", 2, 3, "breaching"),
        "DiskUsed": (MORE, 80, 3, "ignore"),
        "RootUsed": (MORE, 80, 3, "ignore"),
        "MemoryUsed": (MORE, 90, 3, "ignore"),
        "Statusa": (MORE, 0, 2, "ignore"),
        "Statusb": (MORE, 0, 2, "ignore"),
        "UnhealthyHosts": (MORE, 0, 3, "ignore"),
        "BalancerErrors": (MORE, 10, 1, "notBreaching"),
        "NodeErrors": (MORE, 10, 1, "notBreaching"),
    }


def test_updates_that_fail_are_told_at_once_where_the_file_asks_for_any(node_side: Synthesize) -> None:
    told = alarms(node_side(updates={"day": "sunday", "hour": 3}))
    assert condition(told["Updates"]) == (MORE, 0, 1, "ignore")
    expression, *figures = told["Updates"]["Metrics"]
    assert expression["Expression"] == "MAX(METRICS())"
    assert {each["MetricStat"]["Metric"]["MetricName"] for each in figures} == {"UpdatesFailed"}
    assert "its journal says why" in told["Updates"]["AlarmDescription"]
    assert "Updates" not in alarms(node_side())


@pytest.mark.parametrize(
    ("name", "metric", "function", "statistic"),
    [
        ("Members", "Members", "MIN", "Minimum"),
        ("DiskUsed", "DiskUsed", "MAX", "Maximum"),
        ("RootUsed", "RootUsed", "MAX", "Maximum"),
        ("MemoryUsed", "MemoryUsed", "MAX", "Maximum"),
    ],
)
def test_the_worst_node_counts(name: str, metric: str, function: str, statistic: str, node_side: Synthesize) -> None:
    expression, *figures = alarms(node_side())[name]["Metrics"]
    assert (expression["Expression"], expression["ReturnData"]) == (f"{function}(METRICS())", True)
    assert [(each["MetricStat"], each["ReturnData"]) for each in figures] == [
        (
            {
                "Metric": {
                    "Namespace": "Muster",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "Cluster", "Value": "as400"}, {"Name": "Node", "Value": node}],
                },
                "Period": 60,
                "Stat": statistic,
            },
            False,
        )
        for node in ("a", "b")
    ]


def test_an_absent_node_is_neither_missed_nor_counted(node_side: Synthesize) -> None:
    template = node_side(nodes={"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}})
    found = alarms(template)
    assert found["Members"]["Threshold"] == 1
    assert len(found["Members"]["Metrics"]) == 2
    assert "Statusb" not in found


def test_each_instance_and_each_target_group_has_an_alarm_of_its_own(node_side: Synthesize) -> None:
    template = node_side(groups=2)
    found = alarms(template)
    instance, _ = the(template, "EC2::Instance", PrivateIpAddress="10.64.1.11")
    assert found["Statusb"]["Dimensions"] == [{"Name": "InstanceId", "Value": ref(instance)}]
    assert (found["Statusb"]["Namespace"], found["Statusb"]["MetricName"]) == ("AWS/EC2", "StatusCheckFailed")
    (balancer,) = of_type(template, "ElasticLoadBalancingV2::LoadBalancer")
    groups = list(of_type(template, "ElasticLoadBalancingV2::TargetGroup"))
    assert [found[name]["Dimensions"] for name in ("UnhealthyHosts", "UnhealthyHosts1")] == [
        [
            {"Name": "LoadBalancer", "Value": attribute(balancer, "LoadBalancerFullName")},
            {"Name": "TargetGroup", "Value": attribute(group, "TargetGroupFullName")},
        ]
        for group in groups
    ]


def test_of_the_group_of_the_pairs_leader_one_healthy_node_is_wanted(synthesize: Synthesize) -> None:
    """The other node is never ready there: an alarm for each that is not would never end."""
    template = synthesize(balancer={"admin": {"route": "path"}})
    found = alarms(template)
    (led,) = [
        name
        for name, group in of_type(template, "ElasticLoadBalancingV2::TargetGroup").items()
        if group["HealthCheckPath"] == "/ready/admin"
    ]
    dimension = {"Name": "TargetGroup", "Value": attribute(led, "TargetGroupFullName")}
    assert [name for name, alarm in found.items() if dimension in alarm.get("Dimensions", ())] == ["NoLeader"]
    assert condition(found["NoLeader"]) == ("LessThanThreshold", 1, 3, "ignore")
    assert (found["NoLeader"]["MetricName"], found["NoLeader"]["Statistic"]) == ("HealthyHostCount", "Maximum")


def test_tell_the_topic_when_they_begin_and_when_they_end(node_side: Synthesize) -> None:
    template = node_side()
    (topic,) = of_type(template, "SNS::Topic")
    for alarm in alarms(template).values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([ref(topic)], [ref(topic)])


def test_are_made_once_the_cluster_has_formed(node_side: Synthesize) -> None:
    """Each names the topic, which waits: a cluster that is only just starting would alarm somebody at first."""
    template = node_side()
    (topic,) = of_type(template, "SNS::Topic")
    assert depends_on(template, topic) == {"Later"}


def test_only_the_topic_names_the_formation_wait(node_side: Synthesize) -> None:
    """The wait has another name in every deploy: `cdk diff` would show everything that says it."""
    resources = node_side()["Resources"].items()
    watching = {name for name, each in resources if each["Type"].startswith(("AWS::CloudWatch::", "AWS::SNS::"))}
    waiting = {name for name in watching if "Later" in depends_on(node_side(), name)}
    assert waiting == set(of_type(node_side(), "SNS::Topic"))


@pytest.mark.parametrize(("count", "alarms_about_members"), [(2, 1), (10, 1), (11, 2)])
def test_ten_nodes_share_the_alarms_about_what_nodes_report(count: int, alarms_about_members: int) -> None:
    """CloudWatch takes ten figures an alarm; each node is looked at by exactly one, and misses every other node."""
    from muster.alarm_rules import MOST_METRICS, of_members

    names = [f"n{number:02}" for number in range(count)]
    rules = [rule for rule in of_members("as400", names) if rule.name.startswith("Members")]
    figures = [rule.metric.to_metric_config().math_expression.using_metrics for rule in rules]  # type: ignore[union-attr]
    assert len(rules) == alarms_about_members
    assert all(len(each) <= MOST_METRICS for each in figures)
    assert sum(len(each) for each in figures) == count
    assert {rule.threshold for rule in rules} == {count}


def test_only_this_stacks_alarms_publish_and_only_over_tls(node_side: Synthesize) -> None:
    template = node_side()
    (topic,) = of_type(template, "SNS::Topic")
    _, policy = the(template, "SNS::TopicPolicy")
    assert policy["Topics"] == [ref(topic)]
    secure, publish = policy["PolicyDocument"]["Statement"]
    assert (secure["Effect"], secure["Principal"], secure["Action"]) == ("Deny", "*", "sns:Publish")
    assert secure["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = publish["Condition"]["ArnLike"].pop("aws:SourceArn")
    assert text(arn, **{"AWS::StackName": "muster-as400"}) == (
        "arn:aws:cloudwatch:eu-west-1:<AWS::AccountId>:alarm:muster-as400-*"
    )
    assert publish == {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": ref(topic),
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}, "ArnLike": {}},
    }


def test_are_mailed_to_whom_the_cluster_file_names(node_side: Synthesize) -> None:
    template = node_side(alarms={"email": "ops@example.org"})
    (topic,) = of_type(template, "SNS::Topic")
    subscriptions = list(of_type(template, "SNS::Subscription").values())
    assert subscriptions == [{"Protocol": "email", "Endpoint": "ops@example.org", "TopicArn": ref(topic)}]
    assert not of_type(node_side(), "SNS::Subscription")


def test_the_topic_is_encrypted_with_the_clusters_key_if_there_is_one(node_side: Synthesize) -> None:
    assert the(node_side(kms_key=KEY, account="123456789012"), "SNS::Topic")[1]["KmsMasterKeyId"] == KEY


def test_alarms_topic_and_dashboard_leave_their_names_to_cloudformation(node_side: Synthesize) -> None:
    """Two clusters of one account never fight over a name, and a replacement finds its name free."""
    template = node_side()
    named = ("AlarmName", "TopicName", "DashboardName")
    for type_ in ("CloudWatch::Alarm", "SNS::Topic", "CloudWatch::Dashboard"):
        assert not [each for each in of_type(template, type_).values() if any(name in each for name in named)]


def widgets(template: Template) -> list[dict[str, Any]]:
    """Return the widgets of the dashboard, with `<logical id>` for what only a deployment knows."""
    found: list[dict[str, Any]] = json.loads(text(the(template, "CloudWatch::Dashboard")[1]["DashboardBody"]))[
        "widgets"
    ]
    return found


def test_the_dashboard_shows_every_alarm_and_every_figure(node_side: Synthesize) -> None:
    template = node_side()
    states, *graphs = widgets(template)
    assert states["properties"]["alarms"] == [f"<{name}>" for name in of_type(template, "CloudWatch::Alarm")]
    assert [each["properties"]["title"] for each in graphs] == [
        *("Members seen", "Requests and errors", "Answer time, s"),
        *("Data volume, % used", "Root volume, % used", "Memory, % used"),
        "CPU, %",
    ]
    searched = [each["properties"]["metrics"][0][0]["expression"] for each in graphs if "seen" in str(each)]
    assert searched == [
        "SEARCH('{Muster,Cluster,Node} Cluster=\"as400\" MetricName=\"Members\"', 'Maximum', 60)",
    ]


def test_alarms_and_dashboard_take_less_than_thirteen_kilobytes_of_a_pairs_template(node_side: Synthesize) -> None:
    """A template of more than 51,200 bytes would have to be published before CloudFormation takes it."""
    resources = node_side()["Resources"].values()
    watching = [each for each in resources if each["Type"].startswith(("AWS::CloudWatch::", "AWS::SNS::"))]
    assert len(json.dumps(watching)) < 13_000
