"""The file system that the nodes of a cluster share."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from musternode.axonivy.document import read
from tests.axonivy_support import LICENCE, ivy, write_named_files
from tests.conftest import Synthesize, Template
from tests.node_side import KEY
from tests.parts_support import EXISTING, PLACED
from tests.template_help import attribute, depends_on, of_type, ref, text, the
from tests.test_node_role import statements
from tests.test_settings_document import document

GIVEN = "fs-0123456789abcdef0"
CLIENT = [f"elasticfilesystem:Client{each}" for each in ("Mount", "RootAccess", "Write")]
IN_A_VPC = {"nodes": PLACED, "network": {"vpc": EXISTING}}


@pytest.fixture(scope="module", autouse=True)
def _files(clusters: Path) -> None:
    write_named_files(clusters)


@pytest.fixture(scope="module")
def own(synthesize: Synthesize) -> Template:
    """Return the template of a cluster with a file system of its own."""
    return synthesize(**ivy())


@pytest.fixture(scope="module")
def given(synthesize: Synthesize) -> Template:
    """Return the template of a cluster with a file system that is there already."""
    return synthesize(**ivy({"shared": GIVEN}, **IN_A_VPC))


def test_is_encrypted_saved_every_day_and_keeps_every_file_at_hand(own: Template) -> None:
    made = dict(the(own, "EFS::FileSystem")[1])
    tags = {each["Key"]: each["Value"] for each in made.pop("FileSystemTags")}
    assert (tags["Name"], tags["muster:cluster"]) == ("ivy-shared", "ivy")
    del made["FileSystemPolicy"]
    assert made == {"Encrypted": True, "BackupPolicy": {"Status": "ENABLED"}, "ThroughputMode": "elastic"}


def test_is_encrypted_with_the_clusters_key_if_there_is_one(synthesize: Synthesize) -> None:
    template = synthesize(**ivy(kms_key=KEY, account="123456789012"))
    assert the(template, "EFS::FileSystem")[1]["KmsKeyId"] == KEY


@pytest.mark.parametrize(("protection", "policy"), [("on", "Retain"), ("lifted", "Retain"), ("off", "Delete")])
def test_it_stays_unless_protection_is_off_and_the_outputs_say_so(
    protection: str, policy: str, synthesize: Synthesize
) -> None:
    template = synthesize(**ivy(protection=protection))
    resource = template["Resources"][the(template, "EFS::FileSystem")[0]]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, policy)
    said = text(template["Outputs"]["DestroyKeeps"]["Value"])
    assert ("the shared files" in said) == (policy == "Retain")


def test_its_policy_names_the_nodes_role_alone_and_refuses_whoever_comes_without_tls(own: Template) -> None:
    (role,) = (name for name in of_type(own, "IAM::Role") if name.startswith("NodeRole"))
    assert the(own, "EFS::FileSystem")[1]["FileSystemPolicy"]["Statement"] == [
        {
            "Sid": "Nodes",
            "Effect": "Allow",
            "Principal": {"AWS": attribute(role, "Arn")},
            "Action": CLIENT,
            "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
        },
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


def test_leave_to_use_the_clusters_own_file_system_stands_in_its_policy_alone(own: Template) -> None:
    assert "SharedFiles" not in statements(own)


def test_a_node_may_use_exactly_the_file_system_that_is_given(given: Template) -> None:
    allowed = {"Effect": "Allow", "Action": CLIENT}
    said = statements(given)["SharedFiles"]
    arn = text(said.pop("Resource"), **{"AWS::Partition": "aws", "AWS::AccountId": "123456789012"})
    assert (said, arn) == (allowed, f"arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/{GIVEN}")


def mount_targets(template: Template) -> list[dict[str, Any]]:
    """Return them by zone, that is by name."""
    return [each for _, each in sorted(of_type(template, "EFS::MountTarget").items())]


def subnet(template: Template, cidr: str) -> dict[str, str]:
    """Return a reference to the subnet of this range."""
    return ref(the(template, "EC2::Subnet", CidrBlock=cidr)[0])


def test_each_zone_of_a_node_has_one_address_and_none_of_a_node_can_be_it(own: Template) -> None:
    name, _ = the(own, "EFS::FileSystem")
    group, _ = the(own, "EC2::SecurityGroup", GroupDescription="Shared files of the cluster")
    assert mount_targets(own) == [
        {"FileSystemId": ref(name), "SubnetId": subnet(own, cidr), "SecurityGroups": [attribute(group, "GroupId")]}
        for cidr in ("10.64.8.0/25", "10.64.9.0/25")
    ]


def test_an_absent_nodes_zone_keeps_its_address(own: Template, synthesize: Synthesize) -> None:
    absent = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}, "c": {"zone": "eu-west-1c", "present": False}}
    assert len(mount_targets(synthesize(**ivy(nodes=absent)))) == len(mount_targets(own)) + 1


def test_in_a_vpc_that_is_there_it_has_them_in_the_balancers_subnets_of_nodes_zones(synthesize: Synthesize) -> None:
    more = {"nodes": {"id": "subnet-0c000000000000001", "cidr": "10.0.3.0/24"}}
    more["balancer"] = {"id": "subnet-0c000000000000002", "cidr": "10.0.103.0/24"}
    vpc = {**EXISTING, "zones": {**EXISTING["zones"], "eu-west-1c": more}}
    template = synthesize(**ivy(nodes=PLACED, network={"vpc": vpc}))
    assert [each["SubnetId"] for each in mount_targets(template)] == [
        "subnet-0a000000000000002",
        "subnet-0b000000000000002",
    ]


def test_nobody_but_nodes_reaches_it_and_it_reaches_nobody(own: Template) -> None:
    group, made = the(own, "EC2::SecurityGroup", GroupDescription="Shared files of the cluster")
    shared, nodes = the(own, "EC2::SecurityGroup", GroupName="muster-ivy")
    (rule,) = [
        each
        for each in of_type(own, "EC2::SecurityGroupIngress").values()
        if each["GroupId"] == attribute(group, "GroupId")
    ]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 2049, 2049)
    assert rule["SourceSecurityGroupId"] == attribute(shared, "GroupId")
    assert "SecurityGroupIngress" not in made
    (way_out,) = made["SecurityGroupEgress"]
    assert way_out["CidrIp"] == "255.255.255.255/32"
    assert 2049 not in {each.get("FromPort") for each in nodes["SecurityGroupEgress"]}
    name, way = the(own, "EC2::SecurityGroupEgress", DestinationSecurityGroupId=attribute(group, "GroupId"))
    assert way["GroupId"] == attribute(shared, "GroupId")
    assert (way["IpProtocol"], way["FromPort"], way["ToPort"]) == ("tcp", 2049, 2049)
    assert all(name in depends_on(own, node) for node in of_type(own, "EC2::Instance"))


def test_one_that_is_there_is_reached_in_the_vpc_alone(given: Template) -> None:
    _, nodes = the(given, "EC2::SecurityGroup", GroupName="muster-ivy")
    ways = [each["CidrIp"] for each in nodes["SecurityGroupEgress"] if each["FromPort"] == 2049]
    assert ways == ["10.0.0.0/16"]


def test_a_folder_that_an_own_image_mounts_may_come_from_anywhere(synthesize: Synthesize) -> None:
    image = {"type": "t4g.medium", "ami": "ami-0123456789abcdef0", "architecture": "arm64"}
    template = synthesize(**ivy({"shared": "/srv/ivy/files"}, instance=image))
    _, nodes = the(template, "EC2::SecurityGroup", GroupName="muster-ivy")
    assert [each["CidrIp"] for each in nodes["SecurityGroupEgress"] if each["FromPort"] == 2049] == ["0.0.0.0/0"]


def test_nodes_are_told_of_it(own: Template, given: Template) -> None:
    name, _ = the(own, "EFS::FileSystem")
    assert document(own)["settings"]["file_system"] == f"<{name}>"
    assert document(given)["settings"]["file_system"] == GIVEN


def test_a_node_takes_the_document_that_the_stack_writes(given: Template) -> None:
    told = read(json.dumps(document(given)))
    assert (told.settings.file_system, told.settings.shared) == (GIVEN, "/mnt/axonivy")
    assert told.settings.licence_file.sha256 == hashlib.sha256(LICENCE).hexdigest()


def test_nodes_wait_for_its_addresses(own: Template) -> None:
    wanted = set(of_type(own, "EFS::MountTarget"))
    assert len(wanted) == 2
    for name in of_type(own, "EC2::Instance"):
        assert wanted <= depends_on(own, name)


def test_of_one_that_is_there_nothing_is_made(given: Template) -> None:
    assert not [each for each in given["Resources"].values() if each["Type"].startswith("AWS::EFS::")]
    assert "the shared files" not in text(given["Outputs"]["DestroyKeeps"]["Value"])


def test_a_folder_of_an_own_image_needs_nothing(synthesize: Synthesize) -> None:
    image = {"type": "t4g.medium", "ami": "ami-0123456789abcdef0", "architecture": "arm64"}
    template = synthesize(**ivy({"shared": "/srv/ivy/files"}, instance=image))
    assert not [each for each in template["Resources"].values() if each["Type"].startswith("AWS::EFS::")]
    assert "SharedFiles" not in statements(template)
    assert "file_system" not in document(template)["settings"]
