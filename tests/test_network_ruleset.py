"""The ruleset is security groups and nothing else: compared with a direct reading of the rules."""

import random
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.network import InterfacePolicy, Permission, SecurityGroup
from rehearsal.network.names import GATEWAYS
from rehearsal.network.ruleset import Fabric, Fixed, ruleset
from tests.network_support import group, interface, tcp
from tests.nft_interpreter import Packet, Table

S3 = GATEWAYS["s3"]
FABRIC = Fabric("10.64.0.0/20", "10.64.0.2", Fixed("x", "198.51.100.10"), Fixed("v", "10.64.0.3"), (S3,))
ADDRESSES = ["10.64.0.10", "10.64.0.11", "10.64.1.10", "10.64.1.11"]
IDS = ["sg-1", "sg-2", "sg-3"]
CIDRS = [
    "0.0.0.0/0",
    "10.64.0.0/20",
    "10.64.0.0/24",
    "10.64.0.10/32",
    "10.64.1.7/24",
    "198.51.100.10/32",
    "10.64.0.3/32",
]

PORTS = st.sampled_from([(0, 65535), (80, 80), (80, 90), (85, 443)])
PROTOCOLS = st.sampled_from([6, 17, 1, 47, -1])
ICMP = st.sampled_from([(-1, -1), (8, -1), (3, 4), (252, 86)])


@st.composite
def permissions(draw: st.DrawFn) -> Permission:
    """Any permission that EC2 would accept."""
    protocol = draw(PROTOCOLS)
    first, last = draw(PORTS if protocol in (6, 17) else ICMP) if protocol in (6, 17, 1) else (-1, -1)
    cidrs = draw(st.lists(st.sampled_from(CIDRS), max_size=3, unique=True))
    groups = draw(st.lists(st.sampled_from(IDS), max_size=2, unique=True))
    return Permission(protocol, first, last, tuple(cidrs), tuple(groups))


@st.composite
def worlds(draw: st.DrawFn) -> list[InterfacePolicy]:
    """Up to four interfaces in any of three groups."""
    some = st.lists(permissions(), max_size=4).map(tuple)
    groups = [SecurityGroup(name, draw(some), draw(some)) for name in IDS]
    count = draw(st.integers(1, len(ADDRESSES)))
    return [
        InterfacePolicy(
            f"mu-h-{number}",
            ADDRESSES[number],
            tuple(draw(st.lists(st.sampled_from(groups), max_size=2, unique=True))),
            draw(st.booleans()),
            draw(st.sampled_from([{}, {S3: "vpce-1"}])),
        )
        for number in range(count)
    ]


ENDS = [
    *((f"h-{n}", address) for n, address in enumerate(ADDRESSES)),
    ("v", "10.64.0.3"),
    ("x", "198.51.100.10"),
    ("x", S3),
]
NOBODY = [("x", "10.64.0.99"), ("x", "192.0.2.1")]
"""Addresses that nobody has: the default route sends them to the endpoints' link."""

contents = st.one_of(
    st.tuples(st.sampled_from([6, 17]), st.sampled_from([79, 80, 85, 90, 91, 443, 65535]), st.just((0, 0))),
    st.tuples(st.just(1), st.just(0), st.sampled_from([(8, 0), (3, 4), (3, 1), (252, 86)])),
    st.tuples(st.just(47), st.just(0), st.just((0, 0))),
)


@st.composite
def crossings(draw: st.DrawFn) -> list[Packet]:
    """Draw one first packet from each of hosts, visitor and endpoints to each other and to nobody."""
    return [
        Packet(iif, oif, source, destination, protocol, port, *icmp)
        for iif, source in ENDS
        for oif, destination in [*ENDS, *NOBODY]
        if source != destination and iif != oif
        for protocol, port, icmp in [draw(contents)]
    ]


def permitted(world: Sequence[InterfacePolicy], packet: Packet) -> bool:
    """Read the rules directly: both ends must allow, and the way must exist."""
    ends = {policy.address: policy for policy in world}
    return _may_leave(ends, packet) and _may_come(ends, packet)


def _may_leave(ends: dict[str, InterfacePolicy], packet: Packet) -> bool:
    if packet.source == FABRIC.visitor.address:
        return True
    policy = ends.get(packet.source)
    if policy is None:
        return False
    inside = ip_address(packet.destination) in ip_network(FABRIC.cidr) or packet.destination in policy.gateways
    rules = [rule for g in policy.groups for rule in g.egress]
    return (inside or policy.way_out) and any(_allows(rule, packet.destination, packet, ends) for rule in rules)


def _may_come(ends: dict[str, InterfacePolicy], packet: Packet) -> bool:
    if packet.destination in FABRIC.aws:
        return True
    policy = ends.get(packet.destination)
    rules = [rule for g in policy.groups for rule in g.ingress] if policy else []
    return any(_allows(rule, packet.source, packet, ends) for rule in rules)


def _allows(rule: Permission, peer: str, packet: Packet, ends: dict[str, InterfacePolicy]) -> bool:
    groups = {g.id for g in ends[peer].groups} if peer in ends else set()
    known = bool(groups & set(rule.groups))
    known = known or any(ip_address(peer) in ip_network(cidr, strict=False) for cidr in rule.cidrs)
    return known and _covers(rule, packet)


def _covers(rule: Permission, packet: Packet) -> bool:
    if rule.protocol == -1:
        return True
    if rule.protocol != packet.protocol:
        return False
    if rule.protocol in (6, 17):
        return rule.first <= packet.port <= rule.last
    if rule.protocol == 1:
        return rule.first in (-1, packet.type) and (rule.first == -1 or rule.last in (-1, packet.code))
    return True


@settings(deadline=None)
@given(worlds(), crossings())
def test_a_first_packet_passes_exactly_if_the_rules_of_both_ends_allow_it(
    world: list[InterfacePolicy], packets: list[Packet]
) -> None:
    table = Table(ruleset(FABRIC, world))
    for packet in packets:
        assert table.forwards(packet) == permitted(world, packet), packet


@settings(deadline=None)
@given(worlds(), crossings(), st.sampled_from([*ADDRESSES, "10.64.9.9"]))
def test_a_forged_source_address_never_passes(world: list[InterfacePolicy], packets: list[Packet], forged: str) -> None:
    table = Table(ruleset(FABRIC, world))
    for packet in packets:
        lie = replace(packet, source=forged, established=True)
        assert forged == packet.source or not table.forwards(lie), lie


@given(worlds(), st.randoms(use_true_random=False))
def test_the_text_does_not_depend_on_the_order_of_interfaces(world: list[InterfacePolicy], dice: random.Random) -> None:
    shuffled = list(world)
    dice.shuffle(shuffled)
    assert ruleset(FABRIC, shuffled) == ruleset(FABRIC, world)


def test_established_packets_pass_whatever_the_rules_say_now() -> None:
    world = [interface("mu-h-0", "10.64.0.10", group("sg-1", [], [])), interface("mu-h-1", "10.64.0.11")]
    packet = Packet("h-0", "h-1", "10.64.0.10", "10.64.0.11", 6, 80, established=True)
    assert Table(ruleset(FABRIC, world)).forwards(packet)


def test_a_subnet_without_a_default_route_loses_even_established_packets_to_the_outside() -> None:
    world = [interface("mu-h-0", "10.64.0.10", group("sg-1", []), way_out=False)]
    packet = Packet("h-0", "x", "10.64.0.10", "198.51.100.10", 6, 443, established=True)
    assert not Table(ruleset(FABRIC, world)).forwards(packet)


def test_a_gateway_endpoint_is_a_way_to_its_service_and_to_nothing_else() -> None:
    world = [replace(interface("mu-h-0", "10.64.0.10", group("sg-1", []), way_out=False), gateways={S3: "vpce-1"})]
    table = Table(ruleset(FABRIC, world))
    assert table.forwards(Packet("h-0", "x", "10.64.0.10", S3, 6, 443))
    assert not table.forwards(Packet("h-0", "x", "10.64.0.10", "198.51.100.10", 6, 443))


def test_a_group_reference_means_the_addresses_of_its_members_of_this_moment() -> None:
    closed = group("sg-1", [tcp(80, groups=("sg-2",))])
    member = interface("mu-h-1", "10.64.0.11", group("sg-2", []))
    world = [interface("mu-h-0", "10.64.0.10", closed), member]
    packet = Packet("h-1", "h-0", "10.64.0.11", "10.64.0.10", 6, 80)
    assert Table(ruleset(FABRIC, world)).forwards(packet)
    left = [world[0], interface("mu-h-1", "10.64.0.11", group("sg-3", []))]
    assert not Table(ruleset(FABRIC, left)).forwards(packet)
