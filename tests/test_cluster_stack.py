"""The one stack of a cluster, as a whole."""

import json
from pathlib import Path
from typing import Any

import pytest

from muster.products import PRODUCTS
from tests.conftest import ROOT, Synthesize, Template, WriteCluster, synthesized
from tests.golden_files import same_as_kept
from tests.judged import judged
from tests.template_help import of_type
from tests.variants import EXAMPLES, VARIANTS

GOLDEN = ROOT / "tests" / "golden"
STATEFUL = (
    *("EC2::VPC", "EC2::Subnet", "EC2::SecurityGroup", "EC2::Volume", "EC2::Instance", "EC2::NatGateway", "EC2::EIP"),
    *("SecretsManager::Secret", "SSM::Parameter", "ElasticLoadBalancingV2::LoadBalancer"),
    *("ElasticLoadBalancingV2::TargetGroup", "Logs::LogGroup", "S3::Bucket", "SNS::Topic", "EC2::VPCEndpoint"),
    *("WAFv2::WebACL", "Route53::RecordSet", "DynamoDB::Table", "IAM::User", "IAM::AccessKey"),
    *("EFS::FileSystem", "EFS::MountTarget"),
)
OF_DATABASES = ("RDS::DBInstance", "RDS::DBSubnetGroup", "RDS::DBParameterGroup")
"""What only the products have whose file may ask for a database."""
TYPES = {
    *(f"CloudFormation::{name}" for name in ("WaitCondition", "WaitConditionHandle")),
    *(f"CloudWatch::{name}" for name in ("Alarm", "Dashboard")),
    *(f"EC2::{name}" for name in ("EIP", "FlowLog", "Instance", "InternetGateway", "NatGateway", "Route")),
    *(f"EC2::{name}" for name in ("RouteTable", "SecurityGroup", "SecurityGroupEgress", "SecurityGroupIngress")),
    *(f"EC2::{name}" for name in ("Subnet", "SubnetRouteTableAssociation", "VPC", "VPCEndpoint")),
    *(f"EC2::{name}" for name in ("NetworkAcl", "NetworkAclEntry", "SubnetNetworkAclAssociation")),
    *(f"EC2::{name}" for name in ("VPCGatewayAttachment", "Volume")),
    *(f"ElasticLoadBalancingV2::{name}" for name in ("Listener", "ListenerRule", "LoadBalancer", "TargetGroup")),
    *(f"IAM::{name}" for name in ("AccessKey", "InstanceProfile", "ManagedPolicy", "Role", "User")),
    *(f"S3::{name}" for name in ("Bucket", "BucketPolicy")),
    *(f"SNS::{name}" for name in ("Subscription", "Topic", "TopicPolicy")),
    *(f"WAFv2::{name}" for name in ("LoggingConfiguration", "WebACL", "WebACLAssociation")),
    *(f"EFS::{name}" for name in ("FileSystem", "MountTarget")),
    *OF_DATABASES,
    *("DynamoDB::Table", "Logs::LogGroup", "Route53::RecordSet", "SSM::Parameter", "SecretsManager::Secret"),
}


@pytest.mark.parametrize("example", [example.stem for example in EXAMPLES])
def test_stateful_resources_keep_their_logical_ids(example: str) -> None:
    """Another id is another resource: on an update the old one is deleted, with what it holds."""
    types = (
        *STATEFUL,
        *(OF_DATABASES if PRODUCTS[VARIANTS[f"{example}: as it stands"].fields["product"]].makes_databases else ()),
    )
    ids = {
        form: {type_: sorted(of_type(judged(f"{example}: {form}").template, type_)) for type_ in types}
        for form in ("as it stands", "everything on")
    }
    same_as_kept(json.dumps(ids, indent=1) + "\n", GOLDEN / f"{example}.stateful.json")


def test_no_edit_renames_a_stateful_resource_of_a_node_that_stays(template: Template, synthesize: Synthesize) -> None:
    edited = synthesize(
        nodes={"a": {"zone": "eu-west-1a"}, "c": {"zone": "eu-west-1b"}},
        instance={"type": "m7g.large", "java": 21},
        database={"port": 19092},
        balancer={"stickiness": {"hours": 2}},
    )
    gone = {name for type_ in STATEFUL for name in set(of_type(template, type_)) - set(of_type(edited, type_))}
    of_b = {
        *(
            name
            for name, each in of_type(template, "EC2::Instance").items()
            if each["PrivateIpAddress"] == "10.64.1.11"
        ),
        *(name for name, each in of_type(template, "EC2::Volume").items() if each["AvailabilityZone"] == "eu-west-1b"),
    }
    assert gone == of_b


def test_only_these_types_are_used() -> None:
    """No launch template, no function, no custom resource: each would change how a node may be updated or removed."""
    used = {each["Type"] for name in VARIANTS for each in judged(name).template["Resources"].values()}
    assert {type_.removeprefix("AWS::") for type_ in used} == TYPES


def test_the_same_file_gives_the_same_template(
    write_cluster: WriteCluster, node_files: Path, context: dict[str, Any], tmp_path: Path, template: Template
) -> None:
    again = synthesized(write_cluster(), node_files, context, tmp_path)
    assert json.dumps(again) == json.dumps(template)


def test_the_order_of_the_nodes_changes_nothing(template: Template, synthesize: Synthesize) -> None:
    swapped = synthesize(nodes={"b": {"zone": "eu-west-1b"}, "a": {"zone": "eu-west-1a"}})
    assert json.dumps(swapped) == json.dumps(template)


def test_outputs_are_where_users_and_nodes_are_and_what_to_do_next(template: Template) -> None:
    outputs = {name: each["Value"] for name, each in template["Outputs"].items()}
    assert set(outputs) == {"Url", "NodeA", "NodeB", "SessionNodeA", "SessionNodeB", "Status", "DestroyKeeps"}
    assert (outputs["NodeA"], outputs["NodeB"]) == ("10.64.0.10", "10.64.1.11")


def test_the_template_names_no_account_and_exports_nothing(template: Template) -> None:
    assert not [each for each in template["Outputs"].values() if "Export" in each]
    assert "ImportValue" not in json.dumps(template)
    assert "123456789012" not in json.dumps(template)
