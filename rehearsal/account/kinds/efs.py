"""EFS file systems and the addresses in a VPC by which they are reached."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, retag
from rehearsal.account.kinds.ec2_endpoints import free_address_in

TAGS = "FileSystemTags"


class FileSystem(Kind):
    """A file system; `Ref` is its id."""

    type = "AWS::EFS::FileSystem"
    mutable = frozenset({"BackupPolicy", "FileSystemPolicy", "LifecyclePolicies", "ThroughputMode", TAGS})
    properties = mutable | {"Encrypted", "KmsKeyId", "PerformanceMode"}
    tags_in = TAGS

    def create(self, request: Request) -> Made:
        """Create the file system, which nobody reaches before it has a mount target."""
        given = request.given("Encrypted", "KmsKeyId", "PerformanceMode", "ThroughputMode")
        about = {"CreationToken": request.generated_name(64), "Backup": _backed_up(request)}
        made = request.call("efs", "CreateFileSystem", **about, **given, Tags=_tagging(request).own_tags())
        name = str(made["FileSystemId"])
        request.made(name)
        self._configure(request, name)
        return Made(name, {"FileSystemId": name, "Arn": made["FileSystemArn"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change backup, policies, throughput and tags."""
        mode = request.properties.get("ThroughputMode", "bursting")
        request.cloud.emulator.reset_file_system(old.physical_id, backed_up=_backed_up(request), throughput=mode)
        self._configure(request, old.physical_id)
        before = replace(old, properties={"Tags": old.properties.get(TAGS, ())})
        retag(_tagging(request), before, "efs", ResourceId=old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the file system with all that is in it, unless it has a mount target."""
        cloud.call("efs", "DeleteFileSystem", FileSystemId=old.physical_id)

    @staticmethod
    def _configure(request: Request, name: str) -> None:
        if policy := request.properties.get("FileSystemPolicy"):
            request.call("efs", "PutFileSystemPolicy", FileSystemId=name, Policy=json.dumps(policy))
        policies = {"LifecyclePolicies": request.properties.get("LifecyclePolicies", [])}
        request.call("efs", "PutLifecycleConfiguration", FileSystemId=name, **policies)


def _backed_up(request: Request) -> bool:
    return bool(request.properties.get("BackupPolicy", {}).get("Status") == "ENABLED")


def _tagging(request: Request) -> Request:
    """Return the request with the tags under the name that they have elsewhere."""
    return replace(request, properties={"Tags": request.properties.get(TAGS, ())})


class MountTarget(Kind):
    """An address of a file system in a subnet; one in a zone. `Ref` is its id."""

    type = "AWS::EFS::MountTarget"
    mutable = frozenset({"SecurityGroups"})
    properties = mutable | {"FileSystemId", "IpAddress", "SubnetId"}

    def create(self, request: Request) -> Made:
        """Create the mount target, at the highest free address unless one is given; AWS takes any."""
        given = request.given("FileSystemId", "SubnetId", "SecurityGroups")
        address = str(request.properties.get("IpAddress") or free_address_in(request, given["SubnetId"]))
        made = request.call("efs", "CreateMountTarget", **given, IpAddress=address)["MountTargetId"]
        return Made(made, {"Id": made, "IpAddress": address})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change the security groups."""
        groups = request.given("SecurityGroups")
        request.call("efs", "ModifyMountTargetSecurityGroups", MountTargetId=old.physical_id, **groups)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the mount target and its network interface."""
        cloud.call("efs", "DeleteMountTarget", MountTargetId=old.physical_id)


KINDS: tuple[type[Kind], ...] = (FileSystem, MountTarget)
