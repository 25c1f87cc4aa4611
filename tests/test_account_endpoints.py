"""VPC endpoints of the emulated account: what is refused as on AWS, and what an endpoint's own policy lets pass."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import Account
from rehearsal.passage import CAME_THROUGH
from tests.account_help import Stacks, Template, emptied_after, host_client, request, template
from tests.test_account_gate import make_role, refused

REGION = "eu-west-1"
DNS = {"EnableDnsSupport": True, "EnableDnsHostnames": True}
GROUP = {
    "Type": "AWS::EC2::SecurityGroup",
    "Properties": {"GroupDescription": "endpoints", "VpcId": {"Ref": "Vpc"}},
}


@pytest.fixture
def stacks(account: Account) -> Iterator[Stacks]:
    with emptied_after(account) as stacks:
        yield stacks
    assert [line for line in account.remains() if not line.startswith(("role", "instance profile"))] == []


def subnet(zone: str, number: int) -> dict[str, Any]:
    given = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.64.{number}.0/24", "AvailabilityZone": f"{REGION}{zone}"}
    return {"Type": "AWS::EC2::Subnet", "Properties": given}


def endpoint(service: str, way: str, **more: Any) -> dict[str, Any]:
    name = {"Fn::Join": ["", ["com.amazonaws.", {"Ref": "AWS::Region"}, f".{service}"]]}
    given = {"VpcId": {"Ref": "Vpc"}, "ServiceName": name, "VpcEndpointType": way, **more}
    return {"Type": "AWS::EC2::VPCEndpoint", "Properties": given}


def interface(service: str = "ssm", subnets: tuple[str, ...] = ("A", "B"), **more: Any) -> dict[str, Any]:
    given = {"SubnetIds": [{"Ref": name} for name in subnets], "SecurityGroupIds": [{"Ref": "Group"}]}
    return endpoint(service, "Interface", **given, **{"PrivateDnsEnabled": True, **more})


def gateway(service: str = "s3", tables: tuple[str, ...] = ("Table",), **more: Any) -> dict[str, Any]:
    return endpoint(service, "Gateway", RouteTableIds=[{"Ref": name} for name in tables], **more)


def place(dns: dict[str, bool] | None = None, **more: Any) -> Template:
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.64.0.0/20", **(DNS if dns is None else dns)}}
    table = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}}
    named = {"Vpc": vpc, "A": subnet("a", 0), "B": subnet("b", 1), "Table": table, "Other": table, "Group": GROUP}
    return template(**named, **more)


def test_an_interface_endpoint_has_an_address_in_each_of_its_subnets(stacks: Stacks, account: Account) -> None:
    assert stacks.create("s", place(Ssm=interface(), Logs=interface("logs"))) == "CREATE_COMPLETE"
    ec2 = account.client("ec2")
    group = [{"Name": "group-id", "Values": [stacks.resource("s", "Group")]}]
    found = ec2.describe_network_interfaces(Filters=group)["NetworkInterfaces"]
    addresses = [each["PrivateIpAddress"] for each in found]
    assert len(set(addresses)) == 4
    assert sorted({address.rsplit(".", 1)[0] for address in addresses}) == ["10.64.0", "10.64.1"]
    described = ec2.describe_vpc_endpoints(VpcEndpointIds=[stacks.resource("s", "Ssm")])["VpcEndpoints"][0]
    assert (described["PrivateDnsEnabled"], len(described["NetworkInterfaceIds"])) == (True, 2)


def test_a_group_that_an_endpoint_uses_is_not_deleted_before_it(stacks: Stacks) -> None:
    stacks.create("s", place(Ssm=interface()))
    assert stacks.delete("s") == "DELETE_COMPLETE"


def test_route_tables_come_and_go_at_a_gateway_endpoint(stacks: Stacks, account: Account) -> None:
    def leading() -> list[str]:
        found = account.client("ec2").describe_route_tables()["RouteTables"]
        own = stacks.resource("s", "S3")
        return sorted(t["RouteTableId"] for t in found if any(r.get("GatewayId") == own for r in t["Routes"]))

    stacks.create("s", place(S3=gateway()))
    assert leading() == [stacks.resource("s", "Table")]
    assert stacks.update("s", place(S3=gateway(tables=("Other",)))) == "UPDATE_COMPLETE"
    assert leading() == [stacks.resource("s", "Other")]


REFUSED: list[tuple[str, Template, str, str]] = [
    ("dns", place({"EnableDnsSupport": True, "EnableDnsHostnames": False}, E=interface()), "E", "enableDnsHostnames"),
    (
        "twice",
        place(D=interface(), E=interface() | {"DependsOn": "D"}),
        "E",
        "conflicting DNS domain for ssm.eu-west-1",
    ),
    ("table", place(D=gateway(), E=gateway() | {"DependsOn": "D"}), "E", "already has a route"),
    ("zone", place(C=subnet("a", 2), E=interface(subnets=("A", "C"))), "E", "Found another VPC endpoint subnet"),
    ("service", place(E=interface("lambda")), "E", "com.amazonaws.eu-west-1.lambda is not supported"),
    ("s3", place(E=interface("s3")), "E", "Interface endpoint for com.amazonaws.eu-west-1.s3"),
    ("mixed", place(E=gateway(PrivateDnsEnabled=True)), "E", "PrivateDnsEnabled"),
]


@pytest.mark.parametrize(("wanted", "name", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_aws_refuses_or_this_account_cannot_is_refused(
    stacks: Stacks, wanted: Template, name: str, said: str
) -> None:
    assert stacks.create("s", wanted) == "ROLLBACK_COMPLETE"
    assert said in stacks.reason("s", name, "CREATE_FAILED")


def only(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource, **more}
    return {"PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def through(account: Account, endpoint_id: str) -> Any:
    """Return the account as a host has it whose requests come through a VPC endpoint."""

    class Behind:
        region = account.region

        @staticmethod
        def host_app(environ: dict[str, Any], start_response: Any) -> Any:
            return account.host_app({**environ, CAME_THROUGH: endpoint_id}, start_response)

    return Behind


def test_what_the_endpoints_policy_does_not_allow_does_not_pass(stacks: Stacks, account: Account) -> None:
    stacks.create("s", place(Ssm=interface(**only("ssm:GetParameters"))))
    account.client("ssm").put_parameter(Name="/p", Value="1", Type="String")
    make_role(account, "behind", [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}])
    credentials = account.instance_credentials("behind", "i-1")
    inside = host_client(through(account, stacks.resource("s", "Ssm")), "ssm", credentials)
    assert inside.get_parameters(Names=["/p"])["Parameters"][0]["Value"] == "1"
    code, message = refused(inside.get_parameter, Name="/p")
    assert code == "AccessDeniedException"
    assert message.endswith("because no VPC endpoint policy allows the ssm:GetParameter action")
    assert [each.verdict for each in account.decisions[-2:]] == ["Allow", "NoEndpointPolicy"]
    assert host_client(account, "ssm", credentials).get_parameter(Name="/p")
    account.client("ssm").delete_parameter(Name="/p")


def test_an_endpoints_policy_that_is_not_understood_is_refused_and_recorded(stacks: Stacks, account: Account) -> None:
    weather = {"StringEquals": {"aws:Weather": "rain"}}
    stacks.create("s", place(Ssm=interface(**only("ssm:*", Condition=weather))))
    make_role(account, "puzzled", [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}])
    inside = host_client(
        through(account, stacks.resource("s", "Ssm")), "ssm", account.instance_credentials("puzzled", "i-1")
    )
    assert refused(inside.get_parameter, Name="/p")[0] == "InternalServerError"
    assert account.decisions[-1].verdict == "Undecidable"
    assert "aws:Weather" in account.decisions[-1].detail


def test_a_role_may_be_bound_to_an_endpoint(stacks: Stacks, account: Account) -> None:
    stacks.create("s", place(Ssm=interface()))
    own = stacks.resource("s", "Ssm")
    condition = {"StringEquals": {"aws:SourceVpce": own}}
    statement = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*", "Condition": condition}
    make_role(account, "tied", [statement])
    credentials = account.instance_credentials("tied", "i-1")
    assert host_client(through(account, own), "ssm", credentials).get_parameters(Names=["/p"])
    assert refused(host_client(account, "ssm", credentials).get_parameters, Names=["/p"])[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("resource", "status"), [("arn:aws:s3:::assets/*", 403), ("arn:aws:s3:::cloudformation-waitcondition-*/*", 200)]
)
def test_a_signal_passes_a_gateway_endpoint_whose_policy_names_cloudformations_bucket(
    stacks: Stacks, account: Account, resource: str, status: int
) -> None:
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    wanted = place(S3=gateway(**only("s3:*", resource)), Handle=handle)
    wanted["Outputs"] = {"Url": {"Value": {"Ref": "Handle"}}}
    stacks.create("s", wanted)
    app = through(account, stacks.resource("s", "S3")).host_app
    body = json.dumps({"Status": "SUCCESS", "UniqueId": "a", "Data": "", "Reason": ""}).encode()
    assert request(app, "PUT", stacks.outputs("s")["Url"], body)[0] == status
