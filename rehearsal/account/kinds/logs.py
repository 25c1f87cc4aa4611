"""CloudWatch log groups."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, tag_changes


class LogGroup(Kind):
    """A log group; `Ref` is its name."""

    type = "AWS::Logs::LogGroup"
    mutable = frozenset({"KmsKeyId", "RetentionInDays", "Tags"})
    properties = mutable | {"LogGroupName"}
    custom_name = "LogGroupName"

    def create(self, request: Request) -> Made:
        """Create the group and set its retention."""
        name = request.properties.get("LogGroupName") or request.generated_name(512)
        tags = {tag["Key"]: tag["Value"] for tag in request.properties.get("Tags", ())}
        key = {"kmsKeyId": request.properties["KmsKeyId"]} if "KmsKeyId" in request.properties else {}
        request.call("logs", "CreateLogGroup", logGroupName=name, **({"tags": tags} if tags else {}), **key)
        request.made(name)
        self._retain(request, name)
        return Made(name, {"Arn": f"{_arn(request.cloud, name)}:*"})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change key, retention and tags."""
        if "KmsKeyId" in request.changed(old):
            request.cloud.emulator.encrypt_log_group(old.physical_id, request.properties.get("KmsKeyId"))
        self._retain(request, old.physical_id)
        removed, wanted = tag_changes(request, old)
        arn = _arn(request.cloud, old.physical_id)
        if removed:
            request.call("logs", "UntagResource", resourceArn=arn, tagKeys=removed)
        if wanted:
            request.call("logs", "TagResource", resourceArn=arn, tags={tag["Key"]: tag["Value"] for tag in wanted})
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the group."""
        cloud.call("logs", "DeleteLogGroup", logGroupName=old.physical_id)

    @staticmethod
    def _retain(request: Request, name: str) -> None:
        if days := request.properties.get("RetentionInDays"):
            request.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        else:
            request.call("logs", "DeleteRetentionPolicy", logGroupName=name)


class ResourcePolicy(Kind):
    """What other services may write to log groups; `Ref` is its name."""

    type = "AWS::Logs::ResourcePolicy"
    properties = frozenset({"PolicyDocument", "PolicyName"})
    mutable = frozenset({"PolicyDocument"})
    custom_name = "PolicyName"

    def create(self, request: Request) -> Made:
        """Put the policy."""
        self._put(request)
        return Made(request.properties["PolicyName"])

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the policy anew."""
        self._put(request)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the policy."""
        cloud.call("logs", "DeleteResourcePolicy", policyName=old.physical_id)

    @staticmethod
    def _put(request: Request) -> None:
        name, text = request.properties["PolicyName"], request.properties["PolicyDocument"]
        request.call("logs", "PutResourcePolicy", policyName=name, policyDocument=text)


def _arn(cloud: Cloud, name: str) -> str:
    return f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{name}"


KINDS: tuple[type[Kind], ...] = (LogGroup, ResourcePolicy)
