"""What a change does to what holds data or serves users, and what of it is refused."""

import copy
from typing import Any

import pytest

from operations.review import Effect, review
from tests.review_support import DOCUMENT, edited, effects, properties, stack


def test_a_stack_that_goes_takes_its_nodes_and_says_what_is_kept() -> None:
    found = review(stack(), None)
    assert effects(found) == {"a": "removed", "b": "removed"}
    kept = {each.logical_id: each.kept for each in found.others}
    assert kept["DataA"] == "Snapshot"
    assert kept["Logs"] == "Retain"
    assert kept["Secret"] is None


def test_a_volume_deleted_without_protection_is_refused() -> None:
    old = stack()
    del old["Resources"]["DataB"]["DeletionPolicy"]
    new = stack()
    del new["Resources"]["DataB"]
    found = review(old, new)
    assert [(each.logical_id, each.loss, each.kept) for each in found.others] == [("DataB", "deleted", None)]
    assert found.refusals[0].startswith("DataB (AWS::EC2::Volume) would be deleted, and a node's data lost")


def test_a_volume_deleted_with_protection_is_listed_only() -> None:
    found = edited(lambda new: [new["Resources"].pop(name) for name in ("DataB", "NodeB")])
    assert [(each.logical_id, each.kept) for each in found.others] == [("DataB", "Snapshot")]
    assert not found.refused


@pytest.mark.parametrize("made", ["from another resource", "at random"])
def test_a_secret_that_goes_is_refused_only_if_its_value_cannot_be_made_again(made: str) -> None:
    old, new = stack(), stack()
    written = {"SecretString": {"Ref": "Key"}} if made == "from another resource" else {"GenerateSecretString": {}}
    old["Resources"]["Key"] = {"Type": "AWS::SecretsManager::Secret", "Properties": written}
    found = review(old, new)
    assert [(each.logical_id, each.loss) for each in found.others] == [("Key", "deleted")]
    assert bool(found.refusals) is (made == "at random")


@pytest.mark.parametrize("policy", ["Snapshot", "Delete"])
def test_another_volume_for_a_node_that_stays_is_refused_though_the_old_one_is_kept(policy: str) -> None:
    old, new = stack(), stack()
    old["Resources"]["DataA"]["DeletionPolicy"] = policy
    new["Resources"]["Other"] = new["Resources"].pop("DataA")
    properties(new, "NodeA")["Volumes"][0]["VolumeId"] = {"Ref": "Other"}
    found = review(old, new)
    assert [(each.logical_id, each.loss) for each in found.others] == [("DataA", "deleted")]
    (refusal,) = found.refusals
    assert refusal.startswith("DataA (AWS::EC2::Volume) would be ")
    assert "a node's data" in refusal


@pytest.mark.parametrize(
    ("name", "value"), [("AvailabilityZone", "eu-west-1c"), ("KmsKeyId", "arn:aws:kms:x"), ("Encrypted", False)]
)
def test_what_aws_never_changes_of_a_volume_fails_the_update_and_replaces_nothing(name: str, value: Any) -> None:
    found = edited(lambda new: properties(new, "DataA").update({name: value}))
    assert found.others == ()
    (refusal,) = found.refusals
    assert refusal.startswith(f"DataA (AWS::EC2::Volume) would get another {name}, which CloudFormation cannot change")
    assert found.effect("a") is Effect.NOTHING, "its settings name the same volume"


def test_a_volume_of_nobody_cannot_be_moved_in_place_either() -> None:
    old, new = stack(), stack()
    for template in (old, new):
        del template["Resources"]["NodeB"]
    properties(new, "DataB")["AvailabilityZone"] = "eu-west-1c"
    assert "DataB (AWS::EC2::Volume) would get another AvailabilityZone" in review(old, new).refusals[0]


@pytest.mark.parametrize("policy", ["Snapshot", "Delete"])
def test_an_absent_node_moves_with_its_volume(policy: str) -> None:
    """The second of the two deploys of a swap: the node comes back in another zone, where it has another volume."""
    absent = copy.deepcopy(DOCUMENT)
    absent["members"][1]["present"] = False
    old = stack(absent)
    del old["Resources"]["NodeB"]
    old["Resources"]["DataB"]["DeletionPolicy"] = policy
    moved = copy.deepcopy(DOCUMENT)
    moved["members"][1] |= {"zone": "eu-west-1c", "address": "10.0.2.11", "volume": "<DataBInC>"}
    new = stack(moved)
    new["Resources"]["DataBInC"] = new["Resources"].pop("DataB")
    properties(new, "NodeB")["Volumes"][0]["VolumeId"] = {"Ref": "DataBInC"}
    for name in ("NodeB", "DataBInC", "SubnetB"):
        properties(new, name)["AvailabilityZone"] = "eu-west-1c"
    found = review(old, new)
    assert effects(found) == {"a": "rolling reconfiguration", "b": "new"}
    assert [(each.logical_id, each.loss) for each in found.others] == [("DataB", "deleted")]
    assert not found.refused


def test_a_volume_grows_in_place_and_does_not_shrink() -> None:
    larger = edited(lambda new: properties(new, "DataA").update(Size=30))
    assert (larger.nodes[0].effect, larger.nodes[0].reasons) == (Effect.NOTHING, ("data volume: Size: 20 to 30",))
    assert not larger.nodes[1].reasons
    assert not larger.refused
    refusals = edited(lambda new: properties(new, "DataA").update(Size=10)).refusals
    assert refusals == ("DataA (AWS::EC2::Volume) would shrink from 20 to 10 GiB, which EBS cannot do",)


def test_protection_taken_away_is_listed() -> None:
    found = edited(lambda new: new["Resources"]["DataA"].update(DeletionPolicy="Delete"))
    (other,) = found.others
    assert (other.logical_id, other.loss) == ("DataA", "no longer kept")
    assert not found.refused


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("Balancer", {"Scheme": "internet-facing"}, "users reach it by another host name"),
        ("Targets", {"Port": 8081}, "nodes must become healthy in the new one, users get new sessions"),
    ],
)
def test_what_serves_users_is_told_when_replaced(name: str, change: dict[str, Any], told: str) -> None:
    found = edited(lambda new: properties(new, name).update(change))
    (other,) = found.others
    assert (other.logical_id, other.loss, other.reasons[-1]) == (name, "replaced", told)
    assert not found.refused


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_another_file_system_is_refused_though_the_old_one_is_kept(policy: str) -> None:
    old, new = stack(), stack()
    for template in (old, new):
        template["Resources"]["Files"] |= {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}
    properties(new, "Files")["KmsKeyId"] = "arn:aws:kms:x"
    found = review(old, new)
    assert [(each.logical_id, each.loss) for each in found.others] == [("Files", "replaced"), ("MountA", "replaced")]
    (refusal,) = found.refusals
    assert refusal.startswith("Files (AWS::EFS::FileSystem) would be replaced")
    assert "the files that all nodes share" in refusal


def test_a_file_system_that_goes_is_refused_where_nothing_keeps_it() -> None:
    found = edited(lambda new: [new["Resources"].pop(name) for name in ("Files", "MountA")])
    assert {each.logical_id: each.kept for each in found.others} == {"Files": "Retain", "MountA": None}
    assert not found.refused
    old, new = stack(), stack()
    old["Resources"]["Files"]["DeletionPolicy"] = "Delete"
    del new["Resources"]["Files"], new["Resources"]["MountA"]
    (refusal,) = review(old, new).refusals
    assert refusal.startswith("Files (AWS::EFS::FileSystem) would be deleted, and the files that all nodes share lost")


def test_what_else_changes_of_a_file_system_changes_in_place() -> None:
    found = edited(lambda new: properties(new, "Files").update(FileSystemPolicy={"Statement": []}))
    assert not found.others
    assert not found.refused


def test_an_address_of_a_file_system_that_moves_is_refused_as_its_zone_has_one_already() -> None:
    found = edited(lambda new: properties(new, "MountA").update(SubnetId="subnet-2"))
    (other,) = found.others
    assert (other.logical_id, other.loss, other.reasons[-1]) == (
        "MountA",
        "replaced",
        "nodes of its zone reach the shared files by it",
    )
    (refusal,) = found.refusals
    assert refusal.startswith("MountA (AWS::EFS::MountTarget) would be made while the old one is there")


def test_an_address_of_a_file_system_gets_another_security_group_in_place() -> None:
    found = edited(lambda new: properties(new, "MountA").update(SecurityGroups=["sg-2"]))
    assert (found.others, found.refusals) == ((), ())


@pytest.mark.parametrize("change", [{"Engine": "postgres"}, None], ids=["another engine", "gone"])
def test_the_database_that_all_share_is_not_lost_with_a_change(change: dict[str, str] | None) -> None:
    old, new = stack(), stack()
    made = {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "mysql"}, "DeletionPolicy": "Delete"}
    old["Resources"]["Shared"] = made
    if change:
        new["Resources"]["Shared"] = {**made, "Properties": change}
    (refusal,) = review(old, new).refusals
    assert refusal.startswith("Shared (AWS::RDS::DBInstance) would be ")
    assert "the database that all nodes share lost" in refusal
