"""What EFS knows about mount targets, as values."""

from dataclasses import dataclass
from typing import Any

NFS = 2049
"""The port of EFS, with TLS and without."""


@dataclass(frozen=True)
class MountTarget:
    """One address by which the file system `file_system` is reached from `zone` of a VPC."""

    id: str
    file_system: str
    vpc: str
    zone: str
    subnet: str
    address: str
    groups: tuple[str, ...]

    def name(self, region: str) -> str:
        """Return the name that leads to this address and no other (EFS user guide, "Mounting on EC2 with DNS")."""
        return f"{self.zone}.{self.file_system}.efs.{region}.amazonaws.com"


def read_file_systems(efs: Any) -> frozenset[str]:
    """Return the ids of all file systems."""
    return frozenset(str(each["FileSystemId"]) for each in efs.describe_file_systems(MaxItems=1000)["FileSystems"])


def read_mount_targets(efs: Any, file_systems: frozenset[str]) -> tuple[MountTarget, ...]:
    """Return all mount targets of these file systems."""
    found = [
        each for name in sorted(file_systems) for each in efs.describe_mount_targets(FileSystemId=name)["MountTargets"]
    ]
    return tuple(
        MountTarget(
            id=str(each["MountTargetId"]),
            file_system=str(each["FileSystemId"]),
            vpc=str(each["VpcId"]),
            zone=str(each["AvailabilityZoneName"]),
            subnet=str(each["SubnetId"]),
            address=str(each["IpAddress"]),
            groups=tuple(
                efs.describe_mount_target_security_groups(MountTargetId=each["MountTargetId"])["SecurityGroups"]
            ),
        )
        for each in found
    )
