"""What EC2 knows about VPC endpoints, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Interface:
    """One network interface of an endpoint."""

    id: str
    subnet: str
    address: str


@dataclass(frozen=True)
class Endpoint:
    """One VPC endpoint: of a gateway one `tables` are the route tables that lead to it, of the others `interfaces`.

    `service` is the last word of the service's name, such as `secretsmanager`; `private` tells whether the service's
    usual name leads to the interfaces.
    """

    id: str
    vpc: str
    service: str
    tables: frozenset[str] = frozenset()
    interfaces: tuple[Interface, ...] = ()
    groups: tuple[str, ...] = ()
    private: bool = False

    def name(self, region: str) -> str:
        """Return the usual name of the service in a region."""
        return f"{self.service}.{region}.amazonaws.com"


def read_endpoints(ec2: Any) -> tuple[Endpoint, ...]:
    """Return all VPC endpoints that are there."""
    described = [each for each in ec2.describe_vpc_endpoints()["VpcEndpoints"] if each["State"] == "available"]
    if not any(each["NetworkInterfaceIds"] for each in described):
        return tuple(_endpoint(each, {}) for each in described)
    found = ec2.describe_network_interfaces()["NetworkInterfaces"]
    known = {
        each["NetworkInterfaceId"]: Interface(
            each["NetworkInterfaceId"], str(each["SubnetId"]), str(each["PrivateIpAddress"])
        )
        for each in found
    }
    return tuple(_endpoint(each, known) for each in described)


def _endpoint(described: Mapping[str, Any], interfaces: Mapping[str, Interface]) -> Endpoint:
    gateway = described["VpcEndpointType"] == "Gateway"
    return Endpoint(
        id=str(described["VpcEndpointId"]),
        vpc=str(described["VpcId"]),
        service=str(described["ServiceName"]).rsplit(".", 1)[1],
        tables=frozenset(described["RouteTableIds"]) if gateway else frozenset(),
        interfaces=tuple(interfaces[each] for each in described["NetworkInterfaceIds"] if each in interfaces),
        groups=tuple(str(group["GroupId"]) for group in described["Groups"]),
        private=not gateway and bool(described["PrivateDnsEnabled"]),
    )
