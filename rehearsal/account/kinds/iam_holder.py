"""What roles and users have in common: tags, a boundary, inline and attached policies.

IAM's operations for the two differ by one word alone.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Request, refuse


class Holder(Kind):
    """A role or a user, which policies are given to; `word` is `Role` or `User`."""

    word: ClassVar[str]

    def offer(self, request: Request) -> None:
        """Make AWS's own policies known that are named. Raises `ResourceError` if the boundary does not exist."""
        boundary = request.properties.get("PermissionsBoundary")
        for arn in (*request.properties.get("ManagedPolicyArns", ()), *([boundary] if boundary else ())):
            request.cloud.emulator.offer_managed_policy(arn)
        try:
            if boundary:
                request.call("iam", "GetPolicy", PolicyArn=boundary)
        except ClientError as fault:
            raise refuse(f"Scope ARN: {boundary} does not exist or is not attachable.", "NoSuchEntity") from fault

    def give(self, request: Request, name: str) -> None:
        """Attach and put what is declared."""
        who = {f"{self.word}Name": name}
        for arn in request.properties.get("ManagedPolicyArns", ()):
            request.call("iam", f"Attach{self.word}Policy", **who, PolicyArn=arn)
        for policy, document in inline(request.properties).items():
            text = json.dumps(document)
            request.call("iam", f"Put{self.word}Policy", **who, PolicyName=policy, PolicyDocument=text)

    def take(self, cloud: Cloud, old: Existing, properties: Mapping[str, Any]) -> None:
        """Take off what was declared before and is not in `properties`; what somebody else attached stays."""
        word, who = self.word, {f"{self.word}Name": old.physical_id}
        attached = cloud.call("iam", f"ListAttached{word}Policies", **who)["AttachedPolicies"]
        present = {policy["PolicyArn"] for policy in attached} & set(old.properties.get("ManagedPolicyArns", ()))
        for arn in present - set(properties.get("ManagedPolicyArns", ())):
            cloud.call("iam", f"Detach{word}Policy", **who, PolicyArn=arn)
        listed = set(cloud.call("iam", f"List{word}Policies", **who)["PolicyNames"])
        for policy in (listed & set(inline(old.properties))) - set(inline(properties)):
            cloud.call("iam", f"Delete{word}Policy", **who, PolicyName=policy)


def inline(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the documents of the inline policies by name."""
    return {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", ())}


HOLDERS = {"Roles": "Role", "Users": "User"}
"""Property of a policy that names its holders -> the word of their operations."""


def holders(properties: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return the holders that a policy names: the word of their operations, and the parameter that names each."""
    return [
        (word, {f"{word}Name": name}) for part, word in HOLDERS.items() for name in sorted(properties.get(part, ()))
    ]


def former_holders(request: Request, old: Existing) -> list[tuple[str, dict[str, str]]]:
    """Return the holders that a policy no longer names."""
    now = holders(request.properties)
    return [each for each in holders(old.properties) if each not in now]
