"""`muster leftovers` lists what is really there, of this cluster alone, with commands that remove it."""

import io
from pathlib import Path
from typing import Any

import pytest

from operations.aws import Aws, account_of
from operations.leftovers import Leftover, _batched, leftovers, leftovers_file
from tests.aws_help import REGION, moto
from tests.conftest import WriteCluster

__all__ = ["moto"]


def tags(cluster: str) -> list[dict[str, str]]:
    return [{"Key": "muster:cluster", "Value": cluster}, {"Key": "muster:node", "Value": "a"}]


def leave_behind(aws: Aws, cluster: str) -> dict[str, str]:
    """Make one of each kind for `cluster`; return their ids by kind."""
    ec2, name = aws("ec2"), f"muster-{cluster}-balanceraccesslogs-1x2y3z"
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=20)["VolumeId"]
    ec2.create_tags(Resources=[volume], Tags=tags(cluster))
    specification = [{"ResourceType": "snapshot", "Tags": tags(cluster)}]
    snapshot = ec2.create_snapshot(VolumeId=volume, TagSpecifications=specification)["SnapshotId"]
    image = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]["ImageId"]
    launched: dict[str, Any] = {
        "ImageId": image,
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags(cluster)}],
    }
    instance = ec2.run_instances(**launched)["Instances"][0]["InstanceId"]
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags(cluster)})
    aws("logs").create_log_group(logGroupName=f"/muster/{cluster}/node")
    table = f"muster-{cluster}-PairWitnessTable0CDC0777-1X2Y3Z"
    aws("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        Tags=tags(cluster),
    )
    shared = aws("efs").create_file_system(CreationToken=cluster, Tags=tags(cluster))["FileSystemId"]
    return {
        "file system": shared,
        "instance": instance,
        "load balancer": balancer(aws, cluster),
        "volume": volume,
        "snapshot": snapshot,
        "bucket": name,
        "log group": f"/muster/{cluster}/node",
        "table": table,
    }


def balancer(aws: Aws, cluster: str) -> str:
    """Make a protected load balancer of `cluster`; return its ARN."""
    subnets = [each["SubnetId"] for each in aws("ec2").describe_subnets()["Subnets"][:2]]
    given: dict[str, Any] = {"Name": f"of-{cluster}", "Subnets": subnets, "Tags": tags(cluster)}
    arn = str(aws("elbv2").create_load_balancer(**given)["LoadBalancers"][0]["LoadBalancerArn"])
    attributes = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    return arn


def by_kind(found: list[Leftover]) -> dict[str, str]:
    return {each.kind: each.id for each in found}


def test_nothing_is_left_of_a_cluster_that_never_was(
    moto: Aws, write_cluster: WriteCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leftovers_file(write_cluster(), lambda _: moto) == 0
    account = account_of(moto, None)
    assert f"nothing is left of as400 in eu-west-1 of the account {account}" in capsys.readouterr().out


def test_one_of_each_kind_is_found_and_none_of_another_cluster(moto: Aws) -> None:
    """Also not of one whose name begins with this one's."""
    leave_behind(moto, "as400-b")
    moto("logs").create_log_group(logGroupName="muster-as400-b-NetworkFlowLogs")
    ids = leave_behind(moto, "as400")
    assert by_kind(leftovers(moto, "as400", stack_there=False)) == ids


def test_what_cloudformation_named_and_nobody_tagged_is_found_by_its_name(moto: Aws) -> None:
    moto("logs").create_log_group(logGroupName="muster-as400-NetworkFlowLogsGroup-1X2Y")
    name = "muster-as400-balanceraccesslogs-1x2y3z"
    moto("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    found = by_kind(leftovers(moto, "as400", stack_there=False))
    assert found == {"log group": "muster-as400-NetworkFlowLogsGroup-1X2Y", "bucket": name}


def test_a_bucket_of_the_same_cluster_in_another_region_is_not_listed(moto: Aws) -> None:
    """It may be a running cluster's: the commands would empty and remove it."""
    for region, ending in (("eu-central-1", "theirs"), (REGION, "ours")):
        Aws(region)("s3").create_bucket(
            Bucket=f"muster-as400-logs-{ending}", CreateBucketConfiguration={"LocationConstraint": region}
        )
    assert [each.id for each in leftovers(moto, "as400", stack_there=False)] == ["muster-as400-logs-ours"]


def test_the_firewalls_log_group_is_found_and_not_that_of_a_cluster_whose_name_begins_so(moto: Aws) -> None:
    for cluster in ("as400", "as400-b"):
        moto("logs").create_log_group(logGroupName=f"aws-waf-logs-muster-{cluster}")
    assert by_kind(leftovers(moto, "as400", stack_there=False)) == {"log group": "aws-waf-logs-muster-as400"}


def test_the_filters_of_many_volumes_are_not_too_long() -> None:
    values = [f"vol-{number}" for number in range(450)]
    batches = list(_batched(values))
    assert [len(each) for each in batches] == [200, 200, 50]
    assert [value for each in batches for value in each] == values
    assert list(_batched([])) == []


def test_after_its_commands_a_thing_is_gone(moto: Aws) -> None:
    """Each command's operation and arguments, done with boto3 as the command line would."""
    leave_behind(moto, "as400")
    for each in leftovers(moto, "as400", stack_there=False):
        for command in each.commands:
            run(moto, command)
    assert leftovers(moto, "as400", stack_there=False) == []


def run(aws: Aws, command: str) -> None:
    """Do what an `aws` command line of ours says."""
    import re

    words = command.split()
    assert words[0] == "aws"
    if words[1:3] == ["s3", "rb"]:
        aws("s3").delete_bucket(Bucket=words[3].removeprefix("s3://"))
        return
    options = dict(re.findall(r"--([a-z-]+) (\S+)", command.replace(" --region", "    --region")))
    assert options.pop("region") == REGION
    parameters: dict[str, Any] = {
        "".join(part.capitalize() for part in key.split("-")): value for key, value in options.items()
    }
    operation = words[2].replace("-", "_")
    if operation == "update_table":
        assert command.endswith("--no-deletion-protection-enabled")
        parameters = {"TableName": words[4], "DeletionProtectionEnabled": False}
    if operation == "modify_instance_attribute":
        assert command.endswith("--no-disable-api-termination")
        parameters = {"InstanceId": words[4], "DisableApiTermination": {"Value": False}}
    if operation == "modify_load_balancer_attributes":
        assert parameters["Attributes"] == "Key=deletion_protection.enabled,Value=false"
        parameters["Attributes"] = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    if operation == "terminate_instances":
        parameters["InstanceIds"] = [parameters["InstanceIds"]]
    if words[1] == "logs":
        parameters = {key[0].lower() + key[1:]: value for key, value in parameters.items()}
    getattr(aws(words[1]), operation)(**parameters)


def test_a_file_system_that_still_has_addresses_loses_them_first(moto: Aws) -> None:
    shared = leave_behind(moto, "as400")["file system"]
    subnet = moto("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    target = moto("efs").create_mount_target(FileSystemId=shared, SubnetId=subnet)["MountTargetId"]
    (found,) = (each for each in leftovers(moto, "as400", stack_there=False) if each.id == shared)
    assert found.commands == (
        f"aws efs delete-mount-target --mount-target-id {target} --region {REGION}",
        f"aws efs delete-file-system --file-system-id {shared} --region {REGION}",
    )
    for command in found.commands:
        run(moto, command)
    assert not moto("efs").describe_file_systems()["FileSystems"]


def test_a_bucket_says_what_it_holds(moto: Aws) -> None:
    s3 = moto("s3")
    names = ("balanceraccesslogs-1x2y", "pairbackupsbucket8fa1cbcf-1x2y", "artifactsbackupsbucket8fa1cbcf-1x2y")
    for name in (f"muster-as400-{each}" for each in names):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags("as400")})
    about = {each.id: each.about for each in leftovers(moto, "as400", stack_there=False)}
    assert about == {
        "muster-as400-balanceraccesslogs-1x2y": "the balancer's access logs",
        "muster-as400-pairbackupsbucket8fa1cbcf-1x2y": "backups of the database",
        "muster-as400-artifactsbackupsbucket8fa1cbcf-1x2y": "backups of the artifacts",
    }


def test_a_bucket_with_versions_gets_a_command_that_empties_it(moto: Aws) -> None:
    name = leave_behind(moto, "as400")["bucket"]
    s3 = moto("s3")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=name, Key="one", Body=io.BytesIO(b"x"))
    s3.delete_object(Bucket=name, Key="one")
    (bucket,) = (each for each in leftovers(moto, "as400", stack_there=False) if each.kind == "bucket")
    empty, remove = bucket.commands
    query = empty.split("--query '")[1].split("'")[0]
    import jmespath  # type: ignore[import-untyped]

    listed = jmespath.search(query, s3.list_object_versions(Bucket=name))
    assert len(listed["Objects"]) == 3
    s3.delete_objects(Bucket=name, Delete=listed)
    assert remove == f"aws s3 rb s3://{name} --force --region {REGION}"
    s3.delete_bucket(Bucket=name)


def test_what_belongs_to_a_stack_that_is_there_is_not_listed(
    moto: Aws, write_cluster: WriteCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    body = (
        '{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/muster/as400/node"}}}}'
    )
    moto("cloudformation").create_stack(StackName="muster-as400", TemplateBody=body)
    moto("logs").create_log_group(logGroupName="/muster/as400/old")
    leftovers_file(write_cluster(), lambda _: moto)
    said = capsys.readouterr().out
    assert "the stack muster-as400 is still there (CREATE_COMPLETE)" in said
    assert "log group /muster/as400/old" in said
    assert "/muster/as400/node" not in said


def test_each_command_stands_below_its_thing(
    moto: Aws, write_cluster: WriteCluster, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    del tmp_path
    ids = leave_behind(moto, "as400")
    leftovers_file(write_cluster(), lambda _: moto)
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"snapshot {ids['snapshot']}: 20 GiB of"))
    assert lines[at + 1] == f"  aws ec2 delete-snapshot --snapshot-id {ids['snapshot']} --region eu-west-1"
