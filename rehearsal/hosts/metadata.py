"""The tree that the instance metadata service serves: a pure function of the instance.

Categories and layout: EC2 user guide, "Instance metadata categories". A folder is a dict; a leaf is text.
"""

import datetime
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union
from urllib.parse import unquote

from rehearsal.hosts.instance import Instance

if TYPE_CHECKING:
    from rehearsal.account import InstanceCredentials

Tree = Mapping[str, Union["Tree", str, bytes]]

VERSIONS = ("1.0", "2008-02-01", "2009-04-04", "2011-01-01", "2014-11-05", "2016-09-02", "2018-09-24", "2019-10-01")
"""Versions of the tree that are offered besides the later ones and `latest`; here all have the same content."""

LATER_VERSIONS = ("2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest")

_ARCHITECTURES = {"aarch64": "arm64"}


@dataclass(frozen=True)
class Surroundings:
    """What the tree says of an instance's account and network."""

    account: str
    region: str
    subnet_cidr: str
    vpc_cidr: str


def tree(
    instance: Instance, around: Surroundings, mac: str, user_data: bytes, credentials: "InstanceCredentials | None"
) -> Tree:
    """Return what stands under a version: `meta-data`, `dynamic` and, if there is any, `user-data`.

    `mac` is the address of eth0; `credentials` are those of the instance's role, None where it has none.
    """
    served: dict[str, Tree | str | bytes] = {
        "dynamic": {"instance-identity": {"document": _identity_document(instance, around)}},
        "meta-data": _meta_data(instance, around, mac, credentials),
    }
    if user_data:
        served["user-data"] = user_data
    return served


def _meta_data(instance: Instance, around: Surroundings, mac: str, credentials: "InstanceCredentials | None") -> Tree:
    names = "\n".join(name for _, name in instance.groups)
    data: dict[str, Tree | str | bytes] = {
        "ami-id": instance.image,
        "ami-launch-index": "0",
        "hostname": instance.private_dns,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.type,
        "local-hostname": instance.private_dns,
        "local-ipv4": instance.address,
        "mac": mac,
        "network": {"interfaces": {"macs": {mac: _interface(instance, around, mac)}}},
        "placement": {"availability-zone": instance.zone, "region": around.region},
        "security-groups": names,
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }
    if credentials is not None:
        data["iam"] = _iam(credentials)
    if instance.tags_served:
        data["tags"] = {"instance": dict(instance.tags)}
    return data


def _interface(instance: Instance, around: Surroundings, mac: str) -> Tree:
    return {
        "device-number": "0",
        "interface-id": instance.interface,
        "local-hostname": instance.private_dns,
        "local-ipv4s": instance.address,
        "mac": mac,
        "owner-id": around.account,
        "security-group-ids": "\n".join(group for group, _ in instance.groups),
        "security-groups": "\n".join(name for _, name in instance.groups),
        "subnet-id": instance.subnet,
        "subnet-ipv4-cidr-block": around.subnet_cidr,
        "vpc-id": instance.vpc,
        "vpc-ipv4-cidr-block": around.vpc_cidr,
        "vpc-ipv4-cidr-blocks": around.vpc_cidr,
    }


def _iam(credentials: "InstanceCredentials") -> Tree:
    info = {
        "Code": "Success",
        "LastUpdated": _utc(credentials.last_updated),
        "InstanceProfileArn": credentials.profile_arn,
        "InstanceProfileId": credentials.profile_id,
    }
    return {"info": _spaced(info), "security-credentials": {credentials.role_name: security_credentials(credentials)}}


def security_credentials(credentials: "InstanceCredentials") -> str:
    """Return the document of a role's credentials, spaced as AWS spaces it: old clients take it apart by pattern."""
    document = {
        "Code": "Success",
        "LastUpdated": _utc(credentials.last_updated),
        "Type": "AWS-HMAC",
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.token,
        "Expiration": _utc(credentials.expiration),
    }
    return _spaced(document)


def _utc(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _spaced(document: Mapping[str, str]) -> str:
    return json.dumps(document, indent=2, separators=(",", " : "))


def _identity_document(instance: Instance, around: Surroundings) -> str:
    machine = platform.machine()
    document = {
        "accountId": around.account,
        "architecture": _ARCHITECTURES.get(machine, machine),
        "availabilityZone": instance.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "imageId": instance.image,
        "instanceId": instance.id,
        "instanceType": instance.type,
        "kernelId": None,
        "marketplaceProductCodes": None,
        "pendingTime": instance.launched,
        "privateIp": instance.address,
        "ramdiskId": None,
        "region": around.region,
        "version": "2017-09-30",
    }
    return json.dumps(document, indent=2, separators=(",", " : "))


def lookup(served: Tree, path: str) -> bytes | None:
    """Return the answer to a GET of `path` (without its query), None where AWS answers 404.

    A folder answers with its names, those of folders with a slash behind, whether or not the path ends in one.
    """
    parts = [unquote(part) for part in path.split("/") if part]
    if not parts:
        return "\n".join((*VERSIONS, *LATER_VERSIONS)).encode()
    if parts[0] not in (*VERSIONS, *LATER_VERSIONS):
        return None
    found: Tree | str | bytes | None = served
    for part in parts[1:]:
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        return None
    if isinstance(found, Mapping):
        return "\n".join(name + ("/" if isinstance(below, Mapping) else "") for name, below in found.items()).encode()
    return found if isinstance(found, bytes) else found.encode()
