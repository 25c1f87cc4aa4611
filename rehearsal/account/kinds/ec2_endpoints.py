"""VPC endpoints: the way from a subnet to one AWS service that needs no route out."""

import json
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import ResourceError, UnsupportedError
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse
from rehearsal.account.kinds.ec2_tags import retag, specification

GATEWAY = ("s3", "dynamodb")
INTERFACE = ("ec2", "ssm", "ssmmessages", "secretsmanager", "logs", "monitoring", "kms", "sts", "cloudformation")

ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
EVERYTHING = {"Version": "2008-10-17", "Statement": [ALL]}
"""The policy of an endpoint that is given none."""


class VpcEndpoint(Kind):
    """A gateway endpoint, which route tables lead to, or one with an interface in each of its subnets."""

    type = "AWS::EC2::VPCEndpoint"
    lists = ("RouteTableIds", "SubnetIds", "SecurityGroupIds")
    mutable = frozenset({*lists, "PolicyDocument", "PrivateDnsEnabled", "Tags"})
    properties = mutable | {"ServiceName", "VpcEndpointType", "VpcId"}

    def create(self, request: Request) -> Made:
        """Create the endpoint and its interfaces."""
        given = request.properties
        way = given.get("VpcEndpointType", "Gateway")
        self._check_service(request, way)
        _refuse_conflicts(request, way)
        asked = {**request.given("VpcId", "ServiceName"), "VpcEndpointType": way, **_policy(given)}
        if way == "Gateway":
            asked |= request.given("RouteTableIds")
        else:
            asked |= {**request.given("SecurityGroupIds"), "PrivateDnsEnabled": _private(given)}
        endpoint = request.call("ec2", "CreateVpcEndpoint", **asked, **specification(request, "vpc-endpoint"))
        endpoint_id = endpoint["VpcEndpoint"]["VpcEndpointId"]
        request.made(endpoint_id)
        made = {subnet: _interface(request, endpoint_id, subnet) for subnet in given.get("SubnetIds", ())}
        request.cloud.emulator.give_interfaces(endpoint_id, made)
        stamp = endpoint["VpcEndpoint"]["CreationTimestamp"].isoformat()
        return Made(
            endpoint_id, {"Id": endpoint_id, "CreationTimestamp": stamp, "NetworkInterfaceIds": list(made.values())}
        )

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change the policy, the route tables and the tags; other changes are refused by name."""
        changed = request.changed(old)
        if hard := sorted(changed & {"PrivateDnsEnabled", "SecurityGroupIds", "SubnetIds"}):
            raise UnsupportedError(f"{self.type}: a change of {hard} is not supported by this emulated account")
        if "PolicyDocument" in changed:
            policy = _policy(request.properties) or {"PolicyDocument": json.dumps(EVERYTHING)}
            request.call("ec2", "ModifyVpcEndpoint", VpcEndpointId=old.physical_id, **policy)
        before, after = set(old.properties.get("RouteTableIds", ())), set(request.properties.get("RouteTableIds", ()))
        request.cloud.emulator.lead_to_endpoint(old.physical_id, sorted(after - before), sorted(before - after))
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the endpoint and its interfaces."""
        for interface in old.attributes.get("NetworkInterfaceIds", ()):
            cloud.call("ec2", "DeleteNetworkInterface", NetworkInterfaceId=interface)
        cloud.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[old.physical_id])
        cloud.emulator.forget_endpoint(old.physical_id)

    def _check_service(self, request: Request, way: str) -> None:
        name = str(request.properties["ServiceName"])
        service = name.removeprefix(f"com.amazonaws.{request.cloud.region}.")
        known = {"Gateway": GATEWAY, "Interface": INTERFACE}.get(way, ())
        if service not in known:
            raise UnsupportedError(f"{self.type}: {way} endpoint for {name} is not supported by this emulated account")
        unfit = {"Gateway": {"SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"}, "Interface": {"RouteTableIds"}}[way]
        if wrong := sorted(unfit & set(request.properties)):
            raise refuse(f"{wrong} cannot be given for a {way} endpoint", "InvalidParameter")


def _private(properties: Mapping[str, Any]) -> bool:
    return properties.get("PrivateDnsEnabled") in (True, "true")


def _policy(properties: Mapping[str, Any]) -> dict[str, str]:
    return {"PolicyDocument": json.dumps(properties["PolicyDocument"])} if "PolicyDocument" in properties else {}


def _refuse_conflicts(request: Request, way: str) -> None:
    """Raise `ResourceError` for what AWS refuses: a second way to one service, private names without DNS."""
    vpc, service = request.properties["VpcId"], request.properties["ServiceName"]
    mine = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "service-name", "Values": [service]}]
    others = request.call("ec2", "DescribeVpcEndpoints", Filters=mine)["VpcEndpoints"]
    if way == "Gateway":
        _refuse_taken_tables(others, request.properties.get("RouteTableIds", ()))
    elif _private(request.properties):
        _refuse_private_names(request, others)
    _refuse_zone_twice(request)


def _refuse_taken_tables(others: Sequence[Mapping[str, Any]], tables: Sequence[str]) -> None:
    taken = {table for other in others for table in other.get("RouteTableIds", ())}
    for table in sorted(taken & set(tables)):
        raise refuse(f"route table {table} already has a route with destination-prefix-list-id", "RouteAlreadyExists")


def _refuse_private_names(request: Request, others: Sequence[Mapping[str, Any]]) -> None:
    vpc, service = request.properties["VpcId"], str(request.properties["ServiceName"]).rsplit(".", 1)[1]
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        answer = request.call("ec2", "DescribeVpcAttribute", VpcId=vpc, Attribute=name)
        if not answer[name[0].upper() + name[1:]]["Value"]:
            text = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to"
            raise refuse(f"{text} true for {vpc}", "InvalidParameter")
    if any(other.get("PrivateDnsEnabled") for other in others):
        name = f"{service}.{request.cloud.region}.amazonaws.com"
        text = f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name}"
        raise refuse(f"{text} in the VPC {vpc}", "InvalidParameter")


def _refuse_zone_twice(request: Request) -> None:
    zones: set[str] = set()
    if not (subnets := list(request.properties.get("SubnetIds", ()))):
        return
    for subnet in request.call("ec2", "DescribeSubnets", SubnetIds=subnets)["Subnets"]:
        if subnet["AvailabilityZone"] in zones:
            text = "Found another VPC endpoint subnet in the availability zone of"
            raise refuse(f"{text} {subnet['SubnetId']}", "DuplicateSubnetsInSameZone")
        zones.add(subnet["AvailabilityZone"])


def _interface(request: Request, endpoint: str, subnet: str) -> str:
    """Make the endpoint's interface in a subnet, at the highest free address; return its id."""
    address = free_address_in(request, subnet)
    groups = {"Groups": request.properties["SecurityGroupIds"]} if "SecurityGroupIds" in request.properties else {}
    about = {"Description": f"VPC Endpoint Interface {endpoint}", "PrivateIpAddress": address, **groups}
    made = request.call("ec2", "CreateNetworkInterface", SubnetId=subnet, **about)
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def free_address_in(request: Request, subnet: str) -> str:
    """Return the `free_address` of a subnet, which no interface there has."""
    described = request.call("ec2", "DescribeSubnets", SubnetIds=[subnet])["Subnets"][0]
    mine = [{"Name": "subnet-id", "Values": [subnet]}]
    others = request.call("ec2", "DescribeNetworkInterfaces", Filters=mine)["NetworkInterfaces"]
    return free_address(described["CidrBlock"], {other["PrivateIpAddress"] for other in others})


def free_address(cidr: str, taken: set[str]) -> str:
    """Return the highest free address of a subnet, but for the last few: a rehearsed balancer takes the very highest.

    AWS takes any free one. Raises `ResourceError` if there is none.
    """
    subnet = IPv4Network(cidr)
    for place in range(subnet.num_addresses - 4, 3, -1):
        if str(subnet[place]) not in taken:
            return str(subnet[place])
    raise ResourceError(f"insufficient free addresses in subnet {cidr}")


KINDS: tuple[type[Kind], ...] = (VpcEndpoint,)
