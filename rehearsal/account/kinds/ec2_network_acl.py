"""Network ACLs, their entries, and which subnet has which."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Fields, Kind, Made, Request, refuse
from rehearsal.account.kinds.ec2_tags import retag, specification

DENIED = 32767
"""The number of the last entry of each ACL, which denies what no other allows; nobody can take it away."""


class NetworkAcl(Kind):
    """A network ACL, which denies everything until it has entries."""

    type = "AWS::EC2::NetworkAcl"
    properties = frozenset({"Tags", "VpcId"})
    mutable = frozenset({"Tags"})

    def create(self, request: Request) -> Made:
        """Create the ACL, with the entries that deny all (VPC user guide, "Network ACL basics")."""
        tags = specification(request, "network-acl")
        acl = request.call("ec2", "CreateNetworkAcl", **request.given("VpcId"), **tags)["NetworkAcl"]["NetworkAclId"]
        request.made(acl)
        for egress in (True, False):
            last = {"RuleNumber": DENIED, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
            request.call("ec2", "CreateNetworkAclEntry", NetworkAclId=acl, Egress=egress, **last)
        return Made(acl, {"Id": acl})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set tags."""
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the ACL, unless a subnet has it."""
        cloud.call("ec2", "DeleteNetworkAcl", NetworkAclId=old.physical_id)


class NetworkAclEntry(Kind):
    """One numbered entry of an ACL, for what comes in or for what goes out."""

    type = "AWS::EC2::NetworkAclEntry"
    place = frozenset({"Egress", "NetworkAclId", "RuleNumber"})
    mutable = frozenset({"CidrBlock", "Icmp", "PortRange", "Protocol", "RuleAction"})
    properties = place | mutable

    def create(self, request: Request) -> Made:
        """Add the entry."""
        request.call("ec2", "CreateNetworkAclEntry", **_entry(request.properties))
        _tell_icmp(request)
        return Made(f"{request.stack_name}-{request.logical_id}", {"Id": request.logical_id})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Replace the entry of this number by another."""
        request.call("ec2", "ReplaceNetworkAclEntry", **_entry(request.properties))
        _tell_icmp(request)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the entry away; one that is gone, or whose ACL is, is no fault."""
        where = _place(old.properties)
        mine = [{"Name": "association.network-acl-id", "Values": [where["NetworkAclId"]]}]
        for acl in cloud.call("ec2", "DescribeNetworkAcls", Filters=mine)["NetworkAcls"]:
            if any((e["RuleNumber"], e["Egress"]) == (where["RuleNumber"], where["Egress"]) for e in acl["Entries"]):
                cloud.call("ec2", "DeleteNetworkAclEntry", **where)


class SubnetNetworkAclAssociation(Kind):
    """Which network ACL a subnet has, in place of its VPC's default one."""

    type = "AWS::EC2::SubnetNetworkAclAssociation"
    properties = frozenset({"NetworkAclId", "SubnetId"})

    def create(self, request: Request) -> Made:
        """Give the subnet the ACL in place of the one that it has."""
        made = _exchange(request.cloud, request.properties["SubnetId"], request.properties["NetworkAclId"])
        return Made(made, {"AssociationId": made})

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Give the subnet its VPC's default ACL, unless it has got another one meanwhile."""
        subnet, acl = old.properties["SubnetId"], _of_subnet(cloud, old.properties["SubnetId"])
        if acl["NetworkAclId"] == old.properties["NetworkAclId"]:
            _exchange(cloud, subnet, _default(cloud, acl["VpcId"]))


def _entry(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as the API takes it."""
    given, result = Fields(properties, "network ACL entry"), _place(properties)
    for name in result:
        given.take(name)
    for name in ("CidrBlock", "PortRange", "RuleAction"):
        if name in given:
            result[name] = given.take(name)
    icmp = given.take("Icmp")
    protocol = int(given.take("Protocol"))
    given.done()
    if protocol in (6, 17) and "PortRange" not in result:
        raise refuse("The parameter PortRange must be specified for this protocol", "MissingParameter")
    if protocol == 1 and not icmp:
        raise refuse("The parameter Icmp must be specified for this protocol", "MissingParameter")
    return {**result, "Protocol": str(protocol)}


def _tell_icmp(request: Request) -> None:
    if icmp := request.properties.get("Icmp"):
        place = _place(request.properties)
        told = {name: int(icmp[name]) for name in ("Type", "Code")}
        request.cloud.emulator.tell_icmp(place["NetworkAclId"], place["RuleNumber"], place["Egress"], told)


def _place(properties: Mapping[str, Any]) -> dict[str, Any]:
    number, egress = int(properties["RuleNumber"]), properties.get("Egress", False) in (True, "true")
    return {"NetworkAclId": properties["NetworkAclId"], "RuleNumber": number, "Egress": egress}


def _of_subnet(cloud: Cloud, subnet: str) -> Mapping[str, Any]:
    mine = [{"Name": "association.subnet-id", "Values": [subnet]}]
    found: Mapping[str, Any] = cloud.call("ec2", "DescribeNetworkAcls", Filters=mine)["NetworkAcls"][0]
    return found


def _default(cloud: Cloud, vpc: str) -> str:
    where = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    return str(cloud.call("ec2", "DescribeNetworkAcls", Filters=where)["NetworkAcls"][0]["NetworkAclId"])


def _exchange(cloud: Cloud, subnet: str, acl: str) -> str:
    """Give a subnet another ACL, and return the association's id."""
    (now,) = [each for each in _of_subnet(cloud, subnet)["Associations"] if each["SubnetId"] == subnet]
    asked = {"AssociationId": now["NetworkAclAssociationId"], "NetworkAclId": acl}
    return str(cloud.call("ec2", "ReplaceNetworkAclAssociation", **asked)["NewAssociationId"])


KINDS: tuple[type[Kind], ...] = (NetworkAcl, NetworkAclEntry, SubnetNetworkAclAssociation)
