"""Who reaches whom."""

from typing import Any

import pytest

from tests.axonivy_support import IVY
from tests.conftest import Template
from tests.parts_support import CERTIFICATE, parts
from tests.template_help import of_type, the

Rule = tuple[str, str, int, str]
"""Direction, group, port, other side."""

INTERNAL: set[Rule] = {
    ("out", "nodes", 443, "0.0.0.0/0"),
    ("out", "nodes", 9092, "nodes"),
    ("out", "nodes", 9093, "nodes"),
    ("in", "nodes", 9092, "nodes"),
    ("in", "nodes", 9093, "nodes"),
    ("in", "nodes", 8080, "balancer"),
    ("in", "nodes", 9180, "balancer"),
    ("in", "balancer", 80, "10.64.0.0/20"),
    ("out", "balancer", 8080, "nodes"),
    ("out", "balancer", 9180, "nodes"),
}


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of the plain cluster file."""
    return parts()


def rules(template: Template) -> set[Rule]:
    """Return every rule of every security group, wherever the template writes it."""
    names: dict[str, str] = {
        name: "nodes" if "GroupName" in each else "balancer"
        for name, each in of_type(template, "EC2::SecurityGroup").items()
    }

    def side(rule: dict[str, Any]) -> str:
        group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
        return names[group["Fn::GetAtt"][0]] if group else rule["CidrIp"]

    def read(direction: str, group: str, rule: dict[str, Any]) -> Rule:
        assert rule["FromPort"] == rule["ToPort"]
        assert rule["IpProtocol"] == "tcp"
        assert rule["Description"]
        return direction, group, rule["FromPort"], side(rule)

    found = set()
    for name, each in of_type(template, "EC2::SecurityGroup").items():
        found |= {read("in", names[name], rule) for rule in each.get("SecurityGroupIngress", [])}
        found |= {read("out", names[name], rule) for rule in each.get("SecurityGroupEgress", [])}
    for direction, type_ in (("in", "EC2::SecurityGroupIngress"), ("out", "EC2::SecurityGroupEgress")):
        for rule in of_type(template, type_).values():
            found.add(read(direction, names[rule["GroupId"]["Fn::GetAtt"][0]], rule))
    return found


def test_the_rules_are_exactly_these(template: Template) -> None:
    assert rules(template) == INTERNAL


def test_both_groups_have_a_way_out_of_their_own(template: Template) -> None:
    """A group made without one begins with a rule that lets everything out."""
    assert all(each["SecurityGroupEgress"] for each in of_type(template, "EC2::SecurityGroup").values())


def test_debian_fetches_packages_by_plain_http_too() -> None:
    template = parts(instance={"type": "t4g.medium", "os": "debian-12"})
    assert rules(template) == INTERNAL | {("out", "nodes", 80, "0.0.0.0/0")}


@pytest.mark.parametrize(
    ("product", "field", "archive", "block"),
    [
        ("as400gateway", "as400gateway", "x.jar", {}),
        ("axonivy", "axonivy", "x.zip", IVY["axonivy"]),
        ("kaazing", "kaazing", "x.zip", {"host": "wss.example.org"}),
        ("wso2-carbon", "wso2", "x.zip", {"kernel": "4.10.126", "membership": "wka"}),
    ],
)
def test_what_the_file_says_of_the_outside_is_open_there_and_to_nobody_from_there(
    product: str, field: str, archive: str, block: dict[str, Any]
) -> None:
    def found(outside: dict[str, Any]) -> set[Rule]:
        return rules(parts(product=product, artifact={"file": archive}, **{field: {**block, **outside}}))

    more = {("out", "nodes", port, "0.0.0.0/0") for port in (25, 61616)}
    assert found({"outside": [61616, 25, 443]}) == found({}) | more


def test_other_ports_move_the_rules() -> None:
    template = parts(database={"port": 19092, "peer_port": 19093}, as400gateway={"port": 18080})
    moved = {9092: 19092, 9093: 19093, 8080: 18080}
    expected = {(direction, group, moved.get(port, port), side) for direction, group, port, side in INTERNAL}
    assert rules(template) == expected


def test_nodes_that_speak_tls_reach_each_other_at_their_fronts_alone() -> None:
    plain = {rule for rule in INTERNAL if rule[2] in (9092, 9093)}
    fronts: set[Rule] = {("out", "nodes", 9094, "nodes"), ("in", "nodes", 9094, "nodes")}
    assert rules(parts(database={"tls": True})) == INTERNAL - plain | fronts


def users(template: Template) -> set[tuple[int, str]]:
    """Return on which ports the balancer is reached, and from where."""
    return {
        (port, side) for direction, group, port, side in rules(template) if (direction, group) == ("in", "balancer")
    }


def test_a_balancer_that_faces_the_internet_is_reached_from_anywhere() -> None:
    template = parts(balancer={"scheme": "internet-facing", "certificate": CERTIFICATE})
    assert users(template) == {(80, "0.0.0.0/0"), (443, "0.0.0.0/0")}
    assert len(rules(template)) == len(INTERNAL) + 1


@pytest.mark.parametrize("scheme", ["internal", "internet-facing"])
def test_only_the_clients_that_the_file_names_reach_the_balancer(scheme: str) -> None:
    clients = ["10.0.0.0/8", "192.0.2.1/32"]
    template = parts(balancer={"scheme": scheme, "certificate": CERTIFICATE, "clients": clients})
    assert users(template) == {(port, client) for port in (80, 443) for client in clients}


def test_an_admin_port_is_open_to_the_same_clients() -> None:
    template = parts(balancer={"clients": ["10.0.0.0/8"], "admin": {"route": "port", "port": 8443}})
    assert users(template) == {(80, "10.0.0.0/8"), (8443, "10.0.0.0/8")}


def test_the_group_of_the_nodes_has_an_explicit_name(template: Template) -> None:
    """Some cluster engines look for members by the name of their group."""
    the(template, "EC2::SecurityGroup", GroupName="muster-as400")
