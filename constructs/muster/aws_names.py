"""What AWS's own names say: regions and zones, instance types, buckets. Ids and ARNs stand in `aws_ids`."""

import json
import re
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal

from muster.checking import Check, checked, closest, matching, one_of

Architecture = Literal["arm64", "x86_64"]
ArchitectureField = Annotated[Architecture, one_of("arm64", "x86_64")]

# Types on the Xen hypervisor, whose volumes have no NVMe names by which a node could find its data volume
# (EC2 User Guide, "Instances built on the AWS Nitro System" and "Amazon EBS volumes and NVMe").
_XEN: Final = frozenset(
    {"c1", "c3", "c4", "cc2", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hs1", "i2", "i3"}
    | {"m1", "m2", "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e"}
)
_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")

# Sizes below 2 GiB; no Nitro family has them but t3, t3a and t4g (EC2 "Instance types": burstable performance)
_SMALL: Final = {"nano": 0.5, "micro": 1.0}


@cache
def _partitions() -> dict[str, str]:
    """Return the partition of each region of the public partitions, from the list that botocore ships."""
    data = json.loads(resources.files("botocore").joinpath("data", "partitions.json").read_text(encoding="utf-8"))
    chosen = [each for each in data["partitions"] if each["id"] in _PARTITIONS]
    return {name: each["id"] for each in chosen for name in each["regions"] if not name.endswith("-global")}


@cache
def regions() -> tuple[str, ...]:
    """Return the regions of the public partitions, sorted."""
    return tuple(sorted(_partitions()))


def partition_of(region: str) -> str:
    """Return the partition that begins the ARNs of `region`; raises `KeyError` for an unknown region."""
    return _partitions()[region]


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


def memory(instance_type: str) -> float | None:
    """Return the memory of an instance type in GiB where its size alone tells it, which it does below 2 GiB."""
    return _SMALL.get(instance_type.partition(".")[2])


def _region_fault(value: str) -> str | None:
    if value in regions():
        return None
    if region_of(value) in regions() and value[-1:].isalpha():
        return "which is a zone"
    return f"which is not a known region{closest(value, list(regions()))}"


def _type_fault(value: str) -> str | None:
    if not re.fullmatch(_TYPE, value):
        return "which is not the form of an instance type"
    family = value.partition(".")[0]
    if family in _XEN:
        return "whose volumes have no NVMe names"
    return "which runs macOS" if family.startswith("mac") else None


def s3_object(ends: str, what: str) -> Check:
    """Return the check of the `bucket/key` of an object whose key ends with the pattern `ends`, `what` in words."""

    def fault(value: str) -> str | None:
        bucket, _, key = value.partition("/")
        if not re.fullmatch(_BUCKET, bucket) or re.search(_NO_BUCKET, bucket):
            return "whose bucket is not a bucket's name"
        if not re.fullmatch(_KEY + ends, key):
            return f"whose key is not plain names between slashes that end with {what}"
        return "which is too long" if len(key) > 512 else None

    want = f"bucket/key of a {what}, of plain names between slashes"
    return checked(fault, want, pattern=f"^{_BUCKET}/{_KEY}{ends}$")


_FAMILY: Final = r"([a-z]{1,3}[0-9]{1,2}[a-z]{0,5}(-[a-z0-9]{1,8})?|u-[0-9]{1,2}tb1)"
_TYPE: Final = rf"{_FAMILY}\.(nano|micro|small|medium|[0-9]*x?large|metal(-[0-9]+xl)?)"
_BUCKET: Final = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
# S3 User Guide, "General purpose bucket naming rules"; the suffixes are aliases and kinds that take other calls than
# the one by which a node reads
_NO_BUCKET: Final = r"\.\.|^\d+(\.\d+){3}$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$"
# no `*` or `?`: the key stands in an IAM statement, where they would widen it
_KEY: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*"

Region = Annotated[str, checked(_region_fault, "a region such as eu-west-1", enum=list(regions()))]

ZONE: Final = "an availability zone such as eu-west-1a"
Zone = Annotated[str, matching(r"[a-z]{2,4}(-[a-z]+)+-\d+[a-z]", ZONE)]

INSTANCE_TYPE: Final = "an instance type on the Nitro System such as t4g.medium"
InstanceType = Annotated[str, checked(_type_fault, INSTANCE_TYPE, pattern=f"^{_TYPE}$")]

S3Object = Annotated[str, s3_object(r"\.(jar|zip)", ".jar or .zip")]

SHA256: Final = "the SHA-256 of the file: 64 lower-case hexadecimal digits"
Sha256 = Annotated[str, matching(r"[0-9a-f]{64}", SHA256)]
