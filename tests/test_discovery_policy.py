"""Leave to find members by the EC2 API."""

from dataclasses import replace

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template as Assertions

from muster.discovery_policy import DiscoveryPolicy
from muster.products import PRODUCTS
from tests.conftest import Synthesize, Template
from tests.template_help import of_type, ref, the

STATEMENT = {
    "Action": "ec2:DescribeInstances",
    "Effect": "Allow",
    "Resource": "*",
    "Condition": {"StringEquals": {"ec2:Region": {"Ref": "AWS::Region"}}},
}


def test_allows_to_describe_instances_of_this_region_and_nothing_else() -> None:
    stack = cdk.Stack(cdk.App(), "S")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    DiscoveryPolicy(stack, "DiscoveryPolicy", role=role)
    name, properties = the(Assertions.from_stack(stack).to_json(), "IAM::ManagedPolicy")
    assert properties["PolicyDocument"]["Statement"] == [STATEMENT]
    assert properties["Roles"] == [stack.resolve(ref(stack.get_logical_id(role.node.default_child)))]  # type: ignore[arg-type]
    assert name.startswith("DiscoveryPolicy")


def describing(template: Template) -> list[str]:
    """Return the policies that allow to describe instances."""
    return [name for name, each in of_type(template, "IAM::ManagedPolicy").items() if "DescribeInstances" in str(each)]


def test_is_absent_where_the_product_knows_its_members_from_the_settings(template: Template) -> None:
    assert describing(template) == []


def test_is_attached_where_the_product_discovers_by_the_ec2_api(
    synthesize: Synthesize, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = PRODUCTS["as400gateway"]
    monkeypatch.setitem(PRODUCTS, "as400gateway", replace(product, discovers_by_ec2_api=True))
    template = synthesize(name="discovers")
    (policy,) = describing(template)
    (role,) = {each["Roles"][0]["Ref"] for each in of_type(template, "IAM::InstanceProfile").values()}
    assert template["Resources"][policy]["Properties"]["Roles"] == [ref(role)]
    monkeypatch.undo()
