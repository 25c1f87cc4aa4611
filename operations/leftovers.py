"""`muster leftovers`: what of a removed cluster is still in the account, each with the command that removes it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from muster.names import CLUSTER_TAG, NODE_TAG, firewall_log_group_name, log_group_name, stack_name
from operations.aws import Aws, Missing, account_of
from operations.files import load_file
from operations.observed import THERE, stack_resources, stack_status
from operations.protection import commands_that_end

EMPTY_VERSIONS = (
    """aws s3api delete-objects --bucket {name} --delete "$(aws s3api list-object-versions --bucket {name} """
    """--max-items 1000 --output json --query """
    """'{{Objects: [Versions, DeleteMarkers][][].{{Key: Key, VersionId: VersionId}}}}')" """
)


_BACKUPS: Final = {"-pairbackups": "backups of the database", "-artifactsbackups": "backups of the artifacts"}

STACK_TAG: Final = "aws:cloudformation:stack-name"
"""CloudFormation's own tag of what it makes."""

MOST_VALUES: Final = 200
"""Most values of one filter (Amazon EC2 API Reference, "Filter")."""


@dataclass(frozen=True)
class Leftover:
    """A thing that is left; `commands` remove it, in order, as they stand."""

    kind: str
    id: str
    about: str
    commands: tuple[str, ...]


def leftovers_file(file: Path, connect: Callable[[str], Aws] = Aws) -> int:
    """List what the cluster of `file` has left; return 0. Raises `Failure`.

    While its stack is there, what belongs to that is none of it.
    """
    cluster = load_file(file)
    aws = connect(cluster.region)
    account = account_of(aws, cluster.account)
    status = stack_status(aws, stack_name(cluster.name))
    if status:
        print(f"the stack {stack_name(cluster.name)} is still there ({status}); what belongs to it is not listed")
        print(f"  to remove it: ./muster cdk destroy -c cluster={file}")
    found = leftovers(aws, cluster.name, stack_there=bool(status), databases=cluster.about.makes_databases)
    if not found:
        print(f"nothing is left of {cluster.name} in {cluster.region} of the account {account}")
    for each in found:
        print(f"{each.kind} {each.id}: {each.about}")
        for command in each.commands:
            print(f"  {command}")
    return 0


def leftovers(aws: Aws, cluster: str, *, stack_there: bool, databases: bool = False) -> list[Leftover]:
    """Return what is left of the cluster named `cluster`, in the order in which it can be removed. Raises `Failure`.

    RDS is asked only for `databases`: who has no cluster with one needs no leave to ask.
    """
    stack = stack_name(cluster)
    owned = {each.get("PhysicalResourceId") for each in stack_resources(aws, stack)} if stack_there else set()
    found = [
        *_instances(aws, cluster),
        *_balancers(aws, cluster),
        *_volumes(aws, cluster),
        *_snapshots(aws, cluster),
        *(_database_snapshots(aws, cluster) if databases else ()),
        *_file_systems(aws, cluster),
        *_buckets(aws, cluster),
        *_log_groups(aws, cluster),
        *_tables(aws, cluster),
    ]
    return [each for each in found if each.id not in owned]


def _instances(aws: Aws, cluster: str) -> Iterator[Leftover]:
    filters = [_tagged(CLUSTER_TAG, cluster), {"Name": "instance-state-name", "Values": list(THERE)}]
    for reservation in aws.pages("ec2", "describe_instances", "Reservations", Filters=filters):
        for each in reservation["Instances"]:
            name, about = each["InstanceId"], f"{each['State']['Name']}, {_node(each)}"
            yield Leftover("instance", name, about, commands_that_end(name, aws.region))


def _balancers(aws: Aws, cluster: str) -> Iterator[Leftover]:
    described = aws.pages("elbv2", "describe_load_balancers", "LoadBalancers")
    for each in described:
        arn = each["LoadBalancerArn"]
        tags = aws.call("elbv2", "describe_tags", ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        if _marked({tag["Key"]: tag["Value"] for tag in tags}, cluster):
            where = f"--load-balancer-arn {arn} --region {aws.region}"
            attribute = "--attributes Key=deletion_protection.enabled,Value=false"
            protection = f"aws elbv2 modify-load-balancer-attributes {where} {attribute}"
            end = f"aws elbv2 delete-load-balancer {where}"
            yield Leftover("load balancer", arn, each["DNSName"], (protection, end))


def _volumes(aws: Aws, cluster: str) -> Iterator[Leftover]:
    for each in aws.pages("ec2", "describe_volumes", "Volumes", Filters=[_tagged(CLUSTER_TAG, cluster)]):
        name = each["VolumeId"]
        command = f"aws ec2 delete-volume --volume-id {name} --region {aws.region}"
        yield Leftover("volume", name, f"{each['Size']} GiB, {each['State']}, {_node(each)}", (command,))


def _snapshots(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield snapshots with the cluster's own tag or CloudFormation's, and those of volumes of its deleted stacks.

    Nobody has written down whether the snapshot of a `DeletionPolicy: Snapshot` carries the tags of its volume.
    """
    known: dict[str, Any] = {}
    filters = [_tagged(CLUSTER_TAG, cluster), _tagged(STACK_TAG, stack_name(cluster))]
    volumes = _deleted_volumes(aws, stack_name(cluster))
    filters += [{"Name": "volume-id", "Values": each} for each in _batched(volumes)]
    for each in filters:
        pages = aws.pages("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=[each])
        known |= {each["SnapshotId"]: each for each in pages}
    for name, each in sorted(known.items()):
        command = f"aws ec2 delete-snapshot --snapshot-id {name} --region {aws.region}"
        taken = each["StartTime"].strftime("%Y-%m-%d %H:%M")
        yield Leftover("snapshot", name, f"{each['VolumeSize']} GiB of {taken}, {_node(each)}", (command,))


def _database_snapshots(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield snapshots of the database that all nodes shared; those that RDS takes each day go by themselves."""
    for each in aws.pages("rds", "describe_db_snapshots", "DBSnapshots", SnapshotType="manual"):
        if not _marked({tag["Key"]: tag["Value"] for tag in each.get("TagList", ())}, cluster):
            continue
        name = str(each["DBSnapshotIdentifier"])
        taken = f"{each['SnapshotCreateTime']:%Y-%m-%d %H:%M}" if "SnapshotCreateTime" in each else each["Status"]
        about = f"the database that the nodes shared, {each['AllocatedStorage']} GiB of {taken}"
        command = f"aws rds delete-db-snapshot --db-snapshot-identifier {name} --region {aws.region}"
        yield Leftover("database snapshot", name, about, (command,))


def _file_systems(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield file systems of EFS; one can be deleted once nothing mounts it any more."""
    for each in aws.pages("efs", "describe_file_systems", "FileSystems"):
        if not _marked({tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}, cluster):
            continue
        name, size = str(each["FileSystemId"]), each["SizeInBytes"]["Value"]
        mounted = aws.pages("efs", "describe_mount_targets", "MountTargets", FileSystemId=name)
        ends = [
            f"aws efs delete-mount-target --mount-target-id {target['MountTargetId']} --region {aws.region}"
            for target in mounted
        ]
        end = f"aws efs delete-file-system --file-system-id {name} --region {aws.region}"
        yield Leftover("file system", name, f"the files that the nodes shared, {size} bytes", (*ends, end))


def _batched(values: Sequence[str]) -> Iterator[list[str]]:
    """Yield `values` in lists that one filter takes."""
    for start in range(0, len(values), MOST_VALUES):
        yield list(values[start : start + MOST_VALUES])


def _deleted_volumes(aws: Aws, stack: str) -> list[str]:
    """Return the ids of the volumes of deleted stacks of this name; CloudFormation knows them for 90 days."""
    deleted = aws.pages("cloudformation", "list_stacks", "StackSummaries", StackStatusFilter=["DELETE_COMPLETE"])
    volumes = {
        str(resource["PhysicalResourceId"])
        for each in deleted
        if each["StackName"] == stack
        for resource in aws.pages(
            "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=each["StackId"]
        )
        if resource["ResourceType"] == "AWS::EC2::Volume" and resource.get("PhysicalResourceId")
    }
    return sorted(volumes)


def _buckets(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield the buckets of logs and backups; tags, where they have any, tell `x` from a cluster that begins with it.

    S3 lists the buckets of all regions, and a cluster of the same name in another one keeps its own.
    """
    prefix = f"{stack_name(cluster)}-"
    for each in aws.pages("s3", "list_buckets", "Buckets", Prefix=prefix, BucketRegion=aws.region):
        name = str(each["Name"])
        tags = _bucket_tags(aws, name)
        if name.startswith(prefix) and _is_of(tags, cluster):
            versioned = aws.call("s3", "get_bucket_versioning", Bucket=name).get("Status")
            remove = f"aws s3 rb s3://{name} --force --region {aws.region}"
            empty = (
                (f"{EMPTY_VERSIONS.format(name=name).strip()}    # again, until nothing is left",) if versioned else ()
            )
            yield Leftover("bucket", name, _what_a_bucket_holds(name), (*empty, remove))


def _what_a_bucket_holds(name: str) -> str:
    """Return it by the name, in which CloudFormation keeps the construct's (`muster.pair`, `artifact_backups`)."""
    found = (what for part, what in _BACKUPS.items() if part in name)
    return next(found, "the balancer's access logs")


def _bucket_tags(aws: Aws, name: str) -> dict[str, str]:
    try:
        tags = aws.call("s3", "get_bucket_tagging", Bucket=name)["TagSet"]
    except Missing:
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}


def _is_of(tags: Mapping[str, str], cluster: str) -> bool:
    return _marked(tags, cluster) or not {CLUSTER_TAG, STACK_TAG} & tags.keys()


def _marked(tags: Mapping[str, str], cluster: str) -> bool:
    return tags.get(CLUSTER_TAG) == cluster or tags.get(STACK_TAG) == stack_name(cluster)


def _tables(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield the witness's tables: each says which node held the newest data when its stack went."""
    prefix = f"{stack_name(cluster)}-"
    for name in aws.pages("dynamodb", "list_tables", "TableNames"):
        if not name.startswith(prefix):
            continue
        described = aws.call("dynamodb", "describe_table", TableName=name)["Table"]
        tags = aws.call("dynamodb", "list_tags_of_resource", ResourceArn=described["TableArn"])["Tags"]
        if not _marked({tag["Key"]: tag["Value"] for tag in tags}, cluster):
            continue
        where = f"--table-name {name} --region {aws.region}"
        unprotect = (f"aws dynamodb update-table {where} --no-deletion-protection-enabled",)
        commands = unprotect if described.get("DeletionProtectionEnabled") else ()
        about = "the witness, which says whose snapshot is the newest"
        yield Leftover("table", name, about, (*commands, f"aws dynamodb delete-table {where}"))


def _log_groups(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield log groups by name: the cluster's own, and those named by CloudFormation after a capital letter."""
    made, firewall = f"{stack_name(cluster)}-", firewall_log_group_name(cluster)
    for prefix in (log_group_name(cluster), made, firewall):
        for each in aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
            name = str(each["logGroupName"])
            if prefix == made and not name.removeprefix(made)[:1].isupper():
                continue  # of another cluster, whose name begins with this one's
            if prefix == firewall != name:
                continue  # of such a cluster, too
            command = f"aws logs delete-log-group --log-group-name {name} --region {aws.region}"
            yield Leftover("log group", name, f"{each.get('storedBytes', 0)} bytes", (command,))


def _tagged(key: str, value: str) -> dict[str, Any]:
    return {"Name": f"tag:{key}", "Values": [value]}


def _node(described: Mapping[str, Any]) -> str:
    tags: Iterable[Mapping[str, str]] = described.get("Tags") or ()
    return next((f"node {tag['Value']}" for tag in tags if tag["Key"] == NODE_TAG), "of no node")
