"""IAM users and their access keys."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag
from rehearsal.account.kinds.iam_holder import Holder


class User(Holder):
    """A user with inline and attached policies; `Ref` is its name."""

    word = "User"
    type = "AWS::IAM::User"
    mutable = frozenset({"ManagedPolicyArns", "PermissionsBoundary", "Policies", "Tags"})
    properties = mutable | {"UserName"}
    custom_name = "UserName"

    def create(self, request: Request) -> Made:
        """Create the user."""
        name = request.properties.get("UserName") or request.generated_name(64)
        self.offer(request)
        user = request.call("iam", "CreateUser", UserName=name, Tags=request.own_tags())["User"]
        request.made(name)
        self._bound(request, name)
        self.give(request, name)
        return Made(name, {"Arn": user["Arn"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Bring everything but the name to the declared state."""
        self.offer(request)
        self._bound(request, old.physical_id)
        self.take(request.cloud, old, request.properties)
        self.give(request, old.physical_id)
        retag(request, old, "iam", "UntagUser", "TagUser", UserName=old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the declared policies off and delete the user; a key that is still there makes it fail."""
        who = {"UserName": old.physical_id}
        if cloud.call("iam", "ListAccessKeys", **who)["AccessKeyMetadata"]:
            raise refuse("Cannot delete entity, must delete access keys first.", "DeleteConflict")
        self.take(cloud, old, {})
        cloud.call("iam", "DeleteUser", **who)
        cloud.user_boundaries.pop(old.physical_id, None)

    @staticmethod
    def _bound(request: Request, name: str) -> None:
        if boundary := request.properties.get("PermissionsBoundary"):
            request.cloud.user_boundaries[name] = boundary
        else:
            request.cloud.user_boundaries.pop(name, None)


class AccessKey(Kind):
    """A user's access key; `Ref` is its id, and the one place that ever tells the secret is `SecretAccessKey`."""

    type = "AWS::IAM::AccessKey"
    mutable = frozenset({"Status"})
    properties = mutable | {"Serial", "UserName"}

    def create(self, request: Request) -> Made:
        """Create the key; a user has two at most."""
        made = request.call("iam", "CreateAccessKey", UserName=request.properties["UserName"])["AccessKey"]
        request.made(made["AccessKeyId"])
        self._switch(request, made["AccessKeyId"])
        return Made(made["AccessKeyId"], {"SecretAccessKey": made["SecretAccessKey"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Switch the key on or off."""
        self._switch(request, old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the key."""
        cloud.call("iam", "DeleteAccessKey", UserName=old.properties["UserName"], AccessKeyId=old.physical_id)

    @staticmethod
    def _switch(request: Request, key: str) -> None:
        status = request.properties.get("Status", "Active")
        request.call("iam", "UpdateAccessKey", UserName=request.properties["UserName"], AccessKeyId=key, Status=status)


KINDS: tuple[type[Kind], ...] = (User, AccessKey)
