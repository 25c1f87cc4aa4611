"""Security groups and their rules, within the group or standing alone."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Fields, Kind, Made, Request, is_gone, refuse
from rehearsal.account.kinds.ec2_tags import retag, specification

EVERYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
"""The rule that AWS gives to each new group until an egress rule is declared."""

PEERS = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
}


def permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a declared rule as the API's `IpPermission`."""
    fields = Fields(rule, "security group rule")
    result = {"IpProtocol": str(fields.take("IpProtocol"))}
    for name in ("FromPort", "ToPort"):
        if name in fields:
            result[name] = fields.take(name)
    about = {"Description": fields.take("Description")} if "Description" in fields else {}
    named = [name for name in PEERS if name in fields]
    if len(named) != 1:
        raise refuse(f"exactly one source or destination is needed in {dict(rule)}", "InvalidParameterValue")
    where, key = PEERS[named[0]]
    result[where] = [{key: fields.take(named[0]), **about}]  # type: ignore[assignment]
    fields.done()
    return result


class SecurityGroup(Kind):
    """A security group of a VPC."""

    type = "AWS::EC2::SecurityGroup"
    ways = (("SecurityGroupIngress", "Ingress"), ("SecurityGroupEgress", "Egress"))
    properties = frozenset(
        {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}
    )
    mutable = frozenset({"SecurityGroupEgress", "SecurityGroupIngress", "Tags"})
    custom_name = "GroupName"

    def create(self, request: Request) -> Made:
        """Create the group and its rules."""
        given = request.properties
        name = given.get("GroupName") or request.generated_name(255)
        about = {"GroupName": name, "Description": given["GroupDescription"], "VpcId": given["VpcId"]}
        tags = specification(request, "security-group")
        group = request.call("ec2", "CreateSecurityGroup", **about, **tags)["GroupId"]
        request.made(group)
        request.cloud.default_egress.add(group)
        if given.get("SecurityGroupEgress"):
            drop_default_egress(request.cloud, group)
        for name, way in self.ways:
            for rule in given.get(name, ()):
                request.call("ec2", f"AuthorizeSecurityGroup{way}", GroupId=group, IpPermissions=[permission(rule)])
        return Made(group, {"GroupId": group, "Id": group, "VpcId": given["VpcId"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Take away the rules that are no longer declared and add the new ones."""
        for name, way in self.ways:
            before, after = old.properties.get(name, []), request.properties.get(name, [])
            self._change(request, old.physical_id, f"RevokeSecurityGroup{way}", [r for r in before if r not in after])
            self._change(
                request, old.physical_id, f"AuthorizeSecurityGroup{way}", [r for r in after if r not in before]
            )
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the group, unless an interface, a balancer or another group's rule uses it."""
        if in_use(cloud, old.physical_id):
            raise refuse(f"resource {old.physical_id} has a dependent object", "DependencyViolation")
        cloud.call("ec2", "DeleteSecurityGroup", GroupId=old.physical_id)
        cloud.default_egress.discard(old.physical_id)

    @staticmethod
    def _change(request: Request, group: str, operation: str, rules: list[Mapping[str, Any]]) -> None:
        for rule in rules:
            request.call("ec2", operation, GroupId=group, IpPermissions=[permission(rule)])


def in_use(cloud: Cloud, group: str) -> bool:
    """Return whether deleting the group is a dependency violation on AWS."""
    mine = [{"Name": "group-id", "Values": [group]}]
    if cloud.call("ec2", "DescribeNetworkInterfaces", Filters=mine)["NetworkInterfaces"]:
        return True
    balancers = cloud.call("elbv2", "DescribeLoadBalancers")["LoadBalancers"]
    if any(group in balancer.get("SecurityGroups", ()) for balancer in balancers):
        return True
    others = cloud.call("ec2", "DescribeSecurityGroups")["SecurityGroups"]
    pairs = [
        pair["GroupId"]
        for other in others
        if other["GroupId"] != group
        for rule in (*other["IpPermissions"], *other["IpPermissionsEgress"])
        for pair in rule["UserIdGroupPairs"]
    ]
    return group in pairs


def drop_default_egress(cloud: Cloud, group: str) -> None:
    """Take away the rule that AWS added by itself, if it still stands.

    Source: AWS::EC2::SecurityGroup reference: "removed only when you specify one or more egress rules".
    """
    if group in cloud.default_egress:
        cloud.default_egress.discard(group)
        cloud.call("ec2", "RevokeSecurityGroupEgress", GroupId=group, IpPermissions=[EVERYWHERE])


class _Rule(Kind):
    """A rule apart from its group."""

    way: str

    def create(self, request: Request) -> Made:
        """Add the rule; for egress, the default rule goes."""
        group, rule = request.properties["GroupId"], self._permission(request.properties)
        if self.way == "Egress":
            drop_default_egress(request.cloud, group)
        answer = request.call("ec2", f"AuthorizeSecurityGroup{self.way}", GroupId=group, IpPermissions=[rule])
        rule_id = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return Made(rule_id, {"Id": rule_id})

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the rule away."""
        group, rule = old.properties["GroupId"], self._permission(old.properties)
        try:
            cloud.call("ec2", f"RevokeSecurityGroup{self.way}", GroupId=group, IpPermissions=[rule])
        except ClientError as fault:
            if not is_gone(fault):
                raise

    @staticmethod
    def _permission(properties: Mapping[str, Any]) -> dict[str, Any]:
        return permission({key: value for key, value in properties.items() if key != "GroupId"})


class SecurityGroupIngress(_Rule):
    """An ingress rule apart from its group."""

    type = "AWS::EC2::SecurityGroupIngress"
    way = "Ingress"
    properties = frozenset(
        {"CidrIp", "CidrIpv6", "Description", "FromPort", "GroupId", "IpProtocol"}
        | {"SourcePrefixListId", "SourceSecurityGroupId", "ToPort"}
    )


class SecurityGroupEgress(_Rule):
    """An egress rule apart from its group."""

    type = "AWS::EC2::SecurityGroupEgress"
    way = "Egress"
    properties = frozenset(
        {"CidrIp", "CidrIpv6", "Description", "FromPort", "GroupId", "IpProtocol"}
        | {"DestinationPrefixListId", "DestinationSecurityGroupId", "ToPort"}
    )


KINDS: tuple[type[Kind], ...] = (SecurityGroup, SecurityGroupIngress, SecurityGroupEgress)
