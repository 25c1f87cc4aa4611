"""The role that finds members, for engines that cannot use the node's own."""

import json

import pytest

from tests.conftest import CARBON, Synthesize, Template
from tests.template_help import attribute, depends_on, of_type, ref, text, the
from tests.test_discovery_policy import STATEMENT, describing


@pytest.fixture(scope="module")
def template(synthesize: Synthesize) -> Template:
    """Return the template of a kernel whose engine has no use for version 2 of the metadata service."""
    return synthesize(**{**CARBON, "wso2": {"kernel": "4.9.33"}})


def node_role(template: Template) -> str:
    """Return the role of the instances."""
    (role,) = {each["Roles"][0]["Ref"] for each in of_type(template, "IAM::InstanceProfile").values()}
    return str(role)


def discovery_role(template: Template) -> str:
    """Return the role that may describe instances."""
    (policy,) = describing(template)
    (role,) = template["Resources"][policy]["Properties"]["Roles"]
    return str(role["Ref"])


def test_may_describe_instances_of_this_region_and_nothing_else(template: Template) -> None:
    of_role = [
        each
        for each in of_type(template, "IAM::ManagedPolicy").values()
        if each.get("Roles") == [ref(discovery_role(template))]
    ]
    assert [each["PolicyDocument"]["Statement"] for each in of_role] == [[STATEMENT]]
    assert set(template["Resources"][discovery_role(template)]["Properties"]) == {"AssumeRolePolicyDocument"}


def test_is_assumed_by_the_nodes_role_alone(template: Template) -> None:
    document = template["Resources"][discovery_role(template)]["Properties"]["AssumeRolePolicyDocument"]
    assert document["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": attribute(node_role(template), "Arn")},
        }
    ]


def test_the_nodes_role_may_assume_exactly_it_and_describes_nothing_itself(template: Template) -> None:
    statements = [
        statement
        for each in of_type(template, "IAM::ManagedPolicy").values()
        if ref(node_role(template)) in each.get("Roles", [])
        for statement in each["PolicyDocument"]["Statement"]
    ]
    assumes = [each for each in statements if "sts:AssumeRole" in each["Action"]]
    assert [(each["Action"], each["Resource"]) for each in assumes] == [
        ("sts:AssumeRole", attribute(discovery_role(template), "Arn"))
    ]
    assert "DescribeInstances" not in json.dumps(statements)


def test_nodes_are_told_its_arn(template: Template) -> None:
    _, parameter = the(template, "SSM::Parameter")
    settings = json.loads(text(parameter["Value"]))["settings"]
    assert (settings["credentials"], settings["discovery_role"]) == ("bridge", f"<{discovery_role(template)}>")


def test_what_it_needs_stands_before_a_node_looks_for_members(template: Template) -> None:
    (document,) = of_type(template, "SSM::Parameter")
    policies = {name for name in of_type(template, "IAM::ManagedPolicy") if not name.startswith("Network")}
    assert len(policies) == 3
    assert policies <= depends_on(template, document)


def test_is_absent_where_the_nodes_role_is_enough(synthesize: Synthesize) -> None:
    template = synthesize(**CARBON)
    assert "sts:AssumeRole" not in json.dumps(list(of_type(template, "IAM::ManagedPolicy").values()))
    _, parameter = the(template, "SSM::Parameter")
    assert "discovery_role" not in text(parameter["Value"])


def test_has_the_clusters_permission_boundary(synthesize: Synthesize) -> None:
    boundary = "arn:aws:iam::123456789012:policy/bounded"
    template = synthesize(**{**CARBON, "wso2": {"kernel": "4.9.33"}, "permission_boundary": boundary})
    assert template["Resources"][discovery_role(template)]["Properties"]["PermissionsBoundary"] == boundary
