"""Load balancers of the emulated account: one instance under several ports, and what AWS refuses of attributes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import Account
from rehearsal.account.balancer_attributes import contradictions, wrong_values
from rehearsal.balancer import describe
from rehearsal.balancer.config import Files, configuration
from rehearsal.balancer.model import Stickiness
from tests.account_help import Stacks, Template, template

ELB = "AWS::ElasticLoadBalancingV2"
DAY = "86400"


def subnet(zone: str, cidr: str) -> dict[str, Any]:
    """Return a subnet."""
    given = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": cidr, "AvailabilityZone": f"eu-west-1{zone}"}
    return {"Type": "AWS::EC2::Subnet", "Properties": given}


def instance() -> dict[str, Any]:
    """Return a plain instance."""
    image = "ami-00000000000000001"
    given = {"ImageId": image, "InstanceType": "t4g.medium", "SubnetId": {"Ref": "SubnetA"}}
    return {"Type": "AWS::EC2::Instance", "Properties": given}


def pairs(given: dict[str, str]) -> list[dict[str, str]]:
    """Return attributes as templates and the API have them."""
    return [{"Key": key, "Value": value} for key, value in given.items()]


def balanced(
    targets: Sequence[tuple[str, int | None]],
    of_group: dict[str, str] | None = None,
    of_balancer: dict[str, str] | None = None,
) -> Template:
    """Return a balancer over two instances, registered as told: by logical id and port, None for the group's."""
    listed = [{"Id": {"Ref": name}, **({"Port": port} if port else {})} for name, port in targets]
    group = {"Port": 8080, "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "Targets": listed}
    forward = [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]
    listener = {"LoadBalancerArn": {"Ref": "Balancer"}, "Port": 80, "Protocol": "HTTP", "DefaultActions": forward}
    subnets = [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]
    balancer = {"Scheme": "internal", "Subnets": subnets, "LoadBalancerAttributes": pairs(of_balancer or {})}
    return template(
        Vpc={"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}},
        SubnetA=subnet("a", "10.64.0.0/24"),
        SubnetB=subnet("b", "10.64.1.0/24"),
        A=instance(),
        B=instance(),
        Group={
            "Type": f"{ELB}::TargetGroup",
            "Properties": {**group, "TargetGroupAttributes": pairs(of_group or {})},
        },
        Balancer={"Type": f"{ELB}::LoadBalancer", "Properties": balancer},
        Listener={"Type": f"{ELB}::Listener", "Properties": listener},
    )


class Group:
    """The stack's target group, asked by the API."""

    def __init__(self, account: Account, stacks: Stacks) -> None:
        self.account, self.api = account, account.client("elbv2")
        self.arn = stacks.resource("s", "Group")
        self.names = {stacks.resource("s", name): name for name in "AB"}
        self.ids = {name: instance for instance, name in self.names.items()}

    def seen(self, *targets: dict[str, Any]) -> dict[tuple[str, int], str]:
        """Return the state of each target, or of those that are asked for."""
        asked = {"Targets": list(targets)} if targets else {}
        found = self.api.describe_target_health(TargetGroupArn=self.arn, **asked)["TargetHealthDescriptions"]
        return {
            (self.names[each["Target"]["Id"]], each["Target"]["Port"]): each["TargetHealth"]["State"] for each in found
        }

    def set(self, name: str, port: int, state: str) -> None:
        """Say what the balancer found."""
        self.account.set_target_health(self.arn, self.ids[name], port, state, "")

    def deregister(self, name: str, port: int | None = None) -> None:
        """Take a target away by the API."""
        target = {"Id": self.ids[name], **({"Port": port} if port else {})}
        self.api.deregister_targets(TargetGroupArn=self.arn, Targets=[target])


TWO_AND_ONE = [("A", None), ("A", 8090), ("B", 8080)]


@pytest.fixture
def group(account: Account, stacks: Stacks) -> Group:
    """Deploy a stack whose instance A stands under two ports."""
    assert stacks.create("s", balanced(TWO_AND_ONE)) == "CREATE_COMPLETE"
    return Group(account, stacks)


def moved(port: int) -> Template:
    """Return the template with a group of another port: a new one, to which listener and rule go over."""
    made = balanced(TWO_AND_ONE)
    made["Resources"]["Group"]["Properties"]["Port"] = port
    rule = {
        "ListenerArn": {"Ref": "Listener"},
        "Priority": 1,
        "Conditions": [{"Field": "path-pattern", "Values": ["/admin"]}],
        "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}],
    }
    made["Resources"]["Rule"] = {"Type": f"{ELB}::ListenerRule", "Properties": rule}
    return made


def test_a_group_to_which_a_change_leads_is_in_use(account: Account, stacks: Stacks) -> None:
    assert stacks.create("s", moved(8080)) == "CREATE_COMPLETE"
    before = Group(account, stacks)
    assert stacks.update("s", moved(8081)) == "UPDATE_COMPLETE"
    after = Group(account, stacks)
    assert after.arn != before.arn
    assert set(after.seen().values()) == {"initial"}
    after.set("B", 8080, "healthy")
    assert after.seen()["B", 8080] == "healthy"


def test_each_port_of_an_instance_is_a_target_of_its_own(group: Group) -> None:
    group.set("A", 8090, "healthy")
    assert group.seen() == {("A", 8080): "initial", ("A", 8090): "healthy", ("B", 8080): "initial"}


def test_a_target_is_asked_for_by_instance_and_port(group: Group) -> None:
    group.set("A", 8090, "healthy")
    assert group.seen({"Id": group.ids["A"], "Port": 8090}) == {("A", 8090): "healthy"}
    assert group.seen({"Id": group.ids["A"]}) == {("A", 8080): "initial"}
    assert group.seen({"Id": group.ids["B"], "Port": 8090}) == {("B", 8090): "unused"}


def test_health_is_checked_on_the_targets_own_port(group: Group) -> None:
    found = group.api.describe_target_health(TargetGroupArn=group.arn)["TargetHealthDescriptions"]
    assert [each["HealthCheckPort"] for each in found] == [str(each["Target"]["Port"]) for each in found]


def test_one_port_is_deregistered_without_the_others(group: Group) -> None:
    group.deregister("A", 8090)
    assert set(group.seen()) == {("A", 8080), ("B", 8080)}


def test_without_a_port_it_is_the_groups_own_that_is_deregistered(group: Group) -> None:
    group.deregister("A")
    assert set(group.seen()) == {("A", 8090), ("B", 8080)}


def test_what_is_not_registered_is_deregistered_without_a_fault(group: Group) -> None:
    group.deregister("B", 9999)
    assert len(group.seen()) == 3


def test_a_target_that_is_registered_again_keeps_its_health(group: Group) -> None:
    group.set("A", 8090, "healthy")
    group.api.register_targets(TargetGroupArn=group.arn, Targets=[{"Id": group.ids["A"], "Port": 8090}])
    assert group.seen()["A", 8090] == "healthy"


def test_an_update_touches_only_the_ports_that_change(stacks: Stacks, group: Group) -> None:
    for name, port in (("A", 8080), ("A", 8090), ("B", 8080)):
        group.set(name, port, "healthy")
    wanted = balanced([("A", 8080), ("B", 8080), ("B", 8090)])
    assert stacks.update("s", wanted) == "UPDATE_COMPLETE"
    assert group.seen() == {("A", 8080): "healthy", ("B", 8080): "healthy", ("B", 8090): "initial"}


def test_all_ports_of_a_stopped_instance_are_unused(group: Group) -> None:
    group.account.client("ec2").stop_instances(InstanceIds=[group.ids["A"]])
    assert group.seen() == {("A", 8080): "unused", ("A", 8090): "unused", ("B", 8080): "initial"}


def test_all_ports_of_a_terminated_instance_go(group: Group) -> None:
    group.account.client("ec2").terminate_instances(InstanceIds=[group.ids["A"]])
    assert set(group.seen()) == {("B", 8080)}


def test_ports_cookie_and_time_out_of_a_stack_reach_the_balancers_configuration(
    account: Account, stacks: Stacks
) -> None:
    sticky = {"stickiness.enabled": "true", "stickiness.type": "app_cookie", "stickiness.app_cookie.cookie_name": "SID"}
    stacks.create("s", balanced(TWO_AND_ONE, sticky, {"idle_timeout.timeout_seconds": "605"}))
    group, (described,) = Group(account, stacks), account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    addresses = {group.ids["A"]: "10.64.0.10", group.ids["B"]: "10.64.0.11"}
    model = describe(account.client("elbv2"), described, addresses.get)
    (found,) = model.target_groups
    assert {target.name for target in found.targets} == {"10.64.0.10:8080", "10.64.0.10:8090", "10.64.0.11:8080"}
    assert found.stickiness == Stickiness("SID", int(DAY))
    assert configuration(model, Files(Path("/run/x"))).count(" 605s\n") == 5


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"stickiness.app_cookie.cookie_name": "AWSALB"}, "reserved for the load balancer"),
        ({"stickiness.app_cookie.cookie_name": "AWSALBAPP-0"}, "reserved for the load balancer"),
        ({"stickiness.app_cookie.cookie_name": "AWSALBTGX"}, "reserved for the load balancer"),
        ({"stickiness.app_cookie.duration_seconds": "604801"}, "must be between '1-604800' inclusive"),
        ({"stickiness.lb_cookie.duration_seconds": "0"}, "must be between '1-604800' inclusive"),
        ({"load_balancing.algorithm.type": "least_of_all"}, "must be one of [round_robin"),
        ({"load_balancing.cross_zone.enabled": "false", "stickiness.enabled": "true"}, "cross-zone"),
    ],
)
def test_a_stack_fails_whose_target_group_has_what_aws_refuses(
    stacks: Stacks, attributes: dict[str, str], words: str
) -> None:
    assert stacks.create("s", balanced(TWO_AND_ONE, attributes)) == "ROLLBACK_COMPLETE"
    assert words in stacks.reason("s", "Group", "CREATE_FAILED")


def test_a_stack_fails_whose_time_out_aws_refuses(stacks: Stacks) -> None:
    wanted = balanced(TWO_AND_ONE, of_balancer={"idle_timeout.timeout_seconds": "4001"})
    assert stacks.create("s", wanted) == "ROLLBACK_COMPLETE"
    assert "must be between '1-4000' inclusive" in stacks.reason("s", "Balancer", "CREATE_FAILED")


def test_stickiness_is_refused_where_an_earlier_call_turned_cross_zone_off(group: Group) -> None:
    off, on = pairs({"load_balancing.cross_zone.enabled": "false"}), pairs({"stickiness.enabled": "true"})
    group.api.modify_target_group_attributes(TargetGroupArn=group.arn, Attributes=off)
    with pytest.raises(ClientError, match="cross-zone"):
        group.api.modify_target_group_attributes(TargetGroupArn=group.arn, Attributes=on)


@pytest.mark.parametrize("value", ["0", "4001", "-1", "1.5", "", "ten", "²"])
def test_a_time_out_out_of_range_is_wrong(value: str) -> None:
    assert len(list(wrong_values({"idle_timeout.timeout_seconds": value}))) == 1


@pytest.mark.parametrize(
    "attributes",
    [
        {"idle_timeout.timeout_seconds": "1"},
        {"idle_timeout.timeout_seconds": "4000"},
        {"stickiness.lb_cookie.duration_seconds": "604800", "stickiness.app_cookie.duration_seconds": "1"},
        {"stickiness.app_cookie.cookie_name": "MYAWSALB", "load_balancing.cross_zone.enabled": "true"},
        {"stickiness.enabled": "true", "load_balancing.cross_zone.enabled": "use_load_balancer_configuration"},
    ],
)
def test_what_aws_takes_is_taken(attributes: dict[str, str]) -> None:
    assert [*wrong_values(attributes), *contradictions(attributes)] == []
