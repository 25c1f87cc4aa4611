"""A small stack as Muster's templates are, with every kind of resource that a review looks at; made anew each time."""

import copy
import json
from collections.abc import Callable
from typing import Any

from operations.review import Review, review
from tests.template_help import attribute, ref

Template = dict[str, Any]
Edit = Callable[[Template], Any]

DOCUMENT: dict[str, Any] = {
    "artifact": {"bucket": "b", "key": "1.jar", "sha256": "1" * 64, "name": "a.jar"},
    "asset": {"bucket": "b", "key": "1.zip", "sha256": "1" * 64},
    "cluster": "as400",
    "format": 1,
    "formation_timeout": 900,
    "generation": "0123456789abcdef",
    "java": 17,
    "members": [
        {"name": "a", "ordinal": 0, "zone": "eu-west-1a", "address": "10.0.0.10", "volume": "<DataA>"},
        {"name": "b", "ordinal": 1, "zone": "eu-west-1b", "address": "10.0.1.11", "volume": "<DataB>"},
    ],
    "ports": {"database": 9092, "http": 8080, "peer": 9093, "readiness": 9180},
    "product": "as400gateway",
    "region": "eu-west-1",
    "secrets": {"database_admin": "<Secret>"},
    "settings": {"database": "connections", "health": "/actuator/health", "home": "/opt/as400gateway"},
    "wait_url": "<Handle1>",
}


def stack(document: dict[str, Any] | None = None) -> Template:
    """Return the template; `<Name>` in the document becomes a reference, as the CDK writes it."""
    resources: dict[str, Any] = {
        "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/20"),
        "Group": resource("EC2::SecurityGroup", GroupName="muster-as400", GroupDescription="d", VpcId=ref("Vpc")),
        "Secret": resource("SecretsManager::Secret", Description="d"),
        "Files": {
            **resource("EFS::FileSystem", Encrypted=True),
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
        },
        "MountA": resource("EFS::MountTarget", FileSystemId=ref("Files"), SubnetId="subnet-1", SecurityGroups=["sg-1"]),
        "Logs": {**resource("Logs::LogGroup", RetentionInDays=30), "DeletionPolicy": "Retain"},
        "Balancer": resource("ElasticLoadBalancingV2::LoadBalancer", Scheme="internal", Type="application"),
        "Targets": resource("ElasticLoadBalancingV2::TargetGroup", Port=8080, Protocol="HTTP", VpcId=ref("Vpc")),
        "Handle1": resource("CloudFormation::WaitConditionHandle"),
        "Settings": resource("SSM::Parameter", Name="/muster/as400/settings", Value=joined(document or DOCUMENT)),
    }
    for name, zone, address in (("A", "eu-west-1a", "10.0.0.10"), ("B", "eu-west-1b", "10.0.1.11")):
        resources |= _node(name, zone, address)
    images = {"eu-west-1": {"amazonlinux2023arm64": "ami-11111111111111111"}}
    return {"Mappings": {"Images": images}, "Resources": resources}


def resource(type_: str, **properties: Any) -> dict[str, Any]:
    """Return a resource of AWS::`type_`."""
    return {"Type": f"AWS::{type_}", "Properties": properties}


def joined(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document's text as Fn::Join of literals and references."""
    parts: list[Any] = json.dumps(document).replace("<", "\0<").replace(">", "\0").split("\0")
    return {"Fn::Join": ["", [ref(part[1:]) if part.startswith("<") else part for part in parts]]}


def _node(name: str, zone: str, address: str) -> dict[str, Any]:
    tags = [{"Key": "muster:cluster", "Value": "as400"}, {"Key": "muster:node", "Value": name.lower()}]
    volume = resource("EC2::Volume", AvailabilityZone=zone, Size=20, Encrypted=True, Tags=[*tags])
    kept = {"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot"}
    instance = resource(
        "EC2::Instance",
        AvailabilityZone=zone,
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 16, "DeleteOnTermination": True}}],
        ImageId={"Fn::FindInMap": ["Images", ref("AWS::Region"), "amazonlinux2023arm64"]},
        InstanceType="t4g.medium",
        PrivateIpAddress=address,
        SecurityGroupIds=[attribute("Group", "GroupId")],
        SubnetId=ref(f"Subnet{name}"),
        Tags=tags,
        UserData={"Fn::Base64": "#!/bin/bash\n"},
        Volumes=[{"Device": "/dev/sdf", "VolumeId": ref(f"Data{name}")}],
    )
    subnet = resource("EC2::Subnet", AvailabilityZone=zone, CidrBlock=address + "/32", VpcId=ref("Vpc"))
    return {f"Subnet{name}": subnet, f"Data{name}": {**volume, **kept}, f"Node{name}": instance}


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def edited(edit: Edit) -> Review:
    """Return the review of `edit` on the small stack."""
    new = stack()
    edit(new)
    return review(stack(), new)


def with_setting(path: str, value: Any) -> Review:
    """Return the review of one changed setting, as a deployment has it: with another generation and wait handle."""
    document = copy.deepcopy(DOCUMENT) | {"generation": "fedcba9876543210", "wait_url": "<Handle2>"}
    *folders, last = path.split(".")
    place = document
    for each in folders:
        place = place[each] if each in place else {member["name"]: member for member in document["members"]}[each]
    place[last] = value
    new = stack(document)
    new["Resources"]["Handle2"] = new["Resources"].pop("Handle1")
    return review(stack(), new)


def effects(found: Review) -> dict[str, str]:
    return {node.name: str(node.effect) for node in found.nodes}
