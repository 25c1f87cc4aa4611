"""Updates of the emulated account's stacks: in place, by replacement, taken back. Driven through the public API."""

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import Account
from tests.account_help import Stacks, Template, parameter, send, template, waiting

TRUST = {"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]}
GROUP = {"GroupDescription": "d", "GroupName": "muster-x", "VpcId": {"Ref": "Vpc"}}
RULE = {"IpProtocol": "tcp", "FromPort": 9092, "ToPort": 9092, "CidrIp": "10.64.0.0/20"}
NODE = {
    "ImageId": "ami-00000000000000001",
    "InstanceType": "t4g.medium",
    "SubnetId": {"Ref": "Subnet"},
    "SecurityGroupIds": [{"Ref": "Group"}],
    "PrivateIpAddress": "10.64.0.10",
    "IamInstanceProfile": {"Ref": "Profile"},
    "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled", "HttpPutResponseHopLimit": 1},
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": "10", "Encrypted": True}}],
    "Volumes": [{"Device": "/dev/sdf", "VolumeId": {"Ref": "Volume"}}],
    "UserData": {"Fn::Base64": "#!/bin/bash\necho"},
    "Tags": [{"Key": "Name", "Value": "x-a"}],
}
CLUSTER = template(
    Vpc={"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20"}},
    Subnet={
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.64.0.0/24", "AvailabilityZone": "eu-west-1a"},
    },
    Group={"Type": "AWS::EC2::SecurityGroup", "Properties": {**GROUP, "SecurityGroupIngress": [RULE]}},
    Role={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
    Profile={"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
    Volume={
        "Type": "AWS::EC2::Volume",
        "Properties": {"Size": 8, "AvailabilityZone": "eu-west-1a", "VolumeType": "gp3", "Encrypted": True},
    },
    Settings=parameter("one", Name="/muster/x"),
    Node={"Type": "AWS::EC2::Instance", "DependsOn": ["Settings"], "Properties": NODE},
)


def changed(wanted: Template, logical_id: str, **properties: Any) -> Template:
    result = copy.deepcopy(wanted)
    result["Resources"][logical_id]["Properties"] |= properties
    return result


def instance(account: Account, stacks: Stacks) -> dict[str, Any]:
    found = account.client("ec2").describe_instances(InstanceIds=[stacks.resource("s", "Node")])
    result: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return result


def settings(account: Account) -> str:
    return str(account.client("ssm").get_parameter(Name="/muster/x")["Parameter"]["Value"])


def test_the_same_template_has_no_changes(stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    described = stacks.propose("s", CLUSTER, kind="UPDATE")
    assert described["Status"] == "FAILED"
    assert "didn't contain changes" in described["StatusReason"]
    assert described["Changes"] == []


def test_an_instance_is_launched_as_declared(account: Account, stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    node = instance(account, stacks)
    assert node["PrivateIpAddress"] == "10.64.0.10"
    assert node["ImageId"] == "ami-00000000000000001"
    assert [group["GroupName"] for group in node["SecurityGroups"]] == ["muster-x"]
    assert node["MetadataOptions"]["HttpTokens"] == "required"
    assert {mapping["DeviceName"] for mapping in node["BlockDeviceMappings"]} == {"/dev/xvda", "/dev/sdf"}
    assert node["IamInstanceProfile"]["Arn"].endswith(stacks.resource("s", "Profile"))
    tags = {tag["Key"]: tag["Value"] for tag in node["Tags"]}
    assert (tags["Name"], tags["aws:cloudformation:logical-id"]) == ("x-a", "Node")
    image = account.client("ec2").describe_images(ImageIds=[node["ImageId"]])["Images"][0]
    assert image["RootDeviceName"] == "/dev/xvda"


def test_another_type_restarts_the_instance_in_place(account: Account, stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    before = instance(account, stacks)
    assert stacks.update("s", changed(CLUSTER, "Node", InstanceType="t4g.large")) == "UPDATE_COMPLETE"
    after = instance(account, stacks)
    assert after["InstanceId"] == before["InstanceId"]
    assert after["InstanceType"] == "t4g.large"
    assert after["LaunchTime"] >= before["LaunchTime"]


def test_groups_and_rules_change_in_place(account: Account, stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    wanted = changed(CLUSTER, "Group", SecurityGroupIngress=[{**RULE, "FromPort": 9093, "ToPort": 9093}])
    assert stacks.update("s", wanted) == "UPDATE_COMPLETE"
    group = account.client("ec2").describe_security_groups(GroupIds=[stacks.resource("s", "Group")])
    assert [rule["FromPort"] for rule in group["SecurityGroups"][0]["IpPermissions"]] == [9093]


def test_a_change_set_says_what_is_replaced(stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    wanted = changed(changed(CLUSTER, "Node", ImageId="ami-00000000000000002"), "Settings", Value="two")
    described = stacks.propose("s", wanted, kind="UPDATE")
    changes = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in described["Changes"]}
    assert {name: change["Replacement"] for name, change in changes.items()} == {"Node": "True", "Settings": "False"}
    target = changes["Node"]["Details"][0]["Target"]
    assert (target["Name"], target["RequiresRecreation"]) == ("ImageId", "Always")


def test_a_change_set_follows_a_replacement_to_those_that_refer_to_it(stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    described = stacks.propose("s", changed(CLUSTER, "Volume", AvailabilityZone="eu-west-1b"), kind="UPDATE")
    changes = {
        each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"]["Replacement"]
        for each in described["Changes"]
    }
    assert changes == {"Volume": "True", "Node": "False"}


def test_a_replacement_with_the_address_in_use_is_refused_and_all_is_put_back(account: Account, stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    before = instance(account, stacks)
    wanted = changed(changed(CLUSTER, "Node", ImageId="ami-00000000000000002"), "Settings", Value="two")
    assert stacks.update("s", wanted) == "UPDATE_ROLLBACK_COMPLETE"
    assert "InvalidIPAddress.InUse" in stacks.reason("s", "Node", "UPDATE_FAILED")
    assert instance(account, stacks)["InstanceId"] == before["InstanceId"]
    assert settings(account) == "one"
    assert stacks.propose("s", CLUSTER, kind="UPDATE")["Status"] == "FAILED"


def test_a_named_resource_cannot_be_replaced_under_its_name(stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    assert stacks.update("s", changed(CLUSTER, "Group", GroupDescription="other")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename muster-x and update the stack again." in stacks.reason("s", "Group", "UPDATE_FAILED")


def test_a_replaced_resource_is_repointed_then_removed_by_its_policy(account: Account, stacks: Stacks) -> None:
    wanted = copy.deepcopy(CLUSTER)
    wanted["Resources"]["Volume"]["UpdateReplacePolicy"] = "Snapshot"
    stacks.create("s", wanted)
    before = stacks.resource("s", "Volume")
    assert stacks.update("s", changed(wanted, "Volume", AvailabilityZone="eu-west-1b")) == "UPDATE_COMPLETE"
    after = stacks.resource("s", "Volume")
    mapped = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in instance(account, stacks)["BlockDeviceMappings"]}
    assert mapped["/dev/sdf"] == after != before
    left = [line.split()[1] for line in account.remains() if line.startswith("snapshot")]
    snapshot = account.client("ec2").describe_snapshots(SnapshotIds=left)["Snapshots"]
    assert [each["VolumeId"] for each in snapshot] == [before]
    account.client("ec2").delete_snapshot(SnapshotId=left[0])


def test_what_the_template_no_longer_has_is_removed(account: Account, stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    wanted = copy.deepcopy(CLUSTER)
    del wanted["Resources"]["Node"], wanted["Resources"]["Volume"]
    assert stacks.update("s", wanted) == "UPDATE_COMPLETE"
    assert not [line for line in account.remains() if line.startswith(("instance i-", "volume"))]


def test_a_condition_of_a_new_name_waits_again_and_a_failure_takes_the_settings_back(
    account: Account, stacks: Stacks
) -> None:
    handles = account.client("cloudformation")
    stacks.begin("s", template(**waiting(count=1, suffix="1")), kind="CREATE")
    first = stacks.wait_url()
    assert send(account, first) == 200
    assert stacks.end("s") == "CREATE_COMPLETE"
    stacks.begin("s", template(**waiting(count=1, suffix="2")), kind="UPDATE")
    second = stacks.wait_url(after=first)
    assert stacks.describe("s")["StackStatus"] == "UPDATE_IN_PROGRESS"
    assert send(account, second, Status="FAILURE", Reason="node b cannot mount its volume") == 200
    assert stacks.end("s") == "UPDATE_ROLLBACK_COMPLETE"
    sentence = "WaitCondition received failed message: 'node b cannot mount its volume' for uniqueId: a"
    assert stacks.reason("s", "Wait2", "CREATE_FAILED") == sentence
    assert stacks.wait_url() == first
    left = handles.list_stack_resources(StackName="s")["StackResourceSummaries"]
    assert {each["LogicalResourceId"] for each in left} == {"Handle1", "Settings", "Wait1"}


def test_a_condition_of_the_same_name_cannot_change(account: Account, stacks: Stacks) -> None:
    stacks.begin("s", template(**waiting(count=1)), kind="CREATE")
    assert send(account, stacks.wait_url()) == 200
    stacks.end("s")
    assert stacks.update("s", template(**waiting(count=3))) == "UPDATE_ROLLBACK_COMPLETE"
    expected = "Update to resource type AWS::CloudFormation::WaitCondition is not supported."
    assert stacks.reason("s", "Wait", "UPDATE_FAILED") == expected


def test_without_rollback_everything_stays_and_the_next_update_goes_on(account: Account, stacks: Stacks) -> None:
    bad = template(A=parameter("1", Name="/a"), B=parameter("{{", Name="/b"))
    bad["Resources"]["B"]["DependsOn"] = "A"
    stacks.propose("s", bad, kind="CREATE")
    stacks.api.execute_change_set(StackName="s", ChangeSetName="set", DisableRollback=True)
    assert stacks.end("s") == "CREATE_FAILED"
    assert account.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "1"
    good = template(A=parameter("1", Name="/a"), B=parameter("2", Name="/b"))
    assert stacks.update("s", good) == "UPDATE_COMPLETE"
    assert account.client("ssm").get_parameter(Name="/b")["Parameter"]["Value"] == "2"


def test_an_update_that_changes_nothing_is_refused(stacks: Stacks) -> None:
    stacks.create("s", template(A=parameter("1")))
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.api.update_stack(StackName="s", UsePreviousTemplate=True)


def test_a_stack_that_was_rolled_back_can_only_be_deleted(stacks: Stacks) -> None:
    stacks.create("s", template(A=parameter("{{")))
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.propose("s", template(A=parameter("1")), kind="UPDATE")


def test_a_cancelled_update_is_taken_back(account: Account, stacks: Stacks) -> None:
    stacks.create("s", template(Settings=parameter("x", Name="/test/url")))
    stacks.begin("s", template(**waiting(timeout=600)), kind="UPDATE")
    stacks.wait_url(after="x")
    stacks.api.cancel_update_stack(StackName="s")
    assert stacks.end("s") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.wait_url() == "x"
    assert account.client("ssm").describe_parameters()["Parameters"]


def test_one_instance_stands_under_several_ports_of_a_target_group(account: Account, stacks: Stacks) -> None:
    targets = [{"Id": {"Ref": "Node"}, "Port": port} for port in (8080, 8090)]
    wanted = copy.deepcopy(CLUSTER)
    wanted["Resources"] |= {
        "Targets": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {"Port": 8080, "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "Targets": targets},
        },
    }
    stacks.create("s", wanted)
    elbv2, group = account.client("elbv2"), stacks.resource("s", "Targets")
    found = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert sorted(each["Target"]["Port"] for each in found) == [8080, 8090]
    assert {each["TargetHealth"]["Reason"] for each in found} == {"Target.NotInUse"}
    wanted["Resources"]["Targets"]["Properties"]["Targets"] = targets[:1]
    assert stacks.update("s", wanted) == "UPDATE_COMPLETE"
    found = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [each["Target"]["Port"] for each in found] == [8080]


def test_target_health_is_what_the_balancer_says(account: Account, stacks: Stacks) -> None:
    wanted = copy.deepcopy(CLUSTER)
    forward = [{"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}]
    second = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.64.1.0/24", "AvailabilityZone": "eu-west-1b"}
    subnets = [{"Ref": "Subnet"}, {"Ref": "Other"}]
    elbv2 = "AWS::ElasticLoadBalancingV2"
    wanted["Resources"] |= {
        "Other": {"Type": "AWS::EC2::Subnet", "Properties": second},
        "Balancer": {"Type": f"{elbv2}::LoadBalancer", "Properties": {"Scheme": "internal", "Subnets": subnets}},
        "Listener": {
            "Type": f"{elbv2}::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": forward,
            },
        },
        "Targets": {
            "Type": f"{elbv2}::TargetGroup",
            "Properties": {
                "Port": 8080,
                "Protocol": "HTTP",
                "VpcId": {"Ref": "Vpc"},
                "Targets": [{"Id": {"Ref": "Node"}}],
            },
        },
    }
    assert stacks.create("s", wanted) == "CREATE_COMPLETE"
    group, node = stacks.resource("s", "Targets"), stacks.resource("s", "Node")

    def health() -> dict[str, Any]:
        found = account.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        result: dict[str, Any] = found[0]["TargetHealth"]
        return result

    assert health()["State"] == "initial"
    account.set_target_health(group, node, 8080, "unhealthy", "Target.FailedHealthChecks")
    assert (health()["State"], health()["Reason"]) == ("unhealthy", "Target.FailedHealthChecks")
    account.set_target_health(group, node, 8080, "healthy", "")
    assert health()["State"] == "healthy"
    with pytest.raises(KeyError):
        account.set_target_health(group, node, 9999, "healthy", "")


def test_a_reboot_and_a_restart_can_be_seen(account: Account, stacks: Stacks) -> None:
    stacks.create("s", CLUSTER)
    ec2, node = account.client("ec2"), stacks.resource("s", "Node")
    assert account.reboots(node) == 0
    ec2.reboot_instances(InstanceIds=[node])
    assert account.reboots(node) == 1
    ec2.stop_instances(InstanceIds=[node])
    assert instance(account, stacks)["State"]["Name"] == "stopped"
