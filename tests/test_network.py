"""The cluster's own VPC."""

import pytest

from tests.conftest import Synthesize, Template
from tests.template_help import attribute, depends_on, of_type, ref, the

NODE_SUBNETS = ["10.64.0.0/24", "10.64.1.0/24"]


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


def test_no_subnet_gives_public_addresses(template: Template) -> None:
    assert not [each for each in of_type(template, "EC2::Subnet").values() if each.get("MapPublicIpOnLaunch")]


@pytest.mark.parametrize("cidr", NODE_SUBNETS)
def test_nodes_leave_by_the_one_nat_gateway(cidr: str, template: Template) -> None:
    nat, gateway = the(template, "EC2::NatGateway")
    edge, _ = the(template, "EC2::Subnet", CidrBlock="10.64.8.128/25")
    assert gateway["SubnetId"] == ref(edge)
    assert [route["NatGatewayId"] for route in default_routes(template, cidr)] == [ref(nat)]


def test_the_edge_leaves_by_the_internet_gateway(template: Template) -> None:
    gateway, _ = the(template, "EC2::InternetGateway")
    assert [route["GatewayId"] for route in default_routes(template, "10.64.8.128/25")] == [ref(gateway)]


def test_an_internal_balancer_has_no_way_out(template: Template) -> None:
    assert default_routes(template, "10.64.8.0/25") == []
    assert default_routes(template, "10.64.9.0/25") == []


def test_a_balancer_that_faces_the_internet_lies_in_the_edges(synthesize: Synthesize) -> None:
    template = synthesize(balancer={"scheme": "internet-facing"})
    _, balancer = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    edges = [the(template, "EC2::Subnet", CidrBlock=cidr)[0] for cidr in ("10.64.8.128/25", "10.64.9.128/25")]
    assert balancer["Subnets"] == [ref(name) for name in edges]
    assert len(of_type(template, "EC2::Subnet")) == 4
    gateway, _ = the(template, "EC2::InternetGateway")
    for cidr in ("10.64.8.128/25", "10.64.9.128/25"):
        assert [route["GatewayId"] for route in default_routes(template, cidr)] == [ref(gateway)]


def test_flow_logs_go_to_a_group_of_their_own_that_goes_with_the_stack(template: Template) -> None:
    vpc, _ = the(template, "EC2::VPC")
    group, properties = the(template, "Logs::LogGroup")
    _, log = the(template, "EC2::FlowLog")
    assert (log["ResourceId"], log["TrafficType"], log["LogGroupName"]) == (ref(vpc), "ALL", ref(group))
    assert properties["RetentionInDays"] == 30
    assert template["Resources"][group]["DeletionPolicy"] == "Delete"


def test_flow_logs_may_write_to_their_group_alone(template: Template) -> None:
    group, _ = the(template, "Logs::LogGroup")
    name, log = the(template, "EC2::FlowLog")
    role = log["DeliverLogsPermissionArn"]["Fn::GetAtt"][0]
    policy, properties = the(template, "IAM::ManagedPolicy", Roles=[ref(role)])
    assert properties["PolicyDocument"]["Statement"] == [
        {
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Effect": "Allow",
            "Resource": attribute(group, "Arn"),
        }
    ]
    assert policy in depends_on(template, name)


def test_another_network_moves_everything(synthesize: Synthesize) -> None:
    template = synthesize(network={"cidr": "10.128.0.0/16"})
    assert the(template, "EC2::VPC")[1]["CidrBlock"] == "10.128.0.0/16"
    assert {each["PrivateIpAddress"] for each in of_type(template, "EC2::Instance").values()} == {
        "10.128.0.10",
        "10.128.16.11",
    }
