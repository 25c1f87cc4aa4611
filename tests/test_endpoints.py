"""VPC endpoints: which, where, and who reaches them."""

from typing import Any

import pytest

from muster.endpoints import wanted
from muster.spec import load
from tests.conftest import CARBON, Template, WriteCluster
from tests.parts_support import VPC, existing, parts
from tests.template_help import depends_on, of_type, ref, text, the

ONLY = {"egress": "endpoints"}


def endpoints(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Return the endpoints of a kind by the last part of their service's name."""
    found = [each for each in of_type(template, "EC2::VPCEndpoint").values() if each["VpcEndpointType"] == kind]
    names = [text(each["ServiceName"], **{"AWS::Region": "eu-west-1"}) for each in found]
    assert all(name.startswith("com.amazonaws.eu-west-1.") for name in names)
    return {name.rpartition(".")[2]: each for name, each in zip(names, found, strict=True)}


@pytest.mark.parametrize("egress", ["nat", "nat-per-zone", "endpoints"])
def test_a_vpc_of_our_own_reaches_s3_and_dynamodb_from_every_node_subnet(egress: str) -> None:
    template = parts(network={"egress": egress})
    found = endpoints(template, "Gateway")
    assert set(found) == {"s3", "dynamodb"}
    nodes = [the(template, "EC2::Subnet", CidrBlock=cidr)[0] for cidr in ("10.64.0.0/24", "10.64.1.0/24")]
    tables = [the(template, "EC2::SubnetRouteTableAssociation", SubnetId=ref(name))[1] for name in nodes]
    for each in found.values():
        assert each["RouteTableIds"] == [table["RouteTableId"] for table in tables]


def test_beside_a_nat_gateway_no_endpoint_costs_anything() -> None:
    assert endpoints(parts(), "Interface") == {}


def test_without_another_way_out_nodes_reach_exactly_what_they_ask() -> None:
    template = parts(network=ONLY)
    found = endpoints(template, "Interface")
    assert set(found) == {"ssm", "ssmmessages", "secretsmanager", "logs", "monitoring"}
    apart = [ref(the(template, "EC2::Subnet", CidrBlock=cidr)[0]) for cidr in ("10.64.8.0/25", "10.64.9.0/25")]
    for each in found.values():
        assert each["SubnetIds"] == apart
        assert each["PrivateDnsEnabled"] is True


@pytest.mark.parametrize(
    ("wso2", "more"),
    [
        ({"kernel": "4.10.126"}, {"ec2"}),
        ({"kernel": "4.9.33"}, {"ec2", "sts"}),
        ({"kernel": "4.4.40"}, {"ec2", "secretsmanager"}),
        ({"kernel": "4.10.126", "membership": "wka"}, set()),
    ],
    ids=["the node's role", "a role alone", "a user's key", "addresses"],
)
def test_members_reach_what_they_find_each_other_by_and_no_more(
    wso2: dict[str, str], more: set[str], write_cluster: WriteCluster
) -> None:
    cluster = load(write_cluster(**{**CARBON, "wso2": wso2, "network": ONLY}))
    assert set(wanted(cluster)) == {"s3", "ssm", "ssmmessages", "logs", "monitoring", *more}


def test_dynamodb_is_reached_where_there_is_a_witness_alone(write_cluster: WriteCluster) -> None:
    assert list(wanted(load(write_cluster()))) == ["s3", "dynamodb"]
    assert list(wanted(load(write_cluster(**CARBON)))) == ["s3"]


def awaited(template: Template, name: str) -> set[str]:
    """Return what a resource waits for by DependsOn, and what that waits for."""
    direct = depends_on(template, name)
    return direct.union(*(awaited(template, each) for each in direct))


def test_an_endpoint_takes_its_services_name_when_nodes_are_let_in_and_no_sooner() -> None:
    template = parts(network=ONLY)
    rules = of_type(template, "EC2::SecurityGroupIngress").items()
    let_in = {name for name, rule in rules if "Endpoints" in name and rule["FromPort"] == 443}
    entries = {*of_type(template, "EC2::NetworkAclEntry")}
    found = of_type(template, "EC2::VPCEndpoint").items()
    names = [name for name, each in found if each["VpcEndpointType"] == "Interface"]
    assert let_in
    assert entries
    assert names
    assert [name for name in names if not let_in | entries <= awaited(template, name)] == []


def test_endpoints_let_in_the_nodes_alone_and_ask_nobody() -> None:
    template = parts(network=ONLY)
    (group,) = {each["SecurityGroupIds"][0]["Fn::GetAtt"][0] for each in endpoints(template, "Interface").values()}
    properties = template["Resources"][group]["Properties"]
    assert "SecurityGroupIngress" not in properties
    assert [rule["CidrIp"] for rule in properties["SecurityGroupEgress"]] == ["255.255.255.255/32"]
    nodes, _ = the(template, "EC2::SecurityGroup", GroupName="muster-as400")
    rules = [
        rule
        for rule in of_type(template, "EC2::SecurityGroupIngress").values()
        if rule["GroupId"]["Fn::GetAtt"][0] == group
    ]
    assert [(rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"]["Fn::GetAtt"][0]) for rule in rules] == [
        (443, 443, nodes)
    ]


def test_nodes_wait_for_the_endpoints_and_for_being_let_in() -> None:
    template = parts(network=ONLY)
    needed = set(of_type(template, "EC2::VPCEndpoint"))
    needed |= {
        name
        for name, rule in of_type(template, "EC2::SecurityGroupIngress").items()
        if rule["Description"] == "AWS APIs from nodes"
    }
    assert len(needed) == 8
    for node in of_type(template, "EC2::Instance"):
        assert depends_on(template, node) >= needed


def test_an_existing_vpc_gets_exactly_the_endpoints_asked_for() -> None:
    assert of_type(existing(), "EC2::VPCEndpoint") == {}
    asked = {"endpoints": ["s3", "secretsmanager"], "route_tables": ["rtb-0123456789abcdef0"]}
    template = existing(vpc=asked)
    (gateway,) = endpoints(template, "Gateway").values()
    (interface,) = endpoints(template, "Interface").values()
    assert gateway["RouteTableIds"] == ["rtb-0123456789abcdef0"]
    assert interface["SubnetIds"] == ["subnet-0a000000000000002", "subnet-0b000000000000002"]
    assert {gateway["VpcId"], interface["VpcId"]} == {VPC}
    assert (set(endpoints(template, "Gateway")), set(endpoints(template, "Interface"))) == ({"s3"}, {"secretsmanager"})


def test_in_an_existing_vpc_everybody_reaches_the_endpoints_that_take_over_names_for_everybody() -> None:
    template = existing(vpc={"endpoints": ["secretsmanager"]})
    (interface,) = endpoints(template, "Interface").values()
    group = template["Resources"][interface["SecurityGroupIds"][0]["Fn::GetAtt"][0]]["Properties"]
    (rule,) = group["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["CidrIp"]) == (443, "10.0.0.0/16")
