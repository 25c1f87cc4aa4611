"""Which changed property replaces a resource, and which restarts an instance.

What replaces is read from the resource provider schemas that cfn-lint ships: `createOnlyProperties`, and of
`conditionalCreateOnlyProperties` what the tables below do not name, for the worst. The schemas do not tell a restart
from a change without interruption, nor what CloudFormation does not update at all: that stands in the tables.
"""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from operations.review.values import at

INSTANCE: Final = "AWS::EC2::Instance"
VOLUME: Final = "AWS::EC2::Volume"

RESTARTS: Final = frozenset(
    {"AdditionalInfo", "Affinity", "EbsOptimized", "HostId", "InstanceType", "KernelId", "RamdiskId", "Tenancy"}
    | {"UserData"}
)
"""An instance whose root is an EBS volume, as all of Muster's are, is stopped and started.

AWS CloudFormation Template Reference, AWS::EC2::Instance: "Update requires: Some interruptions"; UserData: "If the root
volume is an EBS volume and you update user data, CloudFormation restarts the instance"; InstanceType: "restart or
replacement behavior depends on the instance type compatibility" (another architecture needs another image, which
replaces in any case).
"""

IN_PLACE: Final = frozenset({"SecurityGroupIds"})
"""Changed while an instance runs in a VPC (EC2 API Reference, ModifyInstanceAttribute, GroupId)."""

REPLACES: Final = frozenset({"BlockDeviceMappings", "PrivateDnsNameOptions"})
"""What else the schema calls conditional. BlockDeviceMappings: "After the instance is running, you can modify only the
DeleteOnTermination parameter [...] Modifying any other parameter results in instance replacement" (same page)."""

UNCHANGEABLE: Final = frozenset({"AvailabilityZone", "Encrypted", "KmsKeyId", "MultiAttachEnabled", "SnapshotId"})
"""Of a volume: "Updates are not supported" (AWS::EC2::Volume, same reference): such an update fails, and replaces
nothing. Another volume has another logical id."""


@dataclass(frozen=True)
class Schema:
    """Paths of the properties that are set at creation alone: for good, or depending on something."""

    create_only: tuple[tuple[str, ...], ...]
    conditional: tuple[tuple[str, ...], ...] = ()


@cache
def _folder() -> Path:
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        raise LookupError("cfn-lint is not installed; ./muster installs it")
    return Path(found.origin).parent / "data" / "schemas"


@cache
def _names() -> Mapping[str, str]:
    names: Mapping[str, str] = json.loads((_folder() / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    return names


@cache
def schema(type_: str) -> Schema | None:
    """Return the schema of the resource type `type_`, the same in all regions; None for a type that has none."""
    known = "AWS::CloudFormation::CustomResource" if type_.startswith("Custom::") else type_
    if known not in _names():
        return None
    content = json.loads((_folder() / "resources" / f"{_names()[known]}.json").read_text(encoding="utf-8"))
    names = ("createOnlyProperties", "conditionalCreateOnlyProperties")
    return Schema(*(tuple(_path(each) for each in content.get(name, ())) for name in names))


def _path(pointer: str) -> tuple[str, ...]:
    return tuple(pointer.removeprefix("/properties/").split("/"))


def replacing_paths(
    type_: str, changed: set[str], old: Mapping[str, Any], new: Mapping[str, Any]
) -> set[tuple[str, ...]]:
    """Return the paths below the properties `changed` whose change makes another resource of it.

    Of a type without a schema it is every changed property, for the worst.
    """
    known = schema(type_)
    if known is None:
        return {(name,) for name in changed}
    paths = {path for path in (*known.create_only, *known.conditional) if path[0] in changed}
    if type_ == INSTANCE:
        paths -= {(name,) for name in RESTARTS | IN_PLACE}
        if _without_end(old) == _without_end(new):
            paths.discard(("BlockDeviceMappings",))
    return paths


def _without_end(properties: Mapping[str, Any]) -> Any:
    devices = at(properties, ("BlockDeviceMappings",)) or []
    return [
        {**each, "Ebs": {key: value for key, value in each.get("Ebs", {}).items() if key != "DeleteOnTermination"}}
        for each in devices
    ]
