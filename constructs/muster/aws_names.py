"""What AWS's own names say: regions and zones, instance types, ARNs, buckets, images."""

import json
import re
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal

from pydantic import Field

from muster.fields import checked, closest, matching

Architecture = Literal["arm64", "x86_64"]

# Types on the Xen hypervisor, whose volumes have no NVMe names by which a node could find its data volume
# (EC2 User Guide, "Instances built on the AWS Nitro System" and "Amazon EBS volumes and NVMe").
_XEN: Final = frozenset(
    {"c1", "c3", "c4", "cc2", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hs1", "i2", "i3"}
    | {"m1", "m2", "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e"}
)
_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")


@cache
def regions() -> tuple[str, ...]:
    """Return the regions of the public partitions, from the list that botocore ships."""
    data = json.loads(resources.files("botocore").joinpath("data", "partitions.json").read_text(encoding="utf-8"))
    chosen = [each for each in data["partitions"] if each["id"] in _PARTITIONS]
    return tuple(sorted(name for each in chosen for name in each["regions"] if not name.endswith("-global")))


def region_of(zone: str) -> str:
    """Return the region of the zone `zone`: its name without the last letter."""
    return zone[:-1]


def architecture(instance_type: str) -> Architecture:
    """Return the processor architecture of an instance type.

    A `g` right after the generation's number says Graviton (EC2 instance type naming conventions); `a1` and
    `p6e-gb200` (Grace) are the Arm types named otherwise.
    """
    family = instance_type.partition(".")[0]
    arm = family == "a1" or "-gb" in family or re.match(r"[a-z]+\d+g", family)
    return "arm64" if arm else "x86_64"


def _region_fault(value: str) -> str | None:
    if value in regions():
        return None
    if region_of(value) in regions() and value[-1:].isalpha():
        return "which is a zone"
    return f"which is not a known region{closest(value, list(regions()))}"


def _type_fault(value: str) -> str | None:
    if not re.fullmatch(r"[a-z]+[0-9]*[a-z]*(-[a-z0-9]+)?\.(nano|micro|small|medium|\d*x?large|metal(-\d+xl)?)", value):
        return "which is not the form of an instance type"
    family = value.partition(".")[0]
    if family in _XEN:
        return "whose volumes have no NVMe names"
    return "which runs macOS" if family.startswith("mac") else None


def _bucket_key_fault(value: str) -> str | None:
    bucket, _, key = value.partition("/")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        return "whose bucket is not a bucket's name"
    # no `*` or `?`: the key stands in an IAM statement, where they would widen it
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\.jar", key):
        return "whose key is not plain names between slashes that end with .jar"
    return "which is too long" if len(key) > 512 else None


REGION: Final = "a region such as eu-west-1"
Region = Annotated[str, Field(description=REGION), checked(_region_fault, REGION)]

ZONE: Final = "an availability zone such as eu-west-1a"
Zone = Annotated[str, Field(description=ZONE), matching(r"[a-z]{2,4}(-[a-z]+)+-\d+[a-z]", ZONE)]

INSTANCE_TYPE: Final = "an instance type on the Nitro System such as t4g.medium"
InstanceType = Annotated[str, Field(description=INSTANCE_TYPE), checked(_type_fault, INSTANCE_TYPE)]

AMI: Final = "an image id: ami- and 8 or 17 hexadecimal digits"
Ami = Annotated[str, Field(description=AMI), matching(r"ami-([0-9a-f]{8}|[0-9a-f]{17})", AMI)]

CERTIFICATE: Final = "the ARN of a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
Certificate = Annotated[
    str,
    Field(description=CERTIFICATE),
    matching(r"arn:aws(-cn|-us-gov)?:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]{1,64}", CERTIFICATE),
]

S3: Final = "bucket/key of a .jar, of plain names between slashes"
S3Object = Annotated[str, Field(description=S3), checked(_bucket_key_fault, S3)]

SHA256: Final = "the SHA-256 of the file: 64 lower-case hexadecimal digits"
Sha256 = Annotated[str, Field(description=SHA256), matching(r"[0-9a-f]{64}", SHA256)]
