"""Systems Manager parameters, with the limits that AWS enforces."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse

MOST_BYTES = {"Standard": 4096, "Advanced": 8192}
"""Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""


class Parameter(Kind):
    """A parameter; `Ref` is its name."""

    type = "AWS::SSM::Parameter"
    mutable = frozenset({"AllowedPattern", "DataType", "Description", "Tags", "Tier", "Type", "Value"})
    properties = mutable | {"Name"}
    custom_name = "Name"
    tags_by_name = True

    def create(self, request: Request) -> Made:
        """Put the parameter, which must not exist."""
        name = request.properties.get("Name") or request.generated_name(128)
        check_value(request.properties)
        tags = [{"Key": key, "Value": value} for key, value in request.properties.get("Tags", {}).items()]
        self._put(request, name, Overwrite=False)
        request.made(name)
        if tags:
            request.call("ssm", "AddTagsToResource", ResourceType="Parameter", ResourceId=name, Tags=tags)
        return Made(name, self._attributes(request))

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put a new version."""
        check_value(request.properties)
        if old.properties.get("Tier") == "Advanced" and request.properties.get("Tier", "Standard") == "Standard":
            text = "You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier."
            raise refuse(text, "ValidationException")
        self._put(request, old.physical_id, Overwrite=True)
        self._retag(request, old)
        return self._attributes(request)

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the parameter."""
        cloud.call("ssm", "DeleteParameter", Name=old.physical_id)

    @staticmethod
    def _put(request: Request, name: str, *, Overwrite: bool) -> None:  # noqa: N803 - the API's own name
        given = request.given("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
        request.call("ssm", "PutParameter", Name=name, Overwrite=Overwrite, **given)

    @staticmethod
    def _attributes(request: Request) -> dict[str, Any]:
        return {"Type": request.properties["Type"], "Value": request.properties["Value"]}

    @staticmethod
    def _retag(request: Request, old: Existing) -> None:
        before, after = old.properties.get("Tags", {}), request.properties.get("Tags", {})
        about = {"ResourceType": "Parameter", "ResourceId": old.physical_id}
        if gone := sorted(set(before) - set(after)):
            request.call("ssm", "RemoveTagsFromResource", **about, TagKeys=gone)
        if after != before and after:
            tags = [{"Key": key, "Value": value} for key, value in after.items()]
            request.call("ssm", "AddTagsToResource", **about, Tags=tags)


def check_value(properties: Mapping[str, Any]) -> None:
    """Raise `ResourceError` for a value that Systems Manager refuses."""
    tier, value = properties.get("Tier", "Standard"), str(properties["Value"])
    if tier not in MOST_BYTES:
        raise refuse(f"Tier {tier} is not known", "ValidationException")
    if len(value.encode()) > MOST_BYTES[tier]:
        text = f"{tier} tier parameters support a maximum parameter value of {MOST_BYTES[tier]} characters."
        raise refuse(text, "ValidationException")
    if "{{" in value:
        text = 'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.'
        raise refuse(text, "ValidationException")


KINDS: tuple[type[Kind], ...] = (Parameter,)
