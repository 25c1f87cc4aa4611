"""KMS keys and aliases, which the CDK's bootstrap stack has with a customer key only."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request


class Key(Kind):
    """A key; `Ref` is its id."""

    type = "AWS::KMS::Key"
    mutable = frozenset({"Description", "EnableKeyRotation", "KeyPolicy", "PendingWindowInDays"})
    properties = mutable

    def create(self, request: Request) -> Made:
        """Create the key."""
        given = {"Policy": json.dumps(request.properties["KeyPolicy"]), **request.given("Description")}
        key = request.call("kms", "CreateKey", **given)["KeyMetadata"]
        request.made(key["KeyId"])
        if request.properties.get("EnableKeyRotation"):
            request.call("kms", "EnableKeyRotation", KeyId=key["KeyId"])
        return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change policy and description."""
        policy = json.dumps(request.properties["KeyPolicy"])
        request.call("kms", "PutKeyPolicy", KeyId=old.physical_id, PolicyName="default", Policy=policy)
        about = request.properties.get("Description", "")
        request.call("kms", "UpdateKeyDescription", KeyId=old.physical_id, Description=about)
        if request.properties.get("EnableKeyRotation"):
            request.call("kms", "EnableKeyRotation", KeyId=old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Schedule the deletion, after the declared number of days."""
        days = old.properties.get("PendingWindowInDays", 30)
        cloud.call("kms", "ScheduleKeyDeletion", KeyId=old.physical_id, PendingWindowInDays=days)


class Alias(Kind):
    """A name of a key; `Ref` is that name."""

    type = "AWS::KMS::Alias"
    properties = frozenset({"AliasName", "TargetKeyId"})
    mutable = frozenset({"TargetKeyId"})
    custom_name = "AliasName"

    def create(self, request: Request) -> Made:
        """Create the alias."""
        request.call("kms", "CreateAlias", **request.properties)
        return Made(request.properties["AliasName"])

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Point the alias to another key."""
        request.call("kms", "UpdateAlias", **request.properties)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the alias."""
        cloud.call("kms", "DeleteAlias", AliasName=old.physical_id)


KINDS: tuple[type[Kind], ...] = (Key, Alias)
