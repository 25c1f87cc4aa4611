"""What keeps an update or a deletion from doing harm: stack policies, protections, retained and snapshot resources."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import Account
from tests.account_help import Stacks, Template, emptied_after, parameter, template

ALLOW_ALL = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}}
SUBNET = {
    "Type": "AWS::EC2::Subnet",
    "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.64.0.0/24", "AvailabilityZone": "eu-west-1a"},
}
BUCKET = {"Type": "AWS::S3::Bucket"}


@pytest.fixture
def stacks(account: Account) -> Iterator[Stacks]:
    with emptied_after(account) as stacks:
        yield stacks


def volume(policy: str = "Delete", **properties: Any) -> dict[str, Any]:
    given = {"Size": 8, "AvailabilityZone": "eu-west-1a", "Encrypted": True, "VolumeType": "gp3", **properties}
    return {
        "Type": "AWS::EC2::Volume",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": given,
    }


def node(**properties: Any) -> Template:
    given = {"ImageId": "ami-1", "InstanceType": "t4g.medium", "SubnetId": {"Ref": "Subnet"}, **properties}
    return template(Vpc=VPC, Subnet=SUBNET, Node={"Type": "AWS::EC2::Instance", "Properties": given})


def deny(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource, **more}


def set_policy(stacks: Stacks, *statements: dict[str, Any]) -> None:
    stacks.api.set_stack_policy(StackName="s", StackPolicyBody=json.dumps({"Statement": list(statements)}))


def snapshots(account: Account) -> list[dict[str, Any]]:
    """Return what is kept; the emulator has a snapshot of its own for each image."""
    found = account.client("ec2").describe_snapshots()["Snapshots"]
    return [each for each in found if not each["Description"].startswith("Auto-created")]


ON_VOLUMES: dict[str, Any] = {"Condition": {"StringEquals": {"ResourceType": ["AWS::EC2::Volume"]}}}


@pytest.mark.parametrize(
    ("statements", "after", "reason"),
    [
        (
            [ALLOW_ALL, deny("Update:*", "LogicalResourceId/Data")],
            volume(Size=9),
            "[#2] does not allow [Update:Modify]",
        ),
        (
            [ALLOW_ALL, deny("Update:Replace", **ON_VOLUMES)],
            volume(Encrypted=False),
            "[#2] does not allow [Update:Replace]",
        ),
        ([ALLOW_ALL, deny(["Update:Replace", "Update:Delete"])], None, "[#2] does not allow [Update:Delete]"),
        ([deny("Update:Delete")], volume(Size=9), "[#1] does not allow [Update:Modify]"),
        ([{**ALLOW_ALL, "Resource": "LogicalResourceId/Oth*"}], volume(Size=9), "[#1] does not allow [Update:Modify]"),
    ],
    ids=["modify", "replace by type", "delete", "nothing allowed", "not this one"],
)
def test_an_update_that_the_stack_policy_denies_fails_in_cloudformations_words(
    stacks: Stacks, statements: list[dict[str, Any]], after: dict[str, Any] | None, reason: str
) -> None:
    stacks.create("s", template(Data=volume(), Other=parameter("1")))
    before = stacks.resource("s", "Data")
    set_policy(stacks, *statements)
    wanted = template(Other=parameter("1"), **({"Data": after} if after else {}))
    assert stacks.update("s", wanted) == "UPDATE_ROLLBACK_COMPLETE"
    said = stacks.reason("s", "Data", "UPDATE_FAILED")
    assert said == f"Action denied by stack policy: Statement {reason} for resource [LogicalResourceId/Data];"
    assert stacks.resource("s", "Data") == before
    set_policy(stacks, ALLOW_ALL)


def test_what_the_stack_policy_allows_is_done(stacks: Stacks, account: Account) -> None:
    stacks.create("s", template(Data=volume()))
    replacing = deny(["Update:Replace", "Update:Delete"], Condition={"StringLike": {"ResourceType": "AWS::EC2::*"}})
    set_policy(stacks, ALLOW_ALL, replacing)
    assert stacks.update("s", template(Data=volume(Size=9))) == "UPDATE_COMPLETE"
    found = account.client("ec2").describe_volumes(VolumeIds=[stacks.resource("s", "Data")])["Volumes"]
    assert found[0]["Size"] == 9


def test_a_policy_for_one_update_stands_in_for_the_stacks_own(stacks: Stacks) -> None:
    stacks.create("s", template(Data=volume()))
    set_policy(stacks, deny("Update:*"))
    once = json.dumps({"Statement": [ALLOW_ALL]})
    body = json.dumps(template(Data=volume(Size=9)))
    stacks.api.update_stack(StackName="s", TemplateBody=body, StackPolicyDuringUpdateBody=once)
    assert stacks.end("s") == "UPDATE_COMPLETE"
    assert "Deny" in stacks.api.get_stack_policy(StackName="s")["StackPolicyBody"]


def test_a_stack_without_a_policy_has_none(stacks: Stacks) -> None:
    stacks.create("s", template(Data=volume()))
    assert "StackPolicyBody" not in stacks.api.get_stack_policy(StackName="s")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "Error validating stack policy"),
        ('{"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}', "Effect"),
        ('{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "Delete:*", "Resource": "*"}]}', "Delete:"),
        ('{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "Update:*"}]}', "Resource"),
        (
            json.dumps({"Statement": [deny("Update:*", Condition={"Bool": {"ResourceType": "x"}})]}),
            "condition Bool",
        ),
    ],
)
def test_a_stack_policy_that_is_none_is_refused(stacks: Stacks, body: str, named: str) -> None:
    stacks.create("s", template(Data=volume()))
    with pytest.raises(ClientError, match=named):
        stacks.api.set_stack_policy(StackName="s", StackPolicyBody=body)


def test_a_stack_created_with_termination_protection_is_not_deleted(stacks: Stacks) -> None:
    body = json.dumps(template(A=parameter("1")))
    stacks.api.create_stack(StackName="s", TemplateBody=body, EnableTerminationProtection=True)
    stacks.end("s")
    said = r"Stack \[s\] cannot be deleted while TerminationProtection is enabled"
    with pytest.raises(ClientError, match=said):
        stacks.api.delete_stack(StackName="s")
    stacks.api.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_a_protected_instance_keeps_its_stack_until_it_is_not_protected_any_more(stacks: Stacks) -> None:
    stacks.create("s", node(DisableApiTermination=True))
    instance = stacks.resource("s", "Node")
    assert stacks.delete("s") == "DELETE_FAILED"
    said = f"The instance '{instance}' may not be terminated. Modify its 'disableApiTermination' instance attribute"
    assert said in stacks.reason("s", "Node", "DELETE_FAILED")
    stacks.account.client("ec2").modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_protection_of_an_instance_is_switched_in_place(stacks: Stacks) -> None:
    stacks.create("s", node(DisableApiTermination=True))
    assert stacks.update("s", node(DisableApiTermination=False)) == "UPDATE_COMPLETE"
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_a_bucket_with_something_in_it_keeps_its_stack(stacks: Stacks, account: Account) -> None:
    versioned = {"Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
    stacks.create("s", template(Plain=BUCKET, Versioned=BUCKET | versioned))
    s3, names = account.client("s3"), [stacks.resource("s", name) for name in ("Plain", "Versioned")]
    for name in names:
        s3.put_object(Bucket=name, Key="log", Body=b"x")
    s3.delete_object(Bucket=names[1], Key="log")
    assert stacks.delete("s") == "DELETE_FAILED"
    assert "The bucket you tried to delete is not empty" in stacks.reason("s", "Plain", "DELETE_FAILED")
    assert "You must delete all versions in the bucket" in stacks.reason("s", "Versioned", "DELETE_FAILED")
    for name in names:
        listed = s3.list_object_versions(Bucket=name)
        for entry in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_a_retained_bucket_outlives_its_stack_with_all_its_tags(stacks: Stacks, account: Account) -> None:
    kept = {**BUCKET, "DeletionPolicy": "Retain", "Properties": {"Tags": [{"Key": "k", "Value": "v"}]}}
    stacks.create("s", template(Logs=kept))
    name = stacks.resource("s", "Logs")
    assert stacks.delete("s") == "DELETE_COMPLETE"
    tags = {t["Key"]: t["Value"] for t in account.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]}
    assert (tags["k"], tags["aws:cloudformation:stack-name"]) == ("v", "s")
    assert account.remains() == [f"bucket {name}"]
    account.client("s3").delete_bucket(Bucket=name)


@pytest.mark.parametrize("way", ["delete", "replace", "drop"])
def test_a_volume_leaves_a_snapshot_tagged_as_it_is(stacks: Stacks, account: Account, way: str) -> None:
    tags = [{"Key": "muster:node", "Value": "a"}]
    stacks.create("s", template(Data=volume("Snapshot", Tags=tags), Other=parameter("1")))
    old = stacks.resource("s", "Data")
    if way == "delete":
        stacks.delete("s")
    elif way == "drop":
        stacks.update("s", template(Other=parameter("1")))
    else:
        stacks.update("s", template(Data=volume(AvailabilityZone="eu-west-1b"), Other=parameter("1")))
    found = snapshots(account)
    assert [(each["VolumeId"], each["Tags"]) for each in found] == [(old, tags)]
    volumes = account.client("ec2").describe_volumes()["Volumes"]
    assert old not in [each["VolumeId"] for each in volumes]
    account.client("ec2").delete_snapshot(SnapshotId=found[0]["SnapshotId"])


def test_a_volume_that_shall_go_leaves_nothing(stacks: Stacks, account: Account) -> None:
    stacks.create("s", template(Data=volume("Delete")))
    stacks.delete("s")
    assert (snapshots(account), account.remains()) == ([], [])


@pytest.mark.parametrize(("policy", "kept"), [("RetainExceptOnCreate", 0), ("Retain", 1), ("Delete", 0)])
def test_what_a_failed_update_added_goes_by_its_own_policy(
    stacks: Stacks, account: Account, policy: str, kept: int
) -> None:
    stacks.create("s", template(Other=parameter("1")))
    added = {**volume(), "DeletionPolicy": policy}
    broken = parameter("x" * 5000) | {"DependsOn": "Data"}
    assert stacks.update("s", template(Other=parameter("1"), Data=added, Broken=broken)) == "UPDATE_ROLLBACK_COMPLETE"
    left = [each["VolumeId"] for each in account.client("ec2").describe_volumes()["Volumes"]]
    assert len(left) == kept
    for each in left:
        account.client("ec2").delete_volume(VolumeId=each)


def test_a_volume_does_not_shrink(stacks: Stacks) -> None:
    stacks.create("s", template(Data=volume(Size=9)))
    assert stacks.update("s", template(Data=volume(Size=8))) == "UPDATE_ROLLBACK_COMPLETE"
    assert "New size cannot be smaller than existing size" in stacks.reason("s", "Data", "UPDATE_FAILED")


def test_the_stacks_tags_reach_its_resources_and_follow_their_changes(stacks: Stacks, account: Account) -> None:
    def tags() -> dict[str, str]:
        found = account.client("ec2").describe_volumes(VolumeIds=[stacks.resource("s", "Data")])["Volumes"][0]["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("aws:")}

    def parameter_tags() -> dict[str, str]:
        name = stacks.resource("s", "Other")
        found = account.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in found}

    own = [{"Key": "own", "Value": "1"}, {"Key": "both", "Value": "own"}]
    wanted = template(Data=volume(Tags=own), Other=parameter("1"))
    first = [{"Key": "cost", "Value": "7"}, {"Key": "both", "Value": "stack"}]
    stacks.create("s", wanted, Tags=first)
    assert tags() == {"own": "1", "both": "own", "cost": "7"}
    assert parameter_tags() == {"cost": "7", "both": "stack"}
    assert stacks.update("s", wanted, Tags=[{"Key": "cost", "Value": "8"}]) == "UPDATE_COMPLETE"
    assert tags() == {"own": "1", "both": "own", "cost": "8"}
    assert parameter_tags() == {"cost": "8"}
