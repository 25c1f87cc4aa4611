"""WAF: web ACLs, what they stand in front of, and where they write. Their rules judge nothing in a rehearsal."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag

LOG_GROUP = "aws-waf-logs-"
"""How the name of every destination of logs must begin (WAF developer guide, "Logging destinations")."""


class WebAcl(Kind):
    """A web ACL of the region; `Ref` is `name|id|scope`."""

    type = "AWS::WAFv2::WebACL"
    mutable = frozenset({"DefaultAction", "Description", "Rules", "Tags", "VisibilityConfig"})
    properties = mutable | {"Name", "Scope"}
    custom_name = "Name"

    def create(self, request: Request) -> Made:
        """Create the ACL."""
        if request.properties["Scope"] != "REGIONAL":
            raise refuse("a scope other than REGIONAL is not supported here", "WAFInvalidParameterException")
        name = request.properties.get("Name") or request.generated_name(128)
        given = request.given("DefaultAction", "Description", "Rules", "Scope", "VisibilityConfig")
        made = request.call("wafv2", "CreateWebACL", Name=name, Tags=request.own_tags(), **given)["Summary"]
        return Made(f"{name}|{made['Id']}|REGIONAL", {"Arn": made["ARN"], "Id": made["Id"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change rules and tags."""
        given = request.given("DefaultAction", "Description", "Rules", "VisibilityConfig")
        request.call("wafv2", "UpdateWebACL", **_whole(request.cloud, old.physical_id), **given)
        retag(request, old, "wafv2", ResourceARN=old.attributes["Arn"])
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the ACL, unless something is behind it."""
        if cloud.emulator.is_before_something(old.attributes["Arn"]):
            text = "AWS WAF couldn't perform the operation because your resource is being used by another resource."
            raise refuse(text, "WAFAssociatedItemException")
        cloud.call("wafv2", "DeleteWebACL", **_whole(cloud, old.physical_id))


def _whole(cloud: Cloud, physical_id: str) -> dict[str, Any]:
    name, id_, scope = physical_id.split("|")
    about = {"Name": name, "Id": id_, "Scope": scope}
    return {**about, "LockToken": cloud.call("wafv2", "GetWebACL", **about)["LockToken"]}


class WebAclAssociation(Kind):
    """A balancer behind a web ACL."""

    type = "AWS::WAFv2::WebACLAssociation"
    properties = frozenset({"ResourceArn", "WebACLArn"})

    def create(self, request: Request) -> Made:
        """Associate."""
        request.call("wafv2", "AssociateWebACL", **request.properties)
        return Made(f"{request.properties['WebACLArn']}|{request.properties['ResourceArn']}")

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Disassociate."""
        cloud.call("wafv2", "DisassociateWebACL", ResourceArn=old.properties["ResourceArn"])


class LoggingConfiguration(Kind):
    """Where a web ACL writes; `Ref` is the ACL's ARN."""

    type = "AWS::WAFv2::LoggingConfiguration"
    mutable = frozenset({"LogDestinationConfigs", "LoggingFilter", "RedactedFields"})
    properties = mutable | {"ResourceArn"}

    def create(self, request: Request) -> Made:
        """Put the configuration."""
        self._put(request)
        return Made(request.properties["ResourceArn"], {"ManagedByFirewallManager": False})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the configuration anew."""
        self._put(request)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the configuration."""
        cloud.call("wafv2", "DeleteLoggingConfiguration", ResourceArn=old.physical_id)

    @staticmethod
    def _put(request: Request) -> None:
        for destination in request.properties["LogDestinationConfigs"]:
            if f":{LOG_GROUP}" not in str(destination):
                text = f"Error reason: The ARN isn't valid., field: LOG_DESTINATION, parameter: {destination}"
                raise refuse(text, "WAFInvalidParameterException")
        request.call("wafv2", "PutLoggingConfiguration", LoggingConfiguration=dict(request.properties))


KINDS: tuple[type[Kind], ...] = (WebAcl, WebAclAssociation, LoggingConfiguration)
