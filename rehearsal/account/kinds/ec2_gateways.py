"""The ways out of a VPC, and the record of what passes."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request
from rehearsal.account.kinds.ec2_tags import retag, specification


class InternetGateway(Kind):
    """An internet gateway."""

    type = "AWS::EC2::InternetGateway"
    properties = frozenset({"Tags"})
    mutable = frozenset({"Tags"})

    def create(self, request: Request) -> Made:
        """Create the gateway."""
        tags = specification(request, "internet-gateway")
        gateway = request.call("ec2", "CreateInternetGateway", **tags)["InternetGateway"]["InternetGatewayId"]
        return Made(gateway, {"InternetGatewayId": gateway})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set tags."""
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the gateway."""
        cloud.call("ec2", "DeleteInternetGateway", InternetGatewayId=old.physical_id)


class VpcGatewayAttachment(Kind):
    """An internet gateway attached to a VPC."""

    type = "AWS::EC2::VPCGatewayAttachment"
    properties = frozenset({"InternetGatewayId", "VpcId"})

    def create(self, request: Request) -> Made:
        """Attach."""
        request.call("ec2", "AttachInternetGateway", **request.properties)
        return Made(f"IGW|{request.properties['VpcId']}", {"AttachmentType": "IGW"})

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Detach."""
        cloud.call("ec2", "DetachInternetGateway", **old.properties)


class ElasticAddress(Kind):
    """An elastic address; `Ref` is the address."""

    type = "AWS::EC2::EIP"
    properties = frozenset({"Domain", "Tags"})
    mutable = frozenset({"Tags"})

    def create(self, request: Request) -> Made:
        """Allocate."""
        tags = specification(request, "elastic-ip")
        address = request.call("ec2", "AllocateAddress", **request.given("Domain"), **tags)
        return Made(address["PublicIp"], {name: address[name] for name in ("AllocationId", "PublicIp")})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set tags."""
        retag(request, old, old.attributes["AllocationId"])
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Release."""
        cloud.call("ec2", "ReleaseAddress", AllocationId=old.attributes["AllocationId"])


class NatGateway(Kind):
    """A NAT gateway."""

    type = "AWS::EC2::NatGateway"
    properties = frozenset({"AllocationId", "ConnectivityType", "SubnetId", "Tags"})
    mutable = frozenset({"Tags"})

    def create(self, request: Request) -> Made:
        """Create the gateway."""
        given = request.given("AllocationId", "ConnectivityType", "SubnetId")
        gateway = request.call("ec2", "CreateNatGateway", **given, **specification(request, "natgateway"))["NatGateway"]
        return Made(gateway["NatGatewayId"], {"NatGatewayId": gateway["NatGatewayId"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set tags."""
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the gateway and the network interface that the emulator would leave behind."""
        found = cloud.call("ec2", "DescribeNatGateways", NatGatewayIds=[old.physical_id])["NatGateways"]
        cloud.call("ec2", "DeleteNatGateway", NatGatewayId=old.physical_id)
        for address in (address for gateway in found for address in gateway["NatGatewayAddresses"]):
            if interface := address.get("NetworkInterfaceId"):
                cloud.call("ec2", "DeleteNetworkInterface", NetworkInterfaceId=interface)


class FlowLog(Kind):
    """A record of a VPC's traffic; the rehearsal's wires write none."""

    type = "AWS::EC2::FlowLog"
    properties = frozenset(
        {
            "DeliverLogsPermissionArn",
            "LogDestination",
            "LogDestinationType",
            "LogFormat",
            "LogGroupName",
            "MaxAggregationInterval",
            "ResourceId",
            "ResourceType",
            "Tags",
            "TrafficType",
        }
    )
    mutable = frozenset({"Tags"})

    def create(self, request: Request) -> Made:
        """Create the flow log."""
        given = {key: value for key, value in request.properties.items() if key not in ("ResourceId", "Tags")}
        tags = specification(request, "vpc-flow-log")
        answer = request.call("ec2", "CreateFlowLogs", ResourceIds=[request.properties["ResourceId"]], **given, **tags)
        return Made(answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set tags."""
        retag(request, old)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the flow log."""
        cloud.call("ec2", "DeleteFlowLogs", FlowLogIds=[old.physical_id])


KINDS: tuple[type[Kind], ...] = (InternetGateway, VpcGatewayAttachment, ElasticAddress, NatGateway, FlowLog)
