"""The commands that ask AWS, against the emulated account: the answers that they read are those that it gives."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from muster.spec import locked
from operations.aws import Aws
from operations.errors import Failure
from operations.guard import guard_stack
from operations.leftovers import leftovers
from operations.observed import own_and_strays, seen_instances, stack_status
from operations.protection import end, lifted
from operations.status import observe
from rehearsal.account import Account
from tests.account_help import REGION, Stacks, Template, running_account
from tests.lock_help import pair

STACK = "muster-x"


class Emulated(Aws):
    """The emulated account, as its administrator."""

    def __init__(self, account: Account) -> None:
        super().__init__(REGION)
        self._account = account

    def __call__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._account.client(service)
        return self._clients[service]


@pytest.fixture(scope="module")
def stacks() -> Iterator[Stacks]:
    with running_account() as account:
        yield Stacks(account)


@pytest.fixture
def aws(stacks: Stacks) -> Emulated:
    return Emulated(stacks.account)


def tags(node: str) -> list[dict[str, str]]:
    return [{"Key": "muster:cluster", "Value": "x"}, {"Key": "muster:node", "Value": node}]


def cluster(image: str = "ami-1", nodes: str = "ab", *, protected: bool = False) -> Template:
    """Return what of a cluster's stack the commands look at."""
    resources: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}},
        "Settings": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": "/muster/x/settings", "Value": '{"generation": "0123"}'},
        },
    }
    for number, name in enumerate("ab"):
        zone, letter = f"{REGION}{name}", name.upper()
        subnet = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.64.{number}.0/24", "AvailabilityZone": zone}
        volume = {"AvailabilityZone": zone, "Size": 20, "Tags": tags(name)}
        resources |= {
            f"Subnet{letter}": {"Type": "AWS::EC2::Subnet", "Properties": subnet},
            f"Data{letter}": {
                "Type": "AWS::EC2::Volume",
                "DeletionPolicy": "Snapshot",
                "UpdateReplacePolicy": "Snapshot",
                "Properties": volume,
            },
        }
        if name in nodes:
            instance = {
                "ImageId": image,
                "InstanceType": "t4g.medium",
                "AvailabilityZone": zone,
                "SubnetId": {"Ref": f"Subnet{letter}"},
                "PrivateIpAddress": f"10.64.{number}.1{number}",
                "Volumes": [{"Device": "/dev/sdf", "VolumeId": {"Ref": f"Data{letter}"}}],
                "DisableApiTermination": protected,
                "Tags": tags(name),
            }
            resources[f"Node{letter}"] = {"Type": "AWS::EC2::Instance", "Properties": instance}
    return {"Resources": resources}


@pytest.fixture
def deployed(stacks: Stacks) -> Iterator[None]:
    """Deploy the pair, protected, and remove it."""
    assert stacks.create(STACK, cluster(protected=True)) == "CREATE_COMPLETE"
    yield
    stacks.api.set_stack_policy(StackName=STACK, StackPolicyBody=json.dumps(ALLOW))
    stacks.update(STACK, cluster(protected=False))
    assert stacks.delete(STACK) == "DELETE_COMPLETE"


ALLOW = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}


def test_a_stack_that_is_not_there_is_known_as_such(aws: Emulated) -> None:
    assert stack_status(aws, STACK) is None
    assert observe(aws, pair(), None) is None
    with pytest.raises(Failure, match="deploy it first"):
        guard_stack(aws, STACK)


@pytest.mark.usefixtures("deployed")
def test_status_sees_stack_instances_and_settings(aws: Emulated) -> None:
    lock = locked(None, pair())
    for name in "ab":
        lock = lock.with_node(name, image="ami-1")
    state = observe(aws, pair(), lock)
    assert state
    assert (state.stack, state.generation, state.faults) == ("CREATE_COMPLETE", "0123", ())
    assert [node.faults for node in state.nodes] == [("is in no target group",)] * 2


@pytest.mark.usefixtures("deployed")
def test_a_guarded_stack_replaces_no_node_and_says_why(stacks: Stacks, aws: Emulated) -> None:
    before = [each.id for each in seen_instances(aws, "x")]
    assert guard_stack(aws, STACK) == 4
    assert stacks.update(STACK, cluster("ami-2", protected=True)) == "UPDATE_ROLLBACK_COMPLETE"
    causes = [reason for _, status, reason in stacks.events(STACK) if status == "UPDATE_FAILED"]
    assert any("denied by stack policy" in reason for reason in causes)
    assert [each.id for each in seen_instances(aws, "x")] == before


@pytest.mark.usefixtures("deployed")
def test_a_protected_node_is_taken_out_only_when_its_protection_is_lifted(stacks: Stacks, aws: Emulated) -> None:
    first, second = (each.id for each in seen_instances(aws, "x"))
    with lifted(aws, first):
        stacks.update(STACK, cluster(nodes="b", protected=True))
    assert [each.id for each in seen_instances(aws, "x")] == [second]
    stacks.update(STACK, cluster(nodes="", protected=True))
    assert [each.id for each in seen_instances(aws, "x")] == [second], "negative control: the other was not lifted"
    aws("ec2").modify_instance_attribute(InstanceId=second, DisableApiTermination={"Value": False})
    aws("ec2").terminate_instances(InstanceIds=[second])


@pytest.mark.usefixtures("deployed")
def test_an_instance_that_a_rollback_could_not_end_is_a_stray_and_no_node(stacks: Stacks, aws: Emulated) -> None:
    """CloudFormation makes b anew, protected, and has to undo it; then `end` ends what it let go of."""
    with lifted(aws, own_and_strays(aws, "x")[0]["b"].id):
        stacks.update(STACK, cluster(nodes="a", protected=True))
    bad = cluster(protected=True)
    bad["Resources"]["Bad"] = {
        "Type": "AWS::SSM::Parameter",
        "DependsOn": "NodeB",
        "Properties": {"Type": "String", "Name": "/bad", "Value": "{{"},
    }
    assert stacks.update(STACK, bad) == "UPDATE_ROLLBACK_COMPLETE"
    own, (stray,) = own_and_strays(aws, "x")
    assert (set(own), stray.node, stray.address) == ({"a"}, "b", "10.64.1.11")
    state = observe(aws, pair(), None)
    assert state
    assert any(f"terminate-instances --instance-ids {stray.id}" in fault for fault in state.faults)
    end(aws, stray)
    assert own_and_strays(aws, "x")[1] == []
    assert stacks.update(STACK, cluster(protected=True)) == "UPDATE_COMPLETE"
    assert set(own_and_strays(aws, "x")[0]) == {"a", "b"}
    for each in own_and_strays(aws, "x")[0].values():
        aws("ec2").modify_instance_attribute(InstanceId=each.id, DisableApiTermination={"Value": False})


def test_a_snapshot_without_tags_is_found_by_the_volume_of_a_deleted_stack(stacks: Stacks, aws: Emulated) -> None:
    before = {each.id for each in leftovers(aws, "x", stack_there=False)}
    stacks.create(STACK, cluster())
    stacks.delete(STACK)
    left = [each for each in leftovers(aws, "x", stack_there=False) if each.id not in before]
    ids = [each.id for each in left]
    aws("ec2").delete_tags(Resources=ids, Tags=[{"Key": tag["Key"]} for tag in tags("a")])
    found = [each for each in leftovers(aws, "x", stack_there=False) if each.id in ids]
    assert sorted(each.id for each in found) == sorted(ids)
    assert {each.about.split(", ")[1] for each in found} == {"of no node"}, "control: the tags are gone"
    assert [each.id for each in leftovers(aws, "y", stack_there=False) if each.id in ids] == []
    for each in found:
        aws("ec2").delete_snapshot(SnapshotId=each.id)


def test_after_its_removal_the_snapshots_are_what_is_left(stacks: Stacks, aws: Emulated) -> None:
    stacks.create(STACK, cluster())
    before = {each.id for each in leftovers(aws, "x", stack_there=True)}
    stacks.delete(STACK)
    left = [each for each in leftovers(aws, "x", stack_there=False) if each.id not in before]
    assert sorted((each.kind, each.about.split(", ")[1]) for each in left) == [
        ("snapshot", "node a"),
        ("snapshot", "node b"),
    ]
    for each in left:
        aws("ec2").delete_snapshot(SnapshotId=each.id)
