"""Route 53 record sets."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Fields, Kind, Made, Request, refuse


class RecordSet(Kind):
    """A record set in a hosted zone that exists; `Ref` is its name."""

    type = "AWS::Route53::RecordSet"
    mutable = frozenset({"AliasTarget", "Comment", "ResourceRecords", "TTL"})
    properties = mutable | {"HostedZoneId", "Name", "Type"}

    def create(self, request: Request) -> Made:
        """Create the record set, which must not exist."""
        self._refuse_existing(request)
        self._change(request.cloud, "CREATE", request.properties)
        return Made(str(request.properties["Name"]).rstrip("."))

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change the record set."""
        self._change(request.cloud, "UPSERT", request.properties)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the record set."""
        self._change(cloud, "DELETE", old.properties)

    @staticmethod
    def _refuse_existing(request: Request) -> None:
        name, type_ = f"{str(request.properties['Name']).rstrip('.')}.", request.properties["Type"]
        zone = {"HostedZoneId": request.properties["HostedZoneId"]}
        found = request.call("route53", "ListResourceRecordSets", **zone)["ResourceRecordSets"]
        if any((record["Name"], record["Type"]) == (name, type_) for record in found):
            text = f"[Tried to create resource record set [name='{name}', type='{type_}'] but it already exists]"
            raise refuse(text, "InvalidChangeBatch")

    @staticmethod
    def _change(cloud: Cloud, action: str, properties: Mapping[str, Any]) -> None:
        record = {name: properties[name] for name in ("Name", "Type", "TTL") if name in properties}
        if "ResourceRecords" in properties:
            record["ResourceRecords"] = [{"Value": value} for value in properties["ResourceRecords"]]
        if "AliasTarget" in properties:
            fields = Fields(properties["AliasTarget"], "AliasTarget")
            record["AliasTarget"] = {
                "DNSName": fields.take("DNSName"),
                "HostedZoneId": fields.take("HostedZoneId"),
                "EvaluateTargetHealth": fields.take("EvaluateTargetHealth", False),
            }
            fields.done()
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        if "Comment" in properties:
            batch["Comment"] = properties["Comment"]
        zone = properties["HostedZoneId"]
        cloud.call("route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)


KINDS: tuple[type[Kind], ...] = (RecordSet,)
