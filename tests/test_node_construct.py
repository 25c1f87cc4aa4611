"""A member machine, as CloudFormation is told to make it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muster.spec import load
from tests.conftest import Synthesize, Template, WriteCluster
from tests.judging import PACKS, WARNED, findings, nothing_accepted, unneeded
from tests.node_side import IMAGE, KEY, NodeSide
from tests.template_help import depends_on, of_type, ref, the

NODES = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}}
WITH_A_KEY = {"kms_key": KEY, "account": "123456789012"}


def of_node(template: Template, name: str) -> tuple[str, dict[str, Any]]:
    """Return logical id and properties of the instance of the node `name`."""
    return the(template, "EC2::Instance", Tags=[{"Key": "Name", "Value": f"as400-{name}"}])


def test_is_exactly_this(node_side: Synthesize) -> None:
    template = node_side()
    (profile,) = of_type(template, "IAM::InstanceProfile")
    volume, _ = the(template, "EC2::Volume", AvailabilityZone="eu-west-1a")
    assert of_node(template, "a")[1] == {
        "AvailabilityZone": "eu-west-1a",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 16, "VolumeType": "gp3"}}
        ],
        "DisableApiTermination": True,
        "IamInstanceProfile": ref(profile),
        "ImageId": IMAGE,
        "InstanceType": "t4g.medium",
        "MetadataOptions": {"HttpPutResponseHopLimit": 1, "HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        "Monitoring": True,
        "PrivateIpAddress": "10.64.0.10",
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "SubnetId": "subnet-00000000000000000",
        "Tags": [{"Key": "Name", "Value": "as400-a"}],
        "UserData": {"Fn::Base64": "#!/bin/bash\n"},
        "Volumes": [{"Device": "/dev/sdf", "VolumeId": ref(volume)}],
    }


def test_can_be_terminated_only_without_protection(node_side: Synthesize) -> None:
    """Said in so many words: CloudFormation may leave an attribute as it is when its property goes."""
    for protection, refused in (("on", True), ("lifted", False), ("off", False)):
        instances = of_type(node_side(protection=protection), "EC2::Instance").values()
        assert [each["DisableApiTermination"] for each in instances] == [refused, refused]


def test_its_root_is_encrypted_with_the_clusters_key_if_there_is_one(node_side: Synthesize) -> None:
    ((root,),) = [of_node(node_side(**WITH_A_KEY), "a")[1]["BlockDeviceMappings"]]
    assert root["Ebs"]["KmsKeyId"] == KEY


def test_starts_after_its_policy_and_after_all_that_it_is_told_to_wait_for(node_side: Synthesize) -> None:
    template = node_side()
    (policy,) = of_type(template, "IAM::ManagedPolicy")
    assert {policy, "Later"} <= depends_on(template, of_node(template, "a")[0])


def test_an_absent_node_has_a_volume_and_no_instance(node_side: Synthesize) -> None:
    template = node_side(nodes=NODES)
    assert [each["PrivateIpAddress"] for each in of_type(template, "EC2::Instance").values()] == ["10.64.0.10"]
    assert len(of_type(template, "EC2::Volume")) == 2


def test_every_taggable_resource_has_the_users_tags(node_side: Synthesize) -> None:
    template = node_side(tags={"cost-center": "1234", "team": "müller + söhne"})
    untagged = set()
    for each in template["Resources"].values():
        tags = {tag["Key"]: tag["Value"] for tag in each.get("Properties", {}).get("Tags", [])}
        if not {"cost-center": "1234", "team": "müller + söhne"}.items() <= tags.items():
            untagged.add(each["Type"].removeprefix("AWS::"))
    # CloudFormation takes no tags for these
    assert untagged == {
        *("IAM::InstanceProfile", "IAM::ManagedPolicy", "S3::BucketPolicy", "SNS::TopicPolicy"),
        "CloudFormation::WaitConditionHandle",
    }
    assert {"Key": "Name", "Value": "as400-a"} in [
        tag for instance in of_type(template, "EC2::Instance").values() for tag in instance["Tags"]
    ]


@pytest.mark.parametrize("changes", [{}, {"protection": "off"}, WITH_A_KEY], ids=str)
def test_no_rule_pack_finds_anything_about_nodes_but_what_is_accepted_with_need(
    changes: dict[str, Any], write_cluster: WriteCluster, context: Mapping[str, Any], tmp_path: Path
) -> None:
    cluster = load(write_cluster(**changes))

    def found(folder: str) -> set[Any]:
        every = findings(lambda app: NodeSide(app, cluster=cluster), PACKS, context, tmp_path / folder)
        return {each for each in every if "/Users/" not in each.path}  # a stand-in for the balancer

    assert {each.rule for each in found("accepted")} <= WARNED
    with nothing_accepted() as accepted:
        assert unneeded(accepted, found("bare")) == set()
        assert {each.rule for each in accepted if "EC29" in each.rule} == (
            set() if cluster.deletion_refused else {"AwsSolutions-EC29"}
        )
