"""The one stack of a cluster, as a whole."""

import json
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Synthesize, Template, WriteCluster, synthesized
from tests.template_help import of_type

GOLDEN = ROOT / "tests" / "golden" / "stateful_ids.json"
STATEFUL = (
    *("EC2::VPC", "EC2::Subnet", "EC2::SecurityGroup", "EC2::Volume", "EC2::Instance", "EC2::NatGateway", "EC2::EIP"),
    *("SecretsManager::Secret", "SSM::Parameter", "ElasticLoadBalancingV2::LoadBalancer"),
    *("ElasticLoadBalancingV2::TargetGroup", "Logs::LogGroup"),
)
TYPES = {
    *(f"CloudFormation::{name}" for name in ("WaitCondition", "WaitConditionHandle")),
    *(
        f"EC2::{name}"
        for name in ("EIP", "FlowLog", "Instance", "InternetGateway", "NatGateway", "Route", "RouteTable")
    ),
    *(f"EC2::{name}" for name in ("SecurityGroup", "SecurityGroupEgress", "SecurityGroupIngress", "Subnet", "Volume")),
    *(f"EC2::{name}" for name in ("SubnetRouteTableAssociation", "VPC", "VPCGatewayAttachment")),
    *(f"ElasticLoadBalancingV2::{name}" for name in ("Listener", "LoadBalancer", "TargetGroup")),
    *(f"IAM::{name}" for name in ("InstanceProfile", "ManagedPolicy", "Role")),
    *("Logs::LogGroup", "SSM::Parameter", "SecretsManager::Secret"),
}


def test_stateful_resources_keep_their_logical_ids(template: Template) -> None:
    """Another id is another resource: on an update the old one is deleted, with what it holds."""
    ids = {type_: sorted(of_type(template, type_)) for type_ in STATEFUL}
    assert ids == json.loads(GOLDEN.read_text(encoding="utf-8"))


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


def test_only_these_types_are_used(template: Template) -> None:
    """No launch template, no function, no custom resource: each would change how a node may be updated or removed."""
    assert {each["Type"].removeprefix("AWS::") for each in template["Resources"].values()} == TYPES


def test_the_same_file_gives_the_same_template(
    write_cluster: WriteCluster, node_files: Path, context: dict[str, Any], tmp_path: Path, template: Template
) -> None:
    again = synthesized(write_cluster(), node_files, context, tmp_path)
    assert json.dumps(again) == json.dumps(template)


def test_the_order_of_the_nodes_changes_nothing(template: Template, synthesize: Synthesize) -> None:
    swapped = synthesize(nodes={"b": {"zone": "eu-west-1b"}, "a": {"zone": "eu-west-1a"}})
    assert json.dumps(swapped) == json.dumps(template)


def test_outputs_are_the_url_and_the_nodes_addresses(template: Template) -> None:
    outputs = {name: each["Value"] for name, each in template["Outputs"].items()}
    assert set(outputs) == {"Url", "NodeA", "NodeB"}
    assert (outputs["NodeA"], outputs["NodeB"]) == ("10.64.0.10", "10.64.1.11")


def test_the_template_names_no_account_and_exports_nothing(template: Template) -> None:
    assert not [each for each in template["Outputs"].values() if "Export" in each]
    assert "ImportValue" not in json.dumps(template)
    assert "123456789012" not in json.dumps(template)


def test_the_template_is_small(template: Template) -> None:
    """The CDK would have to publish one of more than 51,200 bytes before CloudFormation takes it."""
    assert len(template["Resources"]) <= 100
    assert len(json.dumps(template)) < 51_200
