"""EFS in the account: file systems and their mount targets are made, changed and removed, and say no as AWS does."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import Account
from tests.account_help import Stacks, Template, template

KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000001"
NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "CidrIp": "10.64.0.0/20"}
EVERYBODY = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
POLICY = {"Version": "2012-10-17", "Statement": [EVERYBODY]}


def subnet(zone: str, number: int) -> dict[str, Any]:
    given = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.64.{number}.0/24", "AvailabilityZone": f"eu-west-1{zone}"}
    return {"Type": "AWS::EC2::Subnet", "Properties": given}


def group(**more: Any) -> dict[str, Any]:
    about = {"GroupDescription": "files", "VpcId": {"Ref": "Vpc"}, "SecurityGroupIngress": [NFS], **more}
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": about}


PLACE: Mapping[str, Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}},
    "A": subnet("a", 0),
    "B": subnet("b", 1),
    "Again": subnet("a", 2),
    "Group": group(),
    "Other": group(),
}


def target(where: str, of: str = "Files", groups: str = "Group", **more: Any) -> dict[str, Any]:
    given = {"FileSystemId": {"Ref": of}, "SubnetId": {"Ref": where}, "SecurityGroups": [{"Ref": groups}], **more}
    return {"Type": "AWS::EFS::MountTarget", "Properties": given}


def files(policy: str = "Delete", **more: Any) -> dict[str, Any]:
    given = {"Encrypted": True, "BackupPolicy": {"Status": "ENABLED"}, **more}
    return {"Type": "AWS::EFS::FileSystem", "DeletionPolicy": policy, "Properties": given}


def made(stacks: Stacks, wanted: Template) -> None:
    ended = stacks.create("s", wanted)
    assert ended == "CREATE_COMPLETE", [event for event in stacks.events("s") if "FAILED" in event[1]]


def updated(stacks: Stacks, wanted: Template) -> None:
    assert stacks.update("s", wanted) == "UPDATE_COMPLETE", stacks.events("s")


def described(account: Account) -> dict[str, Any]:
    systems: list[dict[str, Any]] = account.client("efs").describe_file_systems()["FileSystems"]
    assert len(systems) == 1
    return systems[0]


def test_a_file_system_is_what_it_is_declared_as(stacks: Stacks, account: Account) -> None:
    given: dict[str, Any] = {"KmsKeyId": KEY, "PerformanceMode": "generalPurpose", "ThroughputMode": "elastic"}
    given |= {"FileSystemPolicy": POLICY, "LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}]}
    made(stacks, template(Files=files(**given, FileSystemTags=[{"Key": "Name", "Value": "ivy"}])))
    found, efs = described(account), account.client("efs")
    name = found["FileSystemId"]
    assert name == stacks.resource("s", "Files")
    assert (found["Encrypted"], found["KmsKeyId"], found["ThroughputMode"]) == (True, KEY, "elastic")
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert (tags["Name"], tags["aws:cloudformation:logical-id"]) == ("ivy", "Files")
    assert efs.describe_backup_policy(FileSystemId=name)["BackupPolicy"]["Status"] == "ENABLED"
    assert json.loads(efs.describe_file_system_policy(FileSystemId=name)["Policy"]) == POLICY
    lifecycle = efs.describe_lifecycle_configuration(FileSystemId=name)["LifecyclePolicies"]
    assert lifecycle == [{"TransitionToIA": "AFTER_30_DAYS"}]


def test_what_may_change_changes_in_place(stacks: Stacks, account: Account) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    made(stacks, template(Files=files(FileSystemPolicy=POLICY, FileSystemTags=tags)))
    before, efs = described(account), account.client("efs")
    given: dict[str, Any] = {"BackupPolicy": {"Status": "DISABLED"}, "ThroughputMode": "elastic"}
    updated(stacks, template(Files=files(**given, FileSystemTags=[{"Key": "b", "Value": "3"}])))
    after = described(account)
    assert after["FileSystemId"] == before["FileSystemId"]
    assert after["ThroughputMode"] == "elastic"
    assert {tag["Key"]: tag["Value"] for tag in after["Tags"] if not tag["Key"].startswith("aws:")} == {"b": "3"}
    for asked in (efs.describe_backup_policy, efs.describe_file_system_policy):
        with pytest.raises(efs.exceptions.PolicyNotFound):
            asked(FileSystemId=after["FileSystemId"])


def test_another_key_makes_another_file_system(stacks: Stacks, account: Account) -> None:
    made(stacks, template(Files=files()))
    before = described(account)["FileSystemId"]
    updated(stacks, template(Files=files(KmsKeyId=KEY)))
    assert described(account)["FileSystemId"] != before


def test_the_stacks_tags_are_the_file_systems_too(stacks: Stacks, account: Account) -> None:
    given = template(Files=files(FileSystemTags=[{"Key": "own", "Value": "1"}]))
    stacks.create("s", given, Tags=[{"Key": "own", "Value": "2"}, {"Key": "stack", "Value": "3"}])
    tags = {tag["Key"]: tag["Value"] for tag in described(account)["Tags"]}
    assert (tags["own"], tags["stack"]) == ("1", "3")


def test_a_key_without_encryption_is_refused(stacks: Stacks) -> None:
    assert stacks.create("s", template(Files=files(Encrypted=False, KmsKeyId=KEY))) == "ROLLBACK_COMPLETE"
    assert '"encrypted" must be True' in stacks.reason("s", "Files", "CREATE_FAILED")


def test_a_property_that_is_not_known_is_refused_by_its_name(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match=r"EFS::FileSystem: properties \['AvailabilityZoneName'\] are not supported"):
        stacks.propose("s", template(Files=files(AvailabilityZoneName="eu-west-1a")), kind="CREATE")


def test_a_mount_target_has_an_address_of_its_subnet_and_its_groups(stacks: Stacks, account: Account) -> None:
    wanted = template(**PLACE, Files=files(), InA=target("A"), InB=target("B", IpAddress="10.64.1.99"))
    wanted["Outputs"] = {name: {"Value": {"Fn::GetAtt": [name, "IpAddress"]}} for name in ("InA", "InB")}
    made(stacks, wanted)
    assert stacks.outputs("s") == {"InA": "10.64.0.252", "InB": "10.64.1.99"}
    efs, name = account.client("efs"), stacks.resource("s", "InA")
    there = efs.describe_mount_targets(FileSystemId=stacks.resource("s", "Files"))["MountTargets"]
    assert {each["IpAddress"]: each["AvailabilityZoneName"] for each in there} == {
        "10.64.0.252": "eu-west-1a",
        "10.64.1.99": "eu-west-1b",
    }
    wanted["Resources"]["InA"] = target("A", groups="Other")
    updated(stacks, wanted)
    assert stacks.resource("s", "InA") == name
    groups = efs.describe_mount_target_security_groups(MountTargetId=name)["SecurityGroups"]
    assert groups == [stacks.resource("s", "Other")]


def test_a_zone_has_one_mount_target(stacks: Stacks) -> None:
    wanted = template(**PLACE, Files=files(), InA=target("A"), Twice={**target("Again"), "DependsOn": "InA"})
    assert stacks.create("s", wanted) == "ROLLBACK_COMPLETE"
    assert "mount target already exists in this AZ" in stacks.reason("s", "Twice", "CREATE_FAILED")


def test_a_file_system_with_a_mount_target_stays(stacks: Stacks, account: Account) -> None:
    made(stacks, template(**PLACE, Files=files()))
    efs, name = account.client("efs"), stacks.resource("s", "Files")
    by_hand = efs.create_mount_target(FileSystemId=name, SubnetId=stacks.resource("s", "A"))["MountTargetId"]
    assert stacks.delete("s") == "DELETE_FAILED"
    assert "Must delete all mount targets" in stacks.reason("s", "Files", "DELETE_FAILED")
    efs.delete_mount_target(MountTargetId=by_hand)


def test_a_group_of_a_mount_target_is_in_use(stacks: Stacks, account: Account) -> None:
    made(stacks, template(**PLACE, Files=files()))
    efs, (system, place, held) = account.client("efs"), (stacks.resource("s", name) for name in ("Files", "A", "Group"))
    by_hand = efs.create_mount_target(FileSystemId=system, SubnetId=place, SecurityGroups=[held])["MountTargetId"]
    assert stacks.delete("s") == "DELETE_FAILED"
    assert "has a dependent object" in stacks.reason("s", "Group", "DELETE_FAILED")
    efs.delete_mount_target(MountTargetId=by_hand)


def test_what_is_retained_remains_by_its_name(stacks: Stacks, account: Account) -> None:
    made(stacks, template(Files=files(policy="Retain")))
    name = stacks.resource("s", "Files")
    stacks.delete("s")
    assert account.remains() == [f"file system {name}"]
    account.client("efs").delete_file_system(FileSystemId=name)
