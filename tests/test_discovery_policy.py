"""Leave to find members by the EC2 API."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template as Assertions

from muster.discovery_policy import DiscoveryPolicy
from tests.conftest import CARBON, Synthesize, Template
from tests.template_help import depends_on, of_type, ref, the

STATEMENT = {
    "Action": "ec2:DescribeInstances",
    "Effect": "Allow",
    "Resource": "*",
    "Condition": {"StringEquals": {"ec2:Region": {"Ref": "AWS::Region"}}},
}


def test_allows_to_describe_instances_of_this_region_and_nothing_else() -> None:
    stack = cdk.Stack(cdk.App(), "S")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    DiscoveryPolicy(stack, "DiscoveryPolicy", roles=[role])
    name, properties = the(Assertions.from_stack(stack).to_json(), "IAM::ManagedPolicy")
    assert properties["PolicyDocument"]["Statement"] == [STATEMENT]
    assert properties["Roles"] == [stack.resolve(ref(stack.get_logical_id(role.node.default_child)))]  # type: ignore[arg-type]
    assert name.startswith("DiscoveryPolicy")


def describing(template: Template) -> list[str]:
    """Return the policies that allow to describe instances."""
    return [name for name, each in of_type(template, "IAM::ManagedPolicy").items() if "DescribeInstances" in str(each)]


def test_is_absent_where_the_product_knows_its_members_from_the_settings(template: Template) -> None:
    assert describing(template) == []


def test_is_absent_where_members_know_each_others_addresses(synthesize: Synthesize) -> None:
    template = synthesize(**{**CARBON, "wso2": {"kernel": "4.10.126", "membership": "wka"}})
    assert describing(template) == []


def test_is_on_the_nodes_role_where_the_engine_takes_that(synthesize: Synthesize) -> None:
    template = synthesize(**CARBON)
    (policy,) = describing(template)
    (role,) = {each["Roles"][0]["Ref"] for each in of_type(template, "IAM::InstanceProfile").values()}
    assert template["Resources"][policy]["Properties"]["Roles"] == [ref(role)]
    assert template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"] == [STATEMENT]


def test_stands_before_a_node_looks_for_members(synthesize: Synthesize) -> None:
    """Hazelcast 5 begins alone when it may not ask, and says so in its log alone."""
    template = synthesize(**CARBON)
    (policy,), (document,) = describing(template), of_type(template, "SSM::Parameter")
    assert policy in depends_on(template, document)
    for node in of_type(template, "EC2::Instance"):
        assert document in depends_on(template, node)


@pytest.mark.parametrize("kernel", ["4.9.33", "4.4.40"], ids=["a role alone", "a user"])
def test_behind_endpoints_it_holds_in_the_clusters_vpc_alone(kernel: str, synthesize: Synthesize) -> None:
    """What a node took on and what a user has is bound to no instance: the VPC is what is left to bind it to."""
    template = synthesize(**{**CARBON, "wso2": {"kernel": kernel}, "network": {"egress": "endpoints"}})
    (vpc,), (policy,) = of_type(template, "EC2::VPC"), describing(template)
    (statement,) = template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"ec2:Region": ref("AWS::Region"), "aws:SourceVpc": ref(vpc)}}
    assert depends_on(template, policy) >= set(of_type(template, "EC2::VPCEndpoint"))
