"""What must hold in a description of an existing VPC: each refusal in its exact words, and what is accepted."""

from pathlib import Path

import pytest

from muster.spec import load
from tests.spec_help import EXISTING_VPC, changed, judge


def test_an_existing_vpc_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(EXISTING_VPC, encoding="utf-8")
    network = load(file).network
    assert network.vpc is not None
    assert network.vpc.zones["eu-west-1b"].nodes.cidr == "10.0.2.0/24"
    assert (network.vpc_cidr, network.vpc.endpoints) == ("10.0.0.0/16", ("s3", "secretsmanager"))


SUBNET = "subnet-0123456789abcdef"
ADDRESS_WANT = "want one of 10.0.1.0/24, but for the first four and the last (AWS keeps them)"

EXISTING = [
    (
        ("  vpc:\n", "  cidr: 10.64.0.0/20\n  vpc:\n"),
        (
            "11: network.cidr: got '10.64.0.0/20', which is for a VPC of the cluster's own, want it or network.vpc, "
            "not both"
        ),
    ),
    (
        ("egress: endpoints", "egress: nat-per-zone"),
        (
            "10: network.egress: got 'nat-per-zone', but no NAT gateway is made in an existing VPC, "
            "want nat, endpoints or none"
        ),
    ),
    (("egress: endpoints", "egress: none"), None),
    (("egress: endpoints", "egress: nat"), None),
    (
        ("{type: t4g.medium}", "{type: t4g.medium, os: debian-12}"),
        (
            "10: network.egress: got 'endpoints', without a way to the mirrors of debian-12, "
            "want nat, or instance.os: amazon-linux-2023"
        ),
    ),
    (
        (", address: 10.0.1.10", ""),
        (
            "5: nodes.a.address: is missing, want an unused address of the zone's node subnet "
            "(network.vpc is an existing one)"
        ),
    ),
    (("10.0.1.10", "10.0.1.3"), f"5: nodes.a.address: got '10.0.1.3', {ADDRESS_WANT}"),
    (("10.0.1.10", "10.0.1.4"), None),
    (("10.0.1.10", "10.0.1.254"), None),
    (("10.0.1.10", "10.0.1.255"), f"5: nodes.a.address: got '10.0.1.255', {ADDRESS_WANT}"),
    (("10.0.1.10", "10.0.3.10"), f"5: nodes.a.address: got '10.0.3.10', {ADDRESS_WANT}"),
    (
        ("10.0.1.10", "'::1'"),
        "5: nodes.a.address: got '::1', which is not an IPv4 address, want an IPv4 address such as 10.0.1.10",
    ),
    (
        ("eu-west-1a, address", "eu-west-1c, address"),
        "14: network.vpc.zones: has no eu-west-1c, in which a node is, want its subnets: {nodes: ..., balancer: ...}",
    ),
    (
        ("      eu-west-1a:\n", "      us-east-1a:\n"),
        (
            "14: network.vpc.zones: has no eu-west-1a, in which a node is, "
            "want its subnets: {nodes: ..., balancer: ...}\n"
            "15: network.vpc.zones.us-east-1a: got 'us-east-1a', which is not in the region eu-west-1, "
            "want a zone such as eu-west-1a"
        ),
    ),
    (
        ("cidr: 10.0.1.0/24", "cidr: 10.1.1.0/24"),
        (
            f"5: nodes.a.address: got '10.0.1.10', {ADDRESS_WANT.replace('10.0', '10.1')}\n"
            "16: network.vpc.zones.eu-west-1a.nodes.cidr: got '10.1.1.0/24', "
            "which is not inside the VPC's 10.0.0.0/16, want a part of it"
        ),
    ),
    (
        ("10.0.102.0/27", "10.0.102.0/28"),
        "20: network.vpc.zones.eu-west-1b.balancer.cidr: got '10.0.102.0/28', want /27 or larger for the balancer",
    ),
    (
        ("10.0.102.0/27", "10.0.101.128/25"),
        (
            "20: network.vpc.zones.eu-west-1b.balancer.cidr: got '10.0.101.128/25', "
            "which overlaps '10.0.101.0/24' of network.vpc.zones.eu-west-1a.balancer, want a range of its own"
        ),
    ),
    (
        (f"{SUBNET}1", f"{SUBNET}0"),
        (
            f"17: network.vpc.zones.eu-west-1a.balancer.id: got '{SUBNET}0', "
            "which is also network.vpc.zones.eu-west-1a.nodes.id, want a subnet of its own"
        ),
    ),
    (
        ("    route_tables: [rtb-0123456789abcdef0]\n", ""),
        "11: network.vpc.route_tables: is missing, want the route tables of the node subnets for the endpoint s3",
    ),
    (
        ("[s3, secretsmanager]", "[secretsmanager]"),
        "22: network.vpc.route_tables: is for the endpoints s3 and dynamodb, none of which is asked for, want none",
    ),
    (
        ("[s3, secretsmanager]", "[s3, s3]"),
        "21: network.vpc.endpoints.1: got 's3' twice, want it once",
    ),
]


@pytest.mark.parametrize(("edit", "words"), EXISTING, ids=lambda value: str(value)[:60])
def test_refuses_in_an_existing_vpc(edit: tuple[str, str], words: str | None, tmp_path: Path) -> None:
    judge(changed(EXISTING_VPC, *edit), words, tmp_path)


def test_two_nodes_of_one_subnet_need_two_addresses(tmp_path: Path) -> None:
    """Of a pair one is in another subnet, so the address is also outside its own."""
    words = (
        "6: nodes.b.address: got '10.0.1.10', want one of 10.0.2.0/24, but for the first four and the last "
        "(AWS keeps them)\n6: nodes.b.address: got '10.0.1.10', which is also that of node a, want another"
    )
    judge(changed(EXISTING_VPC, "10.0.2.10", "10.0.1.10"), words, tmp_path)


def test_one_zone_is_too_few_for_the_balancer(tmp_path: Path) -> None:
    start = EXISTING_VPC.index("      eu-west-1b:\n        nodes")
    text = EXISTING_VPC[:start] + EXISTING_VPC[EXISTING_VPC.index("    endpoints:") :]
    words = (
        "14: network.vpc.zones: got 1, want two at least (the balancer needs two)\n"
        "14: network.vpc.zones: has no eu-west-1b, in which a node is, want its subnets: {nodes: ..., balancer: ...}"
    )
    judge(text, words, tmp_path)
