"""The lock of a cluster in an existing VPC: the file's literal addresses and subnets, kept where nodes run."""

from typing import Any

import pytest

from muster.spec import Cluster, locked, plan
from muster.spec.model import ExistingVpc, Network, Node, Subnet, VpcZone
from tests.lock_help import cluster_of, launched, refused

SWAP = "and the change would replace it; the safe way is two deploys"


def zone(number: int, subnet: str = "0") -> VpcZone:
    nodes = Subnet(id=f"subnet-{number:016x}{subnet}", cidr=f"10.0.{number}.0/24")
    return VpcZone(nodes=nodes, balancer=Subnet(id=f"subnet-{number:015x}b0", cidr=f"10.0.10{number}.0/24"))


def existing(
    addresses: tuple[str, str] = ("10.0.1.10", "10.0.2.10"), subnet: str = "0", vpc: str = "0", **nodes: Any
) -> Cluster:
    zones = {"eu-west-1a": zone(1), "eu-west-1b": zone(2, subnet)}
    described = ExistingVpc(id=f"vpc-{vpc * 17}", cidr="10.0.0.0/16", zones=zones)
    first, second = addresses
    return cluster_of(
        {
            "a": Node(zone="eu-west-1a", address=first),
            "b": Node(zone="eu-west-1b", address=second, **nodes),
        },
        network=Network(vpc=described),
    )


def test_addresses_and_subnets_are_those_of_the_file() -> None:
    planned = plan(existing(), launched(existing()))
    assert [member.address for member in planned.members] == ["10.0.1.10", "10.0.2.10"]
    assert [(zone.node_subnet, zone.balancer_subnet) for zone in planned.zones] == [
        ("10.0.1.0/24", "10.0.101.0/24"),
        ("10.0.2.0/24", "10.0.102.0/24"),
    ]
    assert planned.cidr == "10.0.0.0/16"


def test_the_lock_is_a_fixed_point() -> None:
    lock = launched(existing())
    assert locked(lock, existing()) == lock


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (existing(("10.0.1.10", "10.0.2.11")), f"nodes.b.address: node b is launched in 10.0.2.10, {SWAP}"),
        (existing(subnet="1"), "network.vpc.zones.eu-west-1b.nodes.id: node b is launched in subnet-0000000000000002"),
        (existing(vpc="1"), "network.vpc: the cluster lies in vpc-00000000000000000, and a move would replace every"),
        (cluster_of({"a": "eu-west-1a", "b": "eu-west-1b"}), "network.vpc: the cluster lies in vpc-00000000000000000"),
    ],
    ids=["address", "subnet", "vpc", "own vpc"],
)
def test_refuses_to_move_a_node_that_runs(cluster: Cluster, words: str) -> None:
    lines = refused(launched(existing()), cluster)
    assert len(lines) == 1
    assert lines[0].startswith(words)


def test_an_absent_node_may_move() -> None:
    absent = locked(launched(existing()), existing(present=False))
    back = locked(absent, existing(("10.0.1.10", "10.0.2.99"), subnet="1"))
    assert (back.nodes["b"].address, back.nodes["b"].ordinal) == ("10.0.2.99", 1)
    assert back.nodes["a"] == absent.nodes["a"]


def test_a_cluster_with_a_vpc_of_its_own_does_not_move_into_another() -> None:
    own = launched(cluster_of({"a": "eu-west-1a", "b": "eu-west-1b"}))
    assert refused(own, existing())[0].startswith("network.vpc: the cluster lies in a VPC of its own")
