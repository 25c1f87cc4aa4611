"""DynamoDB tables."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, retag


class Table(Kind):
    """A table; `Ref` is its name."""

    type = "AWS::DynamoDB::Table"
    changeable = ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput")
    mutable = frozenset({*changeable, "PointInTimeRecoverySpecification", "Tags", "TimeToLiveSpecification"})
    properties = mutable | {"AttributeDefinitions", "KeySchema", "SSESpecification", "TableName"}
    custom_name = "TableName"

    def create(self, request: Request) -> Made:
        """Create the table."""
        name = request.properties.get("TableName") or request.generated_name(255)
        given = request.given("AttributeDefinitions", "KeySchema", *self.changeable)
        if "SSESpecification" in request.properties:
            given["SSESpecification"] = _encryption(request.properties["SSESpecification"])
        answer = request.call("dynamodb", "CreateTable", TableName=name, Tags=request.own_tags(), **given)
        request.made(name)
        self._extras(request, name)
        return Made(name, {"Arn": answer["TableDescription"]["TableArn"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change capacity, protection, recovery, expiry and tags."""
        if changed := request.changed(old) & set(self.changeable):
            request.call("dynamodb", "UpdateTable", TableName=old.physical_id, **request.given(*sorted(changed)))
        self._extras(request, old.physical_id)
        arn = old.attributes["Arn"]
        retag(request, old, "dynamodb", ResourceArn=arn)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the table, unless it is protected."""
        cloud.call("dynamodb", "DeleteTable", TableName=old.physical_id)

    @staticmethod
    def _extras(request: Request, name: str) -> None:
        if recovery := request.properties.get("PointInTimeRecoverySpecification"):
            given = {"PointInTimeRecoverySpecification": recovery}
            request.call("dynamodb", "UpdateContinuousBackups", TableName=name, **given)
        if expiry := request.properties.get("TimeToLiveSpecification"):
            given = {"TimeToLiveSpecification": expiry}
            request.call("dynamodb", "UpdateTimeToLive", TableName=name, **given)


def _encryption(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's form: CloudFormation says `SSEEnabled`, the API `Enabled`."""
    renamed = {"SSEEnabled": "Enabled"}
    return {renamed.get(key, key): value for key, value in given.items()}


KINDS: tuple[type[Kind], ...] = (Table,)
