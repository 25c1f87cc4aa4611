"""`muster leftovers`: what of a removed cluster is still in the account, each with the command that removes it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.aws import Aws, Missing, account_of
from operations.files import load_file
from operations.observed import THERE, stack_name, stack_resources, stack_status

EMPTY_VERSIONS = (
    """aws s3api delete-objects --bucket {name} --delete "$(aws s3api list-object-versions --bucket {name} """
    """--max-items 1000 --output json --query """
    """'{{Objects: [Versions, DeleteMarkers][][].{{Key: Key, VersionId: VersionId}}}}')" """
)


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
    found = leftovers(aws, cluster.name, stack_there=bool(status))
    if not found:
        print(f"nothing is left of {cluster.name} in {cluster.region} of the account {account}")
    for each in found:
        print(f"{each.kind} {each.id}: {each.about}")
        for command in each.commands:
            print(f"  {command}")
    return 0


def leftovers(aws: Aws, cluster: str, *, stack_there: bool) -> list[Leftover]:
    """Return what is left of the cluster named `cluster`, in the order in which it can be removed. Raises `Failure`."""
    stack = stack_name(cluster)
    owned = {each.get("PhysicalResourceId") for each in stack_resources(aws, stack)} if stack_there else set()
    found = [
        *_instances(aws, cluster),
        *_volumes(aws, cluster),
        *_snapshots(aws, cluster),
        *_buckets(aws, cluster),
        *_log_groups(aws, cluster),
    ]
    return [each for each in found if each.id not in owned]


def _instances(aws: Aws, cluster: str) -> Iterator[Leftover]:
    filters = [_tagged("muster:cluster", cluster), {"Name": "instance-state-name", "Values": list(THERE)}]
    for reservation in aws.pages("ec2", "describe_instances", "Reservations", Filters=filters):
        for each in reservation["Instances"]:
            name, where = each["InstanceId"], f"--instance-id {each['InstanceId']} --region {aws.region}"
            protection = f"aws ec2 modify-instance-attribute {where} --no-disable-api-termination"
            end = f"aws ec2 terminate-instances --instance-ids {name} --region {aws.region}"
            yield Leftover("instance", name, f"{each['State']['Name']}, {_node(each)}", (protection, end))


def _volumes(aws: Aws, cluster: str) -> Iterator[Leftover]:
    for each in aws.pages("ec2", "describe_volumes", "Volumes", Filters=[_tagged("muster:cluster", cluster)]):
        name = each["VolumeId"]
        command = f"aws ec2 delete-volume --volume-id {name} --region {aws.region}"
        yield Leftover("volume", name, f"{each['Size']} GiB, {each['State']}, {_node(each)}", (command,))


def _snapshots(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield snapshots with the cluster's own tag, or with the one by which CloudFormation marks what it makes."""
    known: dict[str, Any] = {}
    for tag in (_tagged("muster:cluster", cluster), _tagged("aws:cloudformation:stack-name", stack_name(cluster))):
        pages = aws.pages("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=[tag])
        known |= {each["SnapshotId"]: each for each in pages}
    for name, each in sorted(known.items()):
        command = f"aws ec2 delete-snapshot --snapshot-id {name} --region {aws.region}"
        taken = each["StartTime"].strftime("%Y-%m-%d %H:%M")
        yield Leftover("snapshot", name, f"{each['VolumeSize']} GiB of {taken}, {_node(each)}", (command,))


def _buckets(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield the access logs' buckets; their tags, where they have any, tell `x` from a cluster that begins with it."""
    prefix = f"{stack_name(cluster)}-"
    for each in aws.pages("s3", "list_buckets", "Buckets", Prefix=prefix):
        name = str(each["Name"])
        if name.startswith(prefix) and _is_of(_bucket_tags(aws, name), cluster):
            versioned = aws.call("s3", "get_bucket_versioning", Bucket=name).get("Status")
            remove = f"aws s3 rb s3://{name} --force --region {aws.region}"
            empty = (
                (f"{EMPTY_VERSIONS.format(name=name).strip()}    # again, until nothing is left",) if versioned else ()
            )
            yield Leftover("bucket", name, "the balancer's access logs", (*empty, remove))


def _bucket_tags(aws: Aws, name: str) -> dict[str, str]:
    try:
        tags = aws.call("s3", "get_bucket_tagging", Bucket=name)["TagSet"]
    except Missing:
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}


def _is_of(tags: Mapping[str, str], cluster: str) -> bool:
    marks = {"muster:cluster": cluster, "aws:cloudformation:stack-name": stack_name(cluster)}
    said = [tags[key] == value for key, value in marks.items() if key in tags]
    return any(said) if said else True


def _log_groups(aws: Aws, cluster: str) -> Iterator[Leftover]:
    """Yield log groups by name: the cluster's own, and those named by CloudFormation after a capital letter."""
    made = f"{stack_name(cluster)}-"
    for prefix in (f"/muster/{cluster}/", made):
        for each in aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
            name = str(each["logGroupName"])
            if prefix == made and not name.removeprefix(made)[:1].isupper():
                continue  # of another cluster, whose name begins with this one's
            command = f"aws logs delete-log-group --log-group-name {name} --region {aws.region}"
            yield Leftover("log group", name, f"{each.get('storedBytes', 0)} bytes", (command,))


def _tagged(key: str, value: str) -> dict[str, Any]:
    return {"Name": f"tag:{key}", "Values": [value]}


def _node(described: Mapping[str, Any]) -> str:
    tags: Iterable[Mapping[str, str]] = described.get("Tags") or ()
    return next((f"node {tag['Value']}" for tag in tags if tag["Key"] == "muster:node"), "of no node")
