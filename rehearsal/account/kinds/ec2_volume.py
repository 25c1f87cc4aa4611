"""EBS volumes."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import UnsupportedError
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse
from rehearsal.account.kinds.ec2_tags import retag, specification


class Volume(Kind):
    """A volume that stands apart from instances."""

    type = "AWS::EC2::Volume"
    sized = ("Iops", "Size", "Throughput", "VolumeType")
    mutable = frozenset({*sized, "AutoEnableIO", "Tags"})
    properties = mutable | {"AvailabilityZone", "Encrypted", "KmsKeyId", "MultiAttachEnabled", "SnapshotId"}
    snapshots = True

    def create(self, request: Request) -> Made:
        """Create the volume."""
        if request.properties.get("MultiAttachEnabled") in (True, "true"):
            raise UnsupportedError("AWS::EC2::Volume: MultiAttachEnabled is not supported by this emulated account")
        given = request.given("AvailabilityZone", "Encrypted", "KmsKeyId", "SnapshotId", *self.sized)
        volume = request.call("ec2", "CreateVolume", **given, **specification(request, "volume"))["VolumeId"]
        return Made(volume, {"VolumeId": volume})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change size (which can only grow), kind and tags."""
        _refuse_shrinking(request, old)
        if changed := request.changed(old) & set(self.sized):
            request.call("ec2", "ModifyVolume", VolumeId=old.physical_id, **request.given(*sorted(changed)))
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the volume, unless it is attached."""
        found = cloud.call("ec2", "DescribeVolumes", VolumeIds=[old.physical_id])["Volumes"][0]
        if users := [attachment["InstanceId"] for attachment in found["Attachments"]]:
            raise refuse(f"Volume {old.physical_id} is currently attached to {users[0]}", "VolumeInUse")
        cloud.call("ec2", "DeleteVolume", VolumeId=old.physical_id)

    def snapshot(self, cloud: Cloud, old: Existing, description: str) -> None:
        """Take a snapshot, tagged as the volume is declared."""
        tags = [dict(tag) for tag in old.properties.get("Tags", ())]
        specifications = {"TagSpecifications": [{"ResourceType": "snapshot", "Tags": tags}]} if tags else {}
        cloud.call("ec2", "CreateSnapshot", VolumeId=old.physical_id, Description=description, **specifications)


def _refuse_shrinking(request: Request, old: Existing) -> None:
    before, after = int(old.properties.get("Size", 0)), int(request.properties.get("Size", 0))
    if "Size" in request.changed(old) and after < before:
        text = "New size cannot be smaller than existing size"
        raise refuse(text, "InvalidParameterValue")


KINDS: tuple[type[Kind], ...] = (Volume,)
