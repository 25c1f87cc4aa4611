"""The model is read from the account's own descriptions, strictly."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rehearsal.balancer import BalancerError, describe
from rehearsal.balancer.model import Condition, FixedResponse, Forward, HealthCheck, Redirect, Stickiness, Target
from rehearsal.balancer.rules import listener
from rehearsal.balancer.target_groups import target_group

GROUP = {
    "TargetGroupArn": "arn:tg",
    "TargetGroupName": "web",
    "Protocol": "HTTP",
    "ProtocolVersion": "HTTP1",
    "TargetType": "instance",
    "HealthCheckProtocol": "HTTP",
    "HealthCheckPort": "traffic-port",
    "HealthCheckIntervalSeconds": 30,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 2,
}
ENTRY = {"Port": 80, "Protocol": "HTTP"}


def registered(instance: str, port: int, state: str = "healthy") -> dict[str, Any]:
    """One entry of DescribeTargetHealth."""
    return {"Target": {"Id": instance, "Port": port}, "TargetHealth": {"State": state}}


def rule(priority: str, *actions: dict[str, Any], conditions: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """One entry of DescribeRules."""
    return {"Priority": priority, "Actions": list(actions), "Conditions": list(conditions)}


FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
NETWORKS = ("10.64.1.0/24", "10.64.2.7/32", "2001:db8::/32")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Make a load balancer as a stack would, in an account of moto's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        ec2, elbv2 = (boto3.client(name, region_name="eu-west-1") for name in ("ec2", "elbv2"))
        vpc = ec2.create_vpc(CidrBlock="10.64.0.0/20")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.64.{n}.0/25", AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for n, zone in ((8, "eu-west-1a"), (9, "eu-west-1b"))
        ]
        made = elbv2.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
        group = _make_group(elbv2, vpc)
        instance = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": instance}])
        _make_listener(elbv2, made["LoadBalancerArn"], group)
        yield elbv2, made


def _make_group(elbv2: Any, vpc: str) -> str:
    checks = {"HealthCheckPort": "9180", "HealthCheckPath": "/ready", "Matcher": {"HttpCode": "200-299"}}
    times = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "HealthyThresholdCount": 2}
    made = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=8080, VpcId=vpc, **checks, **times)
    arn = str(made["TargetGroups"][0]["TargetGroupArn"])
    attributes = {
        "stickiness.enabled": "true",
        "stickiness.type": "app_cookie",
        "stickiness.app_cookie.cookie_name": "JSESSIONID",
        "stickiness.app_cookie.duration_seconds": "28800",
        "deregistration_delay.timeout_seconds": "30",
    }
    pairs = [{"Key": key, "Value": value} for key, value in attributes.items()]
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs)
    return arn


def _make_listener(elbv2: Any, balancer: str, group: str) -> None:
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    made = elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    elbv2.create_rule(
        ListenerArn=made["Listeners"][0]["ListenerArn"],
        Priority=5,
        Conditions=[{"Field": "path-pattern", "Values": ["/x*"]}, clients("10.64.1.0/24")],
        Actions=[redirect],
    )


def test_what_a_stack_deploys_becomes_the_model(account: tuple[Any, dict[str, Any]]) -> None:
    elbv2, described = account
    model = describe(elbv2, described, lambda _instance: "10.64.0.10")
    assert (model.dns, model.idle, model.keep_host) == (described["DNSName"], 60, False)
    rules = model.listeners[0].rules
    assert rules[0].conditions == (Condition("path-pattern", ("/x*",)), Condition("source-ip", ("10.64.1.0/24",)))
    assert rules[0].action == Redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}", 301)
    group = model.target_groups[0]
    assert rules[1].action == Forward(group.arn)
    assert group.check == HealthCheck("HTTP", 9180, "/ready", "200-299", 5, 2, 2, 2)
    assert group.stickiness == Stickiness("JSESSIONID", 28800)
    assert [(target.port, target.address) for target in group.targets] == [(8080, "10.64.0.10")]
    assert group.drain == 30


def test_an_instance_that_does_not_run_is_no_target(account: tuple[Any, dict[str, Any]]) -> None:
    assert describe(*account, lambda _instance: None).target_groups[0].targets == ()


def test_one_instance_may_stand_under_several_ports() -> None:
    health = [registered("i-1", 8090), registered("i-1", 8080), registered("i-2", 8080)]
    addresses = {"i-1": "10.0.0.1", "i-2": "10.0.0.2"}
    group = target_group(GROUP, {}, health, addresses.get)
    assert group.targets == (
        Target("i-1", 8080, "10.0.0.1"),
        Target("i-1", 8090, "10.0.0.1"),
        Target("i-2", 8080, "10.0.0.2"),
    )


def test_a_draining_target_is_left_out() -> None:
    health = [registered("i-1", 8080, "draining"), registered("i-2", 8080, "unhealthy")]
    assert [t.instance_id for t in target_group(GROUP, {}, health, lambda _id: "10.0.0.1").targets] == ["i-2"]


def test_defaults_are_those_of_aws() -> None:
    group = target_group(GROUP, {"stickiness.enabled": "true", "stickiness.type": "lb_cookie"}, [], lambda _id: None)
    assert group.stickiness == Stickiness(None, 86400)
    assert (group.check.port, group.check.path, group.check.matcher) == (None, "/", "200")
    assert (group.algorithm, group.drain, group.slow_start, group.fail_open_below) == ("round_robin", 300, 0, 1)


def test_rules_are_in_order_of_priority_and_the_default_is_last() -> None:
    rules = [rule("default", FIXED), *(rule(str(n), FIXED, conditions=(path(f"/{n}"),)) for n in (20, 3, 100))]
    found = [entry.conditions[0].values[0] for entry in listener(ENTRY, rules).rules[:-1]]
    assert found == ["/3", "/20", "/100"]
    assert listener(ENTRY, rules).rules[-1].conditions == ()


def path(pattern: str) -> dict[str, Any]:
    """Describe a path condition as the newer API does."""
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}


def clients(*networks: str) -> dict[str, Any]:
    """Describe a condition about where a request comes from."""
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(networks)}}


def test_who_may_come_is_read_beside_the_host_name() -> None:
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["mgt.as.example.org"]}}
    (found, _) = listener(
        ENTRY, [rule("10", FIXED, conditions=(host, clients(*NETWORKS))), rule("default", FIXED)]
    ).rules
    assert found.conditions == (Condition("host-header", ("mgt.as.example.org",)), Condition("source-ip", NETWORKS))


def test_a_fixed_response_without_type_and_body_is_plain_and_empty() -> None:
    assert listener(ENTRY, [rule("default", FIXED)]).rules[0].action == FixedResponse(404, "text/plain", "")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"TargetType": "lambda"}, "TargetType lambda"),
        ({"ProtocolVersion": "GRPC"}, "ProtocolVersion GRPC"),
        ({"HealthCheckProtocol": "TCP"}, "HealthCheckProtocol TCP"),
    ],
)
def test_a_target_group_that_is_not_rehearsed_is_refused_by_name(change: dict[str, str], named: str) -> None:
    with pytest.raises(BalancerError, match=f"target group web: {named}"):
        target_group(GROUP | change, {}, [], lambda _id: None)


def test_an_unknown_algorithm_is_refused_by_name() -> None:
    with pytest.raises(BalancerError, match="algorithm bogus"):
        target_group(GROUP, {"load_balancing.algorithm.type": "bogus"}, [], lambda _id: None)


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (rule("default", {"Type": "authenticate-oidc"}, FIXED), "authenticate-oidc then fixed-response"),
        (rule("default", {"Type": "jwt-validation"}), "action jwt-validation"),
        (rule("7", FIXED, conditions=({"Field": "query-string"},)), "rule 7: condition query-string"),
        (rule("7", FIXED, conditions=(clients("10.0.0.0/8", "*"),)), r"rule 7: condition source-ip: \* is no network"),
        (rule("7", FIXED, conditions=(clients("www.example.org"),)), "www.example.org is no network"),
        (rule("7", FIXED, conditions=(clients("10.0.0.1/8"),)), "10.0.0.1/8 is no network"),
        (
            rule("7", FIXED, conditions=({"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["x"]}},)),
            "PathPatternConfig.RegexValues",
        ),
        (
            rule("1", {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": a} for a in "ab"]}}),
            "weights over 2 target groups",
        ),
    ],
)
def test_a_rule_that_is_not_rehearsed_is_refused_by_name(rules: dict[str, Any], named: str) -> None:
    with pytest.raises(BalancerError, match=named) as refused:
        listener(ENTRY, [rules])
    assert "listener on port 80" in str(refused.value)


def test_a_listener_of_another_protocol_is_refused_by_name() -> None:
    with pytest.raises(BalancerError, match="port 25: protocol TCP"):
        listener({"Port": 25, "Protocol": "TCP"}, [])
