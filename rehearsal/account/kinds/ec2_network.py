"""VPC, subnets and route tables."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request
from rehearsal.account.kinds.ec2_tags import retag, specification


class Vpc(Kind):
    """A VPC; its default group, network ACL and main route table go with it."""

    type = "AWS::EC2::VPC"
    properties = frozenset({"CidrBlock", "EnableDnsHostnames", "EnableDnsSupport", "InstanceTenancy", "Tags"})
    mutable = frozenset({"EnableDnsHostnames", "EnableDnsSupport", "Tags"})

    def create(self, request: Request) -> Made:
        """Create the VPC and set its DNS attributes."""
        given = request.given("CidrBlock", "InstanceTenancy")
        vpc = request.call("ec2", "CreateVpc", **given, **specification(request, "vpc"))["Vpc"]
        request.made(vpc["VpcId"])
        self._set_dns(request, vpc["VpcId"])
        return Made(vpc["VpcId"], self._attributes(request.cloud, vpc))

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set DNS attributes and tags."""
        self._set_dns(request, old.physical_id)
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the VPC and the network ACL that the emulator would leave behind."""
        cloud.call("ec2", "DeleteVpc", VpcId=old.physical_id)
        cloud.emulator.forget_network_acls(old.physical_id)

    @staticmethod
    def _set_dns(request: Request, vpc_id: str) -> None:
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            if name in request.properties:
                value = {name: {"Value": request.properties[name]}}
                request.call("ec2", "ModifyVpcAttribute", VpcId=vpc_id, **value)

    @staticmethod
    def _attributes(cloud: Cloud, vpc: Mapping[str, Any]) -> dict[str, Any]:
        mine = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        default = [*mine, {"Name": "group-name", "Values": ["default"]}]
        groups = cloud.call("ec2", "DescribeSecurityGroups", Filters=default)["SecurityGroups"]
        acls = cloud.call("ec2", "DescribeNetworkAcls", Filters=mine)["NetworkAcls"]
        return {
            "VpcId": vpc["VpcId"],
            "CidrBlock": vpc["CidrBlock"],
            "DefaultSecurityGroup": groups[0]["GroupId"],
            "DefaultNetworkAcl": acls[0]["NetworkAclId"],
        }


class Subnet(Kind):
    """A subnet of one availability zone."""

    type = "AWS::EC2::Subnet"
    properties = frozenset({"AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "Tags", "VpcId"})
    mutable = frozenset({"MapPublicIpOnLaunch", "Tags"})

    def create(self, request: Request) -> Made:
        """Create the subnet."""
        given = request.given("AvailabilityZone", "CidrBlock", "VpcId")
        subnet = request.call("ec2", "CreateSubnet", **given, **specification(request, "subnet"))["Subnet"]
        request.made(subnet["SubnetId"])
        self._set_public(request, subnet["SubnetId"])
        names = ("SubnetId", "AvailabilityZone", "CidrBlock", "VpcId")
        return Made(subnet["SubnetId"], {name: subnet[name] for name in names})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set the public address attribute and tags."""
        self._set_public(request, old.physical_id)
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the subnet."""
        cloud.call("ec2", "DeleteSubnet", SubnetId=old.physical_id)

    @staticmethod
    def _set_public(request: Request, subnet_id: str) -> None:
        if "MapPublicIpOnLaunch" in request.properties:
            value = {"Value": request.properties["MapPublicIpOnLaunch"]}
            request.call("ec2", "ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch=value)


class RouteTable(Kind):
    """A route table."""

    type = "AWS::EC2::RouteTable"
    properties = frozenset({"Tags", "VpcId"})
    mutable = frozenset({"Tags"})

    def create(self, request: Request) -> Made:
        """Create the route table."""
        tags = specification(request, "route-table")
        table = request.call("ec2", "CreateRouteTable", **request.given("VpcId"), **tags)["RouteTable"]
        return Made(table["RouteTableId"], {"RouteTableId": table["RouteTableId"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set tags."""
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the route table."""
        cloud.call("ec2", "DeleteRouteTable", RouteTableId=old.physical_id)


class SubnetRouteTableAssociation(Kind):
    """Which route table a subnet uses."""

    type = "AWS::EC2::SubnetRouteTableAssociation"
    properties = frozenset({"RouteTableId", "SubnetId"})

    def create(self, request: Request) -> Made:
        """Associate."""
        association = request.call("ec2", "AssociateRouteTable", **request.properties)["AssociationId"]
        return Made(association, {"Id": association})

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Disassociate."""
        cloud.call("ec2", "DisassociateRouteTable", AssociationId=old.physical_id)


class Route(Kind):
    """One route by IPv4 destination."""

    type = "AWS::EC2::Route"
    targets = frozenset({"GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId"})
    properties = targets | {"DestinationCidrBlock", "RouteTableId"}
    mutable = targets

    def create(self, request: Request) -> Made:
        """Create the route."""
        request.call("ec2", "CreateRoute", **request.properties)
        return Made(f"{request.properties['RouteTableId']}|{request.properties['DestinationCidrBlock']}")

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Point the route elsewhere."""
        request.call("ec2", "ReplaceRoute", **request.properties)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the route."""
        where = {name: old.properties[name] for name in ("RouteTableId", "DestinationCidrBlock")}
        cloud.call("ec2", "DeleteRoute", **where)


KINDS: tuple[type[Kind], ...] = (Vpc, Subnet, RouteTable, SubnetRouteTableAssociation, Route)
