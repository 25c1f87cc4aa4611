"""Where subnets and addresses lie."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import Cluster, Member, SpecError, ZonePlan, locked, plan
from muster.spec.model import Node
from tests.lock_help import NEW, OLD, PAIR, cluster_of, launched, pair, pinned

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,13}[a-z0-9])?", fullmatch=True)
ZONES = st.sampled_from([f"eu-west-1{letter}" for letter in "abcdefgh"])


@st.composite
def cidrs(draw: st.DrawFn) -> str:
    """Draw a network of 10.0.0.0/8, from /16 to /22."""
    prefix = draw(st.integers(16, 22))
    return f"{IPv4Address((10 << 24) + (draw(st.integers(0, 2 ** (prefix - 8) - 1)) << (32 - prefix)))}/{prefix}"


CLUSTERS = st.builds(cluster_of, st.dictionaries(NAMES, ZONES, min_size=1, max_size=12), cidrs())


def test_the_example_lies_where_the_documentation_says() -> None:
    planned = plan(cluster_of({"a": "eu-west-1a", "b": "eu-west-1b"}))
    assert planned.members == (
        Member("a", 0, "eu-west-1a", "10.64.0.10", instance_type="t4g.medium"),
        Member("b", 1, "eu-west-1b", "10.64.1.11", instance_type="t4g.medium"),
    )
    assert planned.zones == (
        ZonePlan("eu-west-1a", "10.64.0.0/24", "10.64.8.0/25", "10.64.8.128/25"),
        ZonePlan("eu-west-1b", "10.64.1.0/24", "10.64.9.0/25", "10.64.9.128/25"),
    )


def test_more_than_eight_zones_are_refused() -> None:
    with pytest.raises(SpecError, match="at most 8 zones in its life, eu-west-1i would be number 9"):
        plan(cluster_of({f"n{letter}": f"eu-west-1{letter}" for letter in "abcdefghi"}))


def test_more_nodes_than_addresses_are_refused() -> None:
    nodes = {f"n{number:02}": "eu-west-1a" for number in range(54)}
    with pytest.raises(SpecError, match="no room for node n53"):
        plan(cluster_of(nodes, "10.0.0.0/22"))


def test_as_many_nodes_as_addresses_are_planned() -> None:
    nodes = {f"n{number:02}": "eu-west-1a" for number in range(53)}
    assert plan(cluster_of(nodes, "10.0.0.0/22")).members[-1].address == "10.0.0.62"


@given(CLUSTERS)
def test_subnets_lie_in_the_network_and_apart(cluster: Cluster) -> None:
    planned = plan(cluster)
    subnets = [
        IPv4Network(cidr)
        for zone in planned.zones
        for cidr in (zone.node_subnet, zone.balancer_subnet, zone.edge_subnet)
    ]
    assert all(subnet.subnet_of(IPv4Network(cluster.network.cidr)) for subnet in subnets)
    assert not any(one.overlaps(two) for one in subnets for two in subnets if one is not two)


@given(CLUSTERS)
def test_a_balancer_has_eight_free_addresses_in_each_subnet(cluster: Cluster) -> None:
    """What an Application Load Balancer demands, besides a /27 or larger; AWS keeps five of each subnet."""
    for zone in plan(cluster).zones:
        for subnet in (zone.balancer_subnet, zone.edge_subnet):
            assert IPv4Network(subnet).prefixlen <= 27
            assert IPv4Network(subnet).num_addresses - 5 >= 8


@given(CLUSTERS)
def test_every_node_has_an_address_of_its_own_in_its_zones_subnet(cluster: Cluster) -> None:
    planned = plan(cluster)
    subnets = {zone.zone: IPv4Network(zone.node_subnet) for zone in planned.zones}
    assert len({member.address for member in planned.members}) == len(cluster.nodes)
    for member in planned.members:
        subnet = subnets[member.zone]
        assert member.zone == cluster.nodes[member.name].zone
        assert subnet.network_address + 4 <= IPv4Address(member.address) < subnet.broadcast_address


@given(CLUSTERS, st.randoms(use_true_random=False))
def test_the_order_of_the_nodes_means_nothing(cluster: Cluster, random: Any) -> None:
    names = list(cluster.nodes)
    random.shuffle(names)
    shuffled = cluster_of({name: cluster.nodes[name].zone for name in names}, cluster.network.cidr)
    assert plan(shuffled) == plan(cluster)


@given(CLUSTERS)
def test_ordinals_are_the_places_of_the_sorted_names(cluster: Cluster) -> None:
    members = plan(cluster).members
    assert [member.ordinal for member in members] == list(range(len(members)))
    assert [member.name for member in members] == sorted(cluster.nodes)


def test_an_absent_member_keeps_its_place_and_is_not_present() -> None:
    planned = plan(pair(present="a"))
    assert [member.name for member in planned.members] == ["a", "b"]
    assert [member.name for member in planned.present] == ["a"]
    assert planned.members[1].address == plan(pair()).members[1].address
    assert [zone.zone for zone in planned.zones] == sorted(PAIR.values())


def test_a_member_that_the_lock_has_absent_is_absent_though_the_file_wants_it() -> None:
    """As during `muster roll`."""
    lock = launched(pair()).with_node("a", present=False).changed(rolling=("a",))
    assert [member.name for member in plan(pair(), lock).present] == ["b"]


def test_members_are_launched_as_the_lock_says_and_not_as_the_newest_pin() -> None:
    planned = plan(pair(), pinned(launched(pair(), OLD), NEW))
    assert [member.image for member in planned.members] == [OLD, OLD]


def test_without_a_lock_the_plan_says_so() -> None:
    assert not plan(pair()).locked
    assert plan(pair(), launched(pair())).locked


def test_a_zone_that_comes_later_stands_behind_the_others() -> None:
    """So that what lies in the first zone alone, the NAT gateway, never moves."""
    late = cluster_of({"b": "eu-west-1b", "c": "eu-west-1c"})
    lock = launched(late)
    wider = cluster_of({"a": Node(zone="eu-west-1a"), "b": "eu-west-1b", "c": "eu-west-1c"})
    planned = plan(wider, locked(lock, wider))
    assert [zone.zone for zone in planned.zones] == ["eu-west-1b", "eu-west-1c", "eu-west-1a"]
