"""VPC endpoints of the account become places and names on the networks of their VPCs, and go with the account's."""

from typing import Any

from rehearsal.hosts.endpoint import Endpoint, Interface, read_endpoints
from rehearsal.hosts.endpoints import Endpoints, gateways
from rehearsal.hosts.view import View
from rehearsal.network import names

SSM = Endpoint(
    "vpce-1", "vpc-1", "ssm", interfaces=(Interface("eni-0000000a", "subnet-a", "10.0.0.200"),), private=True
)
LOGS = Endpoint("vpce-2", "vpc-1", "logs", interfaces=(Interface("eni-0000000b", "subnet-a", "10.0.0.201"),))
S3 = Endpoint("vpce-3", "vpc-1", "s3", tables=frozenset({"rtb-a"}))


def view(*endpoints: Endpoint) -> View:
    return View(
        instances={},
        vpcs={"vpc-1": "10.0.0.0/16"},
        subnets={"subnet-a": "10.0.0.0/24", "subnet-b": "10.0.1.0/24"},
        groups={},
        ways_out=frozenset(),
        attachments=(),
        volumes=frozenset(),
        balancers=(),
        tables={"subnet-a": "rtb-a", "subnet-b": "rtb-b"},
        endpoints=endpoints,
    )


class Network:
    """Remembers what it is to serve."""

    def __init__(self) -> None:
        self.served: dict[str, tuple[str, str, str]] = {}

    def serve(self, namespace: str, address: str, subnet_cidr: str, endpoint: str) -> None:
        self.served[namespace] = (address, subnet_cidr, endpoint)

    def withdraw(self, namespace: str) -> None:
        del self.served[namespace]


def test_interfaces_are_served_as_long_as_the_account_has_them() -> None:
    network: Any = Network()
    endpoints = Endpoints("eu-west-1")
    endpoints.follow(view(SSM, LOGS, S3), {"vpc-1": network})
    assert network.served["mu-e-0000000a"] == ("10.0.0.200", "10.0.0.0/24", "vpce-1")
    assert endpoints.names(view(SSM, LOGS, S3), "vpc-1") == {"ssm.eu-west-1.amazonaws.com": ["10.0.0.200"]}
    assert endpoints.names(view(SSM), "vpc-2") == {}
    assert [policy.address for _, policy in endpoints.policies(view(SSM, LOGS, S3))] == ["10.0.0.200", "10.0.0.201"]
    endpoints.follow(view(LOGS), {"vpc-1": network})
    assert list(network.served) == ["mu-e-0000000b"]


def test_an_endpoint_of_a_vpc_without_machines_waits_for_its_network() -> None:
    endpoints = Endpoints("eu-west-1")
    endpoints.follow(view(SSM), {})
    assert endpoints.policies(view(SSM)) == []
    network: Any = Network()
    endpoints.follow(view(SSM), {"vpc-1": network})
    assert list(network.served) == ["mu-e-0000000a"]
    endpoints.follow(view(SSM), {})
    assert endpoints.policies(view(SSM)) == []


def test_a_gateway_endpoint_serves_the_subnets_of_its_route_tables() -> None:
    assert gateways(view(S3), "subnet-a") == {names.GATEWAYS["s3"]: "vpce-3"}
    assert gateways(view(S3), "subnet-b") == {}


class Ec2:
    """Describes one interface endpoint, one gateway endpoint and one that is being deleted."""

    def describe_vpc_endpoints(self) -> dict[str, Any]:
        about = {"VpcId": "vpc-1", "RouteTableIds": [], "NetworkInterfaceIds": [], "Groups": []}
        ssm: dict[str, Any] = {
            "VpcEndpointId": "vpce-1",
            "VpcEndpointType": "Interface",
            "ServiceName": "com.amazonaws.eu-west-1.ssm",
        }
        ssm |= {"PrivateDnsEnabled": True, "NetworkInterfaceIds": ["eni-1"], "Groups": [{"GroupId": "sg-1"}]}
        s3: dict[str, Any] = {
            "VpcEndpointId": "vpce-2",
            "VpcEndpointType": "Gateway",
            "ServiceName": "com.amazonaws.eu-west-1.s3",
        }
        s3 |= {"RouteTableIds": ["rtb-a"]}
        given = [{**about, "State": "available", **ssm}, {**about, "State": "available", **s3}]
        return {"VpcEndpoints": [*given, {**given[0], "State": "deleting"}]}

    def describe_network_interfaces(self) -> dict[str, Any]:
        found = {"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-a", "PrivateIpAddress": "10.0.0.200"}
        return {"NetworkInterfaces": [found]}


def test_endpoints_are_read_as_ec2_describes_them() -> None:
    interface = Interface("eni-1", "subnet-a", "10.0.0.200")
    assert read_endpoints(Ec2()) == (
        Endpoint("vpce-1", "vpc-1", "ssm", interfaces=(interface,), groups=("sg-1",), private=True),
        Endpoint("vpce-2", "vpc-1", "s3", tables=frozenset({"rtb-a"})),
    )
