"""Two host names behind one balancer: users reach workers, administrators reach management, nobody else anything."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.host_routes import MOST_VALUES, _few
from stacks.cluster import ClusterStack
from tests.conftest import ROOT, Template
from tests.parts_support import EXISTING, parts
from tests.template_help import attribute, depends_on, of_type, ref, the
from tests.test_sticky_balancer import attributes, balancer_attributes
from tests.wso2_as_support import CERTIFICATE, MGT, PLACED, WORKERS, loaded, server

GROUP = "ElasticLoadBalancingV2::TargetGroup"
LISTENER = "ElasticLoadBalancingV2::Listener"
USERS, MANAGEMENT = "as.example.org", "mgt.as.example.org"
NOT_FOUND = {
    "Type": "fixed-response",
    "FixedResponseConfig": {"ContentType": "text/plain", "MessageBody": "not found", "StatusCode": "404"},
}
TWO = {"a": MGT, "d": {"zone": "eu-west-1b", "group": "mgt"}, **WORKERS}


def routed(block: dict[str, Any] | None = None, **others: Any) -> Template:
    """Return the template of network and balancer with changes of the product's block and of other fields."""
    return parts(**server(block, **others))


def balanced(**changes: Any) -> dict[str, Any]:
    """Return the balancer's block with these fields beside the certificate."""
    return {"certificate": CERTIFICATE, **changes}


def whole(fields: dict[str, Any], folder: Path) -> Template:
    """Return the template of the whole stack."""
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / "wso2as-5.3.0.zip").write_bytes(b"not really a zip")
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(context=context, outdir=f"{folder}/cdk", analytics_reporting=False)
    ClusterStack(app, cluster=loaded(fields, folder))
    template: Template = app.synth().get_stack_by_name("muster-as").template
    return template


def rules(template: Template) -> dict[int, tuple[dict[str, Any], str]]:
    """Return the conditions of each rule, values by their field, and the target group; all by priority."""
    found: dict[int, tuple[dict[str, Any], str]] = {}
    for each in of_type(template, "ElasticLoadBalancingV2::ListenerRule").values():
        values = {one["Field"]: next(each for key, each in one.items() if key != "Field") for one in each["Conditions"]}
        (action,) = each["Actions"]
        assert action["Type"] == "forward"
        found[each["Priority"]] = (
            {field: value["Values"] for field, value in values.items()},
            action["TargetGroupArn"]["Ref"],
        )
    return found


def groups(template: Template) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return logical id and properties of the target group to which each host name leads."""
    return {
        conditions["host-header"][0]: (name, template["Resources"][name]["Properties"])
        for conditions, name in rules(template).values()
    }


def nodes_of(template: Template, host: str) -> list[str]:
    """Return the names of the nodes to which a host name leads."""
    instances = {name: name.removeprefix("Node")[0] for name in of_type(template, "EC2::Instance")}
    return sorted(instances[each["Id"]["Ref"]] for each in groups(template)[host][1]["Targets"])


def alarms(template: Template) -> set[str]:
    """Return the descriptions of all alarms."""
    return {each["AlarmDescription"] for each in of_type(template, "CloudWatch::Alarm").values()}


def test_each_host_name_leads_to_its_group() -> None:
    template = routed()
    assert nodes_of(template, USERS) == ["b", "c"]
    assert nodes_of(template, MANAGEMENT) == ["a"]
    assert [conditions for conditions, _ in rules(template).values()] == [
        {"host-header": [MANAGEMENT]},
        {"host-header": [USERS]},
    ]


def test_whoever_comes_by_another_name_finds_nothing() -> None:
    _, https = the(routed(), LISTENER, Port=443)
    assert https["DefaultActions"] == [NOT_FOUND]


def test_plain_http_is_sent_to_https() -> None:
    template = routed()
    _, http = the(template, LISTENER, Port=80)
    assert (http["Protocol"], len(of_type(template, LISTENER))) == ("HTTP", 2)
    (action,) = http["DefaultActions"]
    assert action["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}


def test_the_guides_ports_are_the_balancers_where_the_file_says_so() -> None:
    template = routed({"proxy_ports": {"http": 8280, "https": 8243}})
    _, https = the(template, LISTENER, Protocol="HTTPS")
    _, http = the(template, LISTENER, Protocol="HTTP")
    assert (http["Port"], https["Port"]) == (8280, 8243)
    assert http["DefaultActions"][0]["RedirectConfig"]["Port"] == "8243"
    _, own = the(template, "EC2::SecurityGroup", GroupDescription="Load balancer of the cluster")
    assert [each["FromPort"] for each in own["SecurityGroupIngress"]] == [8280, 8243]
    assert template["Outputs"]["Url"]["Value"] == "https://as.example.org:8243"


def test_nodes_are_reached_by_https_and_their_readiness_is_asked_as_everywhere() -> None:
    for _, group in groups(routed()).values():
        assert (group["Protocol"], group["Port"]) == ("HTTPS", 9443)
        assert {each["Port"] for each in group["Targets"]} == {9443}
        assert (group["HealthCheckProtocol"], group["HealthCheckPort"], group["HealthCheckPath"]) == (
            "HTTP",
            "9180",
            "/ready",
        )


def test_an_offset_moves_targets_and_what_the_security_groups_open() -> None:
    template = routed({"http_port": 9764})
    assert {each["Port"] for _, group in groups(template).values() for each in group["Targets"]} == {9444}
    balancer, own = the(template, "EC2::SecurityGroup", GroupDescription="Load balancer of the cluster")
    assert {each["FromPort"] for each in own["SecurityGroupEgress"]} == {9180, 9444}
    let_in = [
        each["FromPort"]
        for each in of_type(template, "EC2::SecurityGroupIngress").values()
        if each["SourceSecurityGroupId"] == attribute(balancer, "GroupId")
    ]
    assert sorted(let_in) == [9180, 9444]


def test_members_alone_reach_the_repository() -> None:
    template = routed()
    name, _ = the(template, "EC2::SecurityGroup", GroupName="muster-as")
    (rule,) = [each for each in of_type(template, "EC2::SecurityGroupIngress").values() if each["FromPort"] == 3690]
    assert rule["SourceSecurityGroupId"] == rule["GroupId"] == attribute(name, "GroupId")


def test_both_names_keep_their_users_by_the_balancers_cookie() -> None:
    for _, group in groups(routed(balancer=balanced(stickiness={"hours": 2}))).values():
        found = attributes(group, "TargetGroupAttributes")
        assert (found["stickiness.enabled"], found["stickiness.type"]) == ("true", "lb_cookie")
        assert found["stickiness.lb_cookie.duration_seconds"] == "7200"


def test_administrators_come_from_their_networks_alone() -> None:
    clients = ["10.64.1.0/24", "10.64.2.7/32"]
    template = routed({"management_clients": clients})
    of_management = [conditions for conditions, _ in rules(template).values() if conditions["host-header"] != [USERS]]
    assert of_management == [{"host-header": [MANAGEMENT], "source-ip": clients}]
    assert {"host-header": [USERS]} in [conditions for conditions, _ in rules(template).values()]


def test_many_networks_stand_in_rules_of_as_many_values_as_one_may_have() -> None:
    clients = [f"10.64.{number}.0/24" for number in range(16)] + [f"10.80.{number}.0/24" for number in range(4)]
    vpc = {"cidr": "10.64.0.0/16"}
    template = routed({"management_clients": clients}, network=vpc, balancer=balanced(clients=["10.0.0.0/8"]))
    found = [each for each in rules(template).values() if each[0]["host-header"] == [MANAGEMENT]]
    assert [each for conditions, _ in found for each in conditions["source-ip"]] == clients
    assert {len(conditions["source-ip"]) + 1 for conditions, _ in found} == {MOST_VALUES}
    assert len({name for _, name in found}) == 1
    assert max(number for number in rules(template)) == 50


@given(st.lists(st.integers()))
def test_no_client_is_lost_and_no_rule_is_without_a_client_where_there_are_any(clients: list[int]) -> None:
    named: Sequence[str] = [str(each) for each in clients]
    few = _few(named)
    assert [each for some in few for each in some] == named
    assert all(len(some) < MOST_VALUES for some in few)
    assert all(few) if clients else few == [()]


def test_the_outputs_say_where_to_begin() -> None:
    outputs = routed()["Outputs"]
    assert outputs["Url"]["Value"] == "https://as.example.org"
    assert outputs["AdminUrl"]["Value"] == "https://mgt.as.example.org/carbon/"


@pytest.mark.parametrize(
    ("management", "named"),
    [
        ("mgt.as.example.org", {"as.example.org.", "mgt.as.example.org."}),
        ("mgt.example.org", {"as.example.org."}),
    ],
)
def test_both_names_lead_to_the_balancer_in_route_53_where_they_surely_lie_in_the_zone(
    management: str, named: set[str]
) -> None:
    domain = {"name": "as.example.org", "zone": "Z0123456789ABC"}
    template = routed({"host": None, "management": management}, balancer=balanced(domain=domain))
    balancer, _ = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    records = of_type(template, "Route53::RecordSet").values()
    assert {each["Name"] for each in records} == named
    assert all(each["AliasTarget"]["DNSName"] == attribute(balancer, "DNSName") for each in records)


def test_without_a_zone_there_is_no_record() -> None:
    assert of_type(routed(), "Route53::RecordSet") == {}


@pytest.mark.parametrize(("said", "seconds"), [({}, "60"), ({"socket_timeout": 6}, "6")])
def test_a_quiet_connection_ends_as_the_file_says(said: dict[str, int], seconds: str) -> None:
    assert balancer_attributes(routed(said))["idle_timeout.timeout_seconds"] == seconds


def test_the_formation_waits_for_every_way_to_nodes() -> None:
    template = routed({"management_clients": [f"10.64.{number}.0/24" for number in range(6)]})
    (handle,) = of_type(template, "CloudFormation::WaitConditionHandle")
    kinds = ("Listener", "ListenerRule", "TargetGroup")
    wanted = {name for kind in kinds for name in of_type(template, f"ElasticLoadBalancingV2::{kind}")}
    assert len(wanted) == 2 + 3 + 2
    assert depends_on(template, handle) == wanted


def test_a_worker_more_changes_no_rule_and_no_management() -> None:
    before, after = routed(), routed(nodes={"a": MGT, **WORKERS, "d": WORKERS["b"]})
    assert rules(before) == rules(after)
    assert groups(before)[MANAGEMENT] == groups(after)[MANAGEMENT]
    assert nodes_of(after, USERS) == ["b", "c", "d"]


def test_an_absent_node_is_no_target_and_an_empty_group_stays() -> None:
    absent = {name: {**node, "present": False} for name, node in WORKERS.items()}
    template = routed(nodes={"a": MGT, **absent})
    assert "Targets" not in groups(template)[USERS][1]
    assert nodes_of(template, MANAGEMENT) == ["a"]


def test_an_existing_vpc_changes_nothing_about_the_rules() -> None:
    template = routed(nodes=PLACED, network={"vpc": EXISTING})
    assert [conditions for conditions, _ in rules(template).values()] == [
        conditions for conditions, _ in rules(routed()).values()
    ]


def test_every_group_is_watched_and_of_two_management_nodes_one_is_enough(tmp_path: Path) -> None:
    """The one that does not commit is never ready while the other is: an alarm about it would never end."""
    template = whole(server({"committer": "a"}, nodes=TWO), tmp_path)
    watched = {
        each["Dimensions"][1]["Value"]["Fn::GetAtt"][0]
        for each in of_type(template, "CloudWatch::Alarm").values()
        if each.get("MetricName") == "UnHealthyHostCount"
    }
    assert watched == {groups(template)[USERS][0]}
    assert "No node leads: administration reaches any of them" in alarms(template)


def test_one_management_node_is_watched_like_all_others(tmp_path: Path) -> None:
    template = whole(server(), tmp_path)
    watched = {
        each["Dimensions"][1]["Value"]["Fn::GetAtt"][0]
        for each in of_type(template, "CloudWatch::Alarm").values()
        if each.get("MetricName") == "UnHealthyHostCount"
    }
    assert watched == {groups(template)[USERS][0], groups(template)[MANAGEMENT][0]}
    assert "No node leads: administration reaches any of them" not in alarms(template)


def test_each_account_of_the_repository_has_a_generated_password_of_letters_and_digits(tmp_path: Path) -> None:
    template = whole(server(), tmp_path)
    made = {
        json.loads(each["GenerateSecretString"]["SecretStringTemplate"])["username"]: each["GenerateSecretString"]
        for each in of_type(template, "SecretsManager::Secret").values()
        if "GenerateSecretString" in each
    }
    assert made.keys() == {"commit", "checkout"}
    assert all(each["ExcludePunctuation"] is True for each in made.values())


def test_rules_hang_on_the_listener_of_https() -> None:
    template = routed()
    listener, _ = the(template, LISTENER, Port=443)
    found = of_type(template, "ElasticLoadBalancingV2::ListenerRule").values()
    assert [each["ListenerArn"] for each in found] == [ref(listener)] * 2
