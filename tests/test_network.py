"""Where a cluster lies: its own VPC, or an existing one."""

import pytest

from tests.conftest import Template
from tests.parts_support import EXISTING, VPC, existing, parts
from tests.template_help import attribute, depends_on, of_type, ref, text, the

NODE_SUBNETS = ["10.64.0.0/24", "10.64.1.0/24"]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
FACING = {"scheme": "internet-facing", "certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of the plain cluster file."""
    return parts()


def default_routes(template: Template, cidr: str) -> list[dict[str, object]]:
    """Return the routes to anywhere of the subnet `cidr`."""
    subnet, _ = the(template, "EC2::Subnet", CidrBlock=cidr)
    _, association = the(template, "EC2::SubnetRouteTableAssociation", SubnetId=ref(subnet))
    return [
        route
        for route in of_type(template, "EC2::Route").values()
        if route["RouteTableId"] == association["RouteTableId"] and route["DestinationCidrBlock"] == "0.0.0.0/0"
    ]


def test_subnets_lie_where_the_plan_says(template: Template) -> None:
    subnets = of_type(template, "EC2::Subnet").values()
    assert {(each["AvailabilityZone"], each["CidrBlock"]) for each in subnets} == {
        ("eu-west-1a", "10.64.0.0/24"),
        ("eu-west-1b", "10.64.1.0/24"),
        ("eu-west-1a", "10.64.8.0/25"),
        ("eu-west-1b", "10.64.9.0/25"),
        ("eu-west-1a", "10.64.8.128/25"),
    }


@pytest.mark.parametrize("scheme", [{}, FACING])
def test_no_subnet_and_no_node_gets_a_public_address(scheme: dict[str, str]) -> None:
    template = parts(balancer=scheme)
    assert not [each for each in of_type(template, "EC2::Subnet").values() if each.get("MapPublicIpOnLaunch")]
    for node in of_type(template, "EC2::Instance").values():
        assert "NetworkInterfaces" not in node


@pytest.mark.parametrize("cidr", NODE_SUBNETS)
def test_nodes_leave_by_the_one_nat_gateway(cidr: str, template: Template) -> None:
    nat, gateway = the(template, "EC2::NatGateway")
    edge, _ = the(template, "EC2::Subnet", CidrBlock="10.64.8.128/25")
    assert gateway["SubnetId"] == ref(edge)
    assert [route["NatGatewayId"] for route in default_routes(template, cidr)] == [ref(nat)]


def test_with_a_nat_gateway_per_zone_nodes_leave_by_their_own_zones() -> None:
    template = parts(network={"egress": "nat-per-zone"})
    assert len(of_type(template, "EC2::NatGateway")) == 2
    for cidr, edge in zip(NODE_SUBNETS, ("10.64.8.128/25", "10.64.9.128/25"), strict=True):
        (route,) = default_routes(template, cidr)
        gateway = template["Resources"][route["NatGatewayId"]["Ref"]]["Properties"]  # type: ignore[index]
        assert gateway["SubnetId"] == ref(the(template, "EC2::Subnet", CidrBlock=edge)[0])


def test_with_endpoints_alone_there_is_no_way_to_the_internet() -> None:
    template = parts(network={"egress": "endpoints"})
    for kind in ("NatGateway", "InternetGateway", "EIP", "Route"):
        assert of_type(template, f"EC2::{kind}") == {}


def test_with_endpoints_a_balancer_that_faces_the_internet_keeps_its_own_gateway() -> None:
    template = parts(network={"egress": "endpoints"}, balancer=FACING)
    assert of_type(template, "EC2::NatGateway") == {}
    gateway, _ = the(template, "EC2::InternetGateway")
    for cidr in ("10.64.8.128/25", "10.64.9.128/25"):
        assert [route["GatewayId"] for route in default_routes(template, cidr)] == [ref(gateway)]
    for cidr in NODE_SUBNETS:
        assert default_routes(template, cidr) == []


def test_the_edge_leaves_by_the_internet_gateway(template: Template) -> None:
    gateway, _ = the(template, "EC2::InternetGateway")
    assert [route["GatewayId"] for route in default_routes(template, "10.64.8.128/25")] == [ref(gateway)]


def test_an_internal_balancer_has_no_way_out(template: Template) -> None:
    assert default_routes(template, "10.64.8.0/25") == []
    assert default_routes(template, "10.64.9.0/25") == []


def test_a_balancer_that_faces_the_internet_lies_in_the_edges() -> None:
    template = parts(balancer=FACING)
    _, balancer = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    edges = [the(template, "EC2::Subnet", CidrBlock=cidr)[0] for cidr in ("10.64.8.128/25", "10.64.9.128/25")]
    assert balancer["Subnets"] == [ref(name) for name in edges]
    assert len(of_type(template, "EC2::Subnet")) == 4


@pytest.mark.parametrize("egress", ["nat", "nat-per-zone"])
def test_nodes_wait_for_their_way_out(egress: str) -> None:
    template = parts(network={"egress": egress})
    nat = {name for name, route in of_type(template, "EC2::Route").items() if "NatGatewayId" in route}
    assert len(nat) == 2
    for node in of_type(template, "EC2::Instance"):
        assert depends_on(template, node) >= nat


def test_another_network_moves_every_subnet() -> None:
    template = parts(network={"cidr": "10.128.0.0/16"})
    assert the(template, "EC2::VPC")[1]["CidrBlock"] == "10.128.0.0/16"
    assert all(each["CidrBlock"].startswith("10.128.") for each in of_type(template, "EC2::Subnet").values())


def flow_log_group(template: Template) -> str:
    """Return the log group of the flow logs."""
    _, log = the(template, "EC2::FlowLog")
    return str(log["LogGroupName"]["Ref"])


def test_flow_logs_go_to_a_group_of_their_own_that_goes_with_the_stack(template: Template) -> None:
    vpc, _ = the(template, "EC2::VPC")
    _, log = the(template, "EC2::FlowLog")
    assert (log["ResourceId"], log["TrafficType"]) == (ref(vpc), "ALL")
    group = template["Resources"][flow_log_group(template)]
    assert group["Properties"] == {"RetentionInDays": 30}
    assert group["DeletionPolicy"] == "Delete"


def test_flow_logs_are_kept_and_encrypted_as_the_file_says() -> None:
    template = parts(logs={"retention": 365}, kms_key=KEY)
    group = template["Resources"][flow_log_group(template)]["Properties"]
    assert group == {"RetentionInDays": 365, "KmsKeyId": KEY}


def test_flow_logs_may_write_to_their_group_alone(template: Template) -> None:
    name, log = the(template, "EC2::FlowLog")
    role = log["DeliverLogsPermissionArn"]["Fn::GetAtt"][0]
    policy, properties = the(template, "IAM::ManagedPolicy", Roles=[ref(role)])
    assert properties["PolicyDocument"]["Statement"] == [
        {
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": attribute(flow_log_group(template), "Arn"),
        }
    ]
    assert policy in depends_on(template, name)


def test_the_role_of_the_flow_logs_serves_this_account_alone(template: Template) -> None:
    _, log = the(template, "EC2::FlowLog")
    role = template["Resources"][log["DeliverLogsPermissionArn"]["Fn::GetAtt"][0]]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ref("AWS::AccountId")}
    source = text(statement["Condition"]["ArnLike"]["aws:SourceArn"], **{"AWS::AccountId": "ACCOUNT"})
    assert source == "arn:aws:ec2:eu-west-1:ACCOUNT:vpc-flow-log/*"


def test_nothing_is_made_in_an_existing_vpc() -> None:
    template = existing()
    made = {each["Type"].removeprefix("AWS::EC2::") for each in template["Resources"].values() if "EC2" in each["Type"]}
    assert made == {"SecurityGroup", "SecurityGroupIngress", "SecurityGroupEgress", "Instance"}


def test_in_an_existing_vpc_everything_lies_in_the_subnets_that_the_file_names() -> None:
    template = existing()
    nodes = of_type(template, "EC2::Instance").values()
    assert [each["SubnetId"] for each in nodes] == ["subnet-0a000000000000001", "subnet-0b000000000000001"]
    _, balancer = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Subnets"] == ["subnet-0a000000000000002", "subnet-0b000000000000002"]
    assert {each["VpcId"] for each in of_type(template, "EC2::SecurityGroup").values()} == {VPC}
    _, group = the(template, "ElasticLoadBalancingV2::TargetGroup")
    assert group["VpcId"] == VPC


def test_users_of_an_existing_vpc_come_from_its_range() -> None:
    template = existing()
    groups = of_type(template, "EC2::SecurityGroup").values()
    (balancer,) = [each for each in groups if "GroupName" not in each]
    assert [rule["CidrIp"] for rule in balancer["SecurityGroupIngress"]] == [EXISTING["cidr"]]


def test_an_existing_vpc_brings_no_warning(capfd: pytest.CaptureFixture[str]) -> None:
    existing(name="quiet")
    assert "noSubnetRouteTableId" not in capfd.readouterr().err
