"""Stacks of the emulated account: creation, waiting, failure, deletion. Driven through the public API by boto3."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import Account
from rehearsal.poll import poll
from tests.account_help import Stacks, parameter, request, running_account, send, template, waiting

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}}
SUBNET = {
    "Type": "AWS::EC2::Subnet",
    "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.64.0.0/24", "AvailabilityZone": "eu-west-1a"},
}
TRUST = {"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account(bootstrapped=True) as account:
        yield account


@pytest.fixture
def stacks(account: Account) -> Iterator[Stacks]:
    stacks = Stacks(account)
    yield stacks
    for stack in stacks.api.describe_stacks()["Stacks"]:
        if stack["StackName"] != "CDKToolkit":
            stacks.api.update_termination_protection(StackName=stack["StackName"], EnableTerminationProtection=False)
            stacks.delete(stack["StackName"])
    assert account.remains() == []


def test_a_bootstrapped_account_has_no_remains(account: Account) -> None:
    assert account.remains() == []


def test_what_a_stack_makes_is_listed_and_gone_after_deletion(account: Account, stacks: Stacks) -> None:
    assert stacks.create("s", template(Vpc=VPC, Subnet=SUBNET)) == "CREATE_COMPLETE"
    kinds = {line.rsplit(" ", 1)[0] for line in account.remains()}
    assert {"vpc", "subnet", "security group", "route table", "network ACL", "stack s"} <= kinds
    assert stacks.delete("s") == "DELETE_COMPLETE"
    assert account.remains() == []


def test_outputs_and_exports_have_values(stacks: Stacks) -> None:
    wanted = template(Vpc=VPC) | {
        "Outputs": {"Cidr": {"Value": {"Fn::GetAtt": "Vpc.CidrBlock"}, "Export": {"Name": "c"}}}
    }
    assert stacks.create("s", wanted) == "CREATE_COMPLETE"
    assert stacks.outputs("s") == {"Cidr": "10.64.0.0/20"}
    exports = {export["Name"]: export["Value"] for export in stacks.api.list_exports()["Exports"]}
    assert exports["c"] == "10.64.0.0/20"


def test_an_export_in_use_keeps_its_stack(stacks: Stacks) -> None:
    exporting = template(A=parameter("1")) | {"Outputs": {"O": {"Value": "v", "Export": {"Name": "shared"}}}}
    assert stacks.create("s", exporting) == "CREATE_COMPLETE"
    assert stacks.create("t", template(B=parameter({"Fn::ImportValue": "shared"}))) == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="Cannot delete export shared as it is in use by t"):
        stacks.api.delete_stack(StackName="s")
    stacks.delete("t")


def test_a_stack_waits_for_its_signals_and_keeps_their_data(account: Account, stacks: Stacks) -> None:
    wanted = template(**waiting()) | {"Outputs": {"Data": {"Value": {"Fn::GetAtt": "Wait.Data"}}}}
    stacks.begin("s", wanted, kind="CREATE")
    url = stacks.wait_url()
    assert send(account, url, UniqueId="a", Data="members=2") == 200
    assert send(account, url, UniqueId="a", Data="again") == 200
    assert stacks.describe("s")["StackStatus"] == "CREATE_IN_PROGRESS"
    assert send(account, url, UniqueId="b", Data="members=2") == 200
    assert stacks.end("s") == "CREATE_COMPLETE"
    assert json.loads(stacks.outputs("s")["Data"]) == {"a": "members=2", "b": "members=2"}


def test_other_resources_go_on_while_a_condition_waits(account: Account, stacks: Stacks) -> None:
    stacks.begin("s", template(**waiting(count=1), Vpc=VPC, Subnet=SUBNET), kind="CREATE")

    def subnet_made() -> bool:
        return ("Subnet", "CREATE_COMPLETE", "") in stacks.events("s")

    poll(subnet_made, within=10, every=0.02)
    assert stacks.describe("s")["StackStatus"] == "CREATE_IN_PROGRESS"
    send(account, stacks.wait_url())
    assert stacks.end("s") == "CREATE_COMPLETE"


def test_a_failure_signal_rolls_back_with_the_senders_sentence(account: Account, stacks: Stacks) -> None:
    stacks.begin("s", template(**waiting(), Vpc=VPC), kind="CREATE")
    send(account, stacks.wait_url(), Status="FAILURE", UniqueId="b", Reason="the disk is full")
    assert stacks.end("s") == "ROLLBACK_COMPLETE"
    sentence = "WaitCondition received failed message: 'the disk is full' for uniqueId: b"
    assert stacks.reason("s", "Wait", "CREATE_FAILED") == sentence
    assert stacks.reason("s", "s", "ROLLBACK_IN_PROGRESS").startswith(
        "The following resource(s) failed to create: [Wait]"
    )
    assert account.remains() == ["stack s ROLLBACK_COMPLETE"]


def test_silence_ends_by_the_timeout(stacks: Stacks) -> None:
    assert stacks.create("s", template(**waiting(timeout=1))) == "ROLLBACK_COMPLETE"
    expected = "WaitCondition timed out. Received 0 conditions when expecting 2"
    assert stacks.reason("s", "Wait", "CREATE_FAILED") == expected


def test_a_stack_can_be_deleted_while_it_waits(account: Account, stacks: Stacks) -> None:
    stacks.begin("s", template(**waiting(timeout=600), Vpc=VPC), kind="CREATE")
    stacks.wait_url()
    assert stacks.delete("s") == "DELETE_COMPLETE"
    assert account.remains() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b'{"Status": "MAYBE", "UniqueId": "a"}', 400),
        (b'{"Status": "SUCCESS"}', 400),
        (b'{"Status": "SUCCESS", "UniqueId": "a", "Data": {}}', 400),
        (b'{"Status": "SUCCESS", "UniqueId": "a", "Data": "' + b"x" * 5000 + b'"}', 400),
    ],
    ids=["no json", "status", "no id", "data", "too big"],
)
def test_a_signal_that_is_none_is_refused(account: Account, stacks: Stacks, body: bytes, status: int) -> None:
    stacks.begin("s", template(**waiting(timeout=600)), kind="CREATE")
    url = stacks.wait_url()
    assert request(account.host_app, "PUT", url, body)[0] == status
    assert request(account.host_app, "PUT", url + "x", b"{}")[0] == 403
    assert request(account.host_app, "PUT", url, b"{}", {"Content-Type": "text/plain"})[0] == 403


def test_a_handle_of_a_deleted_stack_takes_nothing(account: Account, stacks: Stacks) -> None:
    stacks.begin("s", template(**waiting(timeout=600)), kind="CREATE")
    url = stacks.wait_url()
    stacks.delete("s")
    assert send(account, url) == 403


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ({"Type": "AWS::Lambda::Function"}, "AWS::Lambda::Function"),
        (
            {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "Ipv4IpamPoolId": "x"}},
            "Ipv4IpamPoolId",
        ),
    ],
)
def test_an_unknown_type_or_property_is_refused_by_its_name(stacks: Stacks, resource: Any, named: str) -> None:
    with pytest.raises(ClientError, match=named):
        stacks.propose("s", template(A=resource), kind="CREATE")


NESTED: list[tuple[dict[str, Any], str]] = [
    ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "VirtualName": "x", "Ebs": {}}]}, "VirtualName"),
    ({"MetadataOptions": {"HttpTokens": "required", "HttpSpell": "x"}}, "HttpSpell"),
    ({"Volumes": [{"Device": "/dev/sdf", "VolumeId": "vol-1", "Mode": "x"}]}, "Mode"),
]


@pytest.mark.parametrize(("more", "named"), NESTED, ids=[named for _, named in NESTED])
def test_an_unknown_nested_property_fails_the_resource_by_its_name(
    stacks: Stacks, more: dict[str, Any], named: str
) -> None:
    node = {"ImageId": "ami-1", "InstanceType": "t4g.medium", "SubnetId": {"Ref": "Subnet"}, **more}
    wanted = template(Vpc=VPC, Subnet=SUBNET, Node={"Type": "AWS::EC2::Instance", "Properties": node})
    assert stacks.create("s", wanted) == "ROLLBACK_COMPLETE"
    assert named in stacks.reason("s", "Node", "CREATE_FAILED")


def test_an_unknown_attribute_fails_by_its_name(stacks: Stacks) -> None:
    wanted = template(Vpc=VPC) | {"Outputs": {"O": {"Value": {"Fn::GetAtt": "Vpc.Colour"}}}}
    assert stacks.create("s", wanted) == "ROLLBACK_COMPLETE"
    assert "AWS::EC2::VPC has no attribute Colour" in stacks.reason("s", "s", "ROLLBACK_IN_PROGRESS")


def test_an_unknown_action_is_refused_by_its_name(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match="DetectStackDrift"):
        stacks.api.detect_stack_drift(StackName="s")


def test_something_undeclared_is_refused(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[Nothing\]"):
        stacks.propose("s", template(A=parameter({"Ref": "Nothing"})), kind="CREATE")


def test_a_role_needs_the_capability(stacks: Stacks) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": "named"}}
    with pytest.raises(ClientError, match="CAPABILITY_NAMED_IAM"):
        stacks.propose("s", template(Role=role), kind="CREATE", Capabilities=["CAPABILITY_IAM"])


def test_a_protected_stack_cannot_be_deleted(stacks: Stacks) -> None:
    stacks.create("s", template(A=parameter("1")))
    stacks.api.update_termination_protection(StackName="s", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stacks.api.delete_stack(StackName="s")


@pytest.mark.parametrize(
    ("tier", "size", "status"),
    [
        ("Standard", 4096, "CREATE_COMPLETE"),
        ("Standard", 4097, "ROLLBACK_COMPLETE"),
        ("Advanced", 8192, "CREATE_COMPLETE"),
        ("Advanced", 8193, "ROLLBACK_COMPLETE"),
    ],
)
def test_the_size_of_a_parameter_is_limited(stacks: Stacks, tier: str, size: int, status: str) -> None:
    assert stacks.create("s", template(A=parameter("x" * size, Tier=tier))) == status


def test_double_braces_in_a_parameter_are_refused(stacks: Stacks) -> None:
    assert stacks.create("s", template(A=parameter("{{x"))) == "ROLLBACK_COMPLETE"
    assert "can't nest another parameter" in stacks.reason("s", "A", "CREATE_FAILED")


def test_a_generated_secret_keeps_the_rules_and_can_be_referred_to(account: Account, stacks: Stacks) -> None:
    rules = {"SecretStringTemplate": '{"username": "sa"}', "GenerateStringKey": "password", "PasswordLength": "40"}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": rules}}
    user = {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:username}}"}
    assert stacks.create("s", template(Secret=secret, User=parameter(user, Name="/user"))) == "CREATE_COMPLETE"
    text = account.client("secretsmanager").get_secret_value(SecretId=stacks.resource("s", "Secret"))["SecretString"]
    assert {key: len(value) for key, value in json.loads(text).items()} == {"username": 2, "password": 40}
    assert account.client("ssm").get_parameter(Name="/user")["Parameter"]["Value"] == "sa"


@pytest.mark.parametrize(("policy", "volumes", "snapshots"), [("Delete", 0, 0), ("Retain", 1, 0), ("Snapshot", 0, 1)])
def test_a_deletion_policy_decides_what_stays(
    account: Account, stacks: Stacks, policy: str, volumes: int, snapshots: int
) -> None:
    properties = {"Size": 1, "AvailabilityZone": "eu-west-1a"}
    volume = {"Type": "AWS::EC2::Volume", "Properties": properties, "DeletionPolicy": policy}
    stacks.create("s", template(Volume=volume))
    assert stacks.delete("s") == "DELETE_COMPLETE"
    stay = account.remains()
    assert (sum(s.startswith("volume") for s in stay), sum(s.startswith("snapshot") for s in stay)) == (
        volumes,
        snapshots,
    )
    ec2 = account.client("ec2")
    for line in stay:
        kind, name = line.split()
        ec2.delete_volume(VolumeId=name) if kind == "volume" else ec2.delete_snapshot(SnapshotId=name)


def test_a_bucket_that_is_not_empty_keeps_its_stack(account: Account, stacks: Stacks) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}
    stacks.create("s", template(Bucket=bucket))
    account.client("s3").put_object(Bucket="full", Key="x", Body=b"x")
    assert stacks.delete("s") == "DELETE_FAILED"
    assert "BucketNotEmpty" in stacks.reason("s", "Bucket", "DELETE_FAILED")
    account.client("s3").delete_object(Bucket="full", Key="x")
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_a_group_in_use_keeps_its_stack(account: Account, stacks: Stacks) -> None:
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d", "VpcId": {"Ref": "Vpc"}}}
    stacks.create("s", template(Vpc=VPC, Subnet=SUBNET, Group=group))
    ec2 = account.client("ec2")
    given = {"SubnetId": stacks.resource("s", "Subnet"), "Groups": [stacks.resource("s", "Group")]}
    interface = ec2.create_network_interface(**given)["NetworkInterface"]["NetworkInterfaceId"]
    assert stacks.delete("s") == "DELETE_FAILED"
    assert "DependencyViolation" in stacks.reason("s", "Group", "DELETE_FAILED")
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_a_second_account_in_one_process_is_refused(account: Account) -> None:
    other = Account(region=account.region)
    with pytest.raises(RuntimeError, match="already runs"):
        other.start()
