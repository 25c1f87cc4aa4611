"""Network ACLs in the router: compared with a direct reading of their entries, for answers as for questions."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.network import InterfacePolicy, NetworkAcl, Subnet, network_acl
from rehearsal.network.acl import AclEntry
from rehearsal.network.ruleset import ruleset
from tests.network_support import ALL, group, interface
from tests.nft_interpreter import Packet, Table
from tests.test_network_ruleset import ADDRESSES, CIDRS, FABRIC, ICMP, PORTS, PROTOCOLS, S3, crossings

OPEN = group("sg-1", ALL)
SUBNETS = ["subnet-a", "subnet-a", "subnet-b", "subnet-b"]
NAT = "subnet-c"


@st.composite
def entries(draw: st.DrawFn) -> AclEntry:
    """Any entry that EC2 would accept."""
    protocol = draw(PROTOCOLS)
    first, last = draw(PORTS if protocol in (6, 17) else ICMP) if protocol in (6, 17, 1) else (-1, -1)
    cidr = str(ip_network(draw(st.sampled_from(CIDRS)), strict=False))
    return AclEntry(draw(st.booleans()), protocol, first, last, cidr)


some = st.lists(entries(), max_size=5).map(tuple)
acls = st.builds(NetworkAcl, some, some)


@st.composite
def worlds(draw: st.DrawFn) -> list[InterfacePolicy]:
    """Four interfaces in two subnets with ACLs, one of which may go out through a NAT gateway."""
    drawn = {name: draw(st.none() | acls) for name in (*SUBNETS, NAT)}
    made = {name: Subnet(name, acl) if acl else None for name, acl in drawn.items()}
    gateways = draw(st.sampled_from([{}, {S3: "vpce-1"}]))
    nat = {"subnet-b": made[NAT]}
    return [
        InterfacePolicy(f"mu-h-{n}", address, (OPEN,), True, gateways, made[SUBNETS[n]], nat.get(SUBNETS[n]))
        for n, address in enumerate(ADDRESSES)
    ]


Crossing = tuple[tuple[AclEntry, ...], str]
"""The entries that are asked, and the peer that they are asked about."""


def lets(world: list[InterfacePolicy], packet: Packet) -> bool:
    """Read the entries directly."""
    ends = {policy.address: policy for policy in world}
    crossed = [*_by_subnets(ends, packet), *_by_nat(ends, packet)]
    return all(next((e.allows for e in way if _covers(e, peer, packet)), False) for way, peer in crossed)


def _by_subnets(ends: dict[str, InterfacePolicy], packet: Packet) -> Iterator[Crossing]:
    source, target = (ends[each].subnet if each in ends else None for each in (packet.source, packet.destination))
    if source and source != target:
        yield source.acl.egress, packet.destination
    if target and target != source:
        yield target.acl.ingress, packet.source


def _by_nat(ends: dict[str, InterfacePolicy], packet: Packet) -> Iterator[Crossing]:
    for inside, other in ((packet.source, packet.destination), (packet.destination, packet.source)):
        policy = ends.get(inside)
        if policy and policy.nat and "x" in (packet.iif, packet.oif) and other not in policy.gateways:
            yield policy.nat.acl.ingress, packet.source
            yield policy.nat.acl.egress, packet.destination


def _covers(entry: AclEntry, peer: str, packet: Packet) -> bool:
    if ip_address(peer) not in ip_network(entry.cidr) or entry.protocol not in (-1, packet.protocol):
        return False
    if entry.protocol in (6, 17):
        return entry.first <= packet.port <= entry.last
    return entry.protocol != 1 or entry.first == -1 or (entry.first == packet.type and entry.last in (-1, packet.code))


@settings(deadline=None)
@given(worlds(), crossings())
def test_even_an_established_packet_passes_exactly_if_each_acl_on_its_way_allows_it(
    world: list[InterfacePolicy], packets: list[Packet]
) -> None:
    table = Table(ruleset(FABRIC, world))
    nobody = {"10.64.0.99", "192.0.2.1"}
    for packet in packets:
        seen = table.forwards(replace(packet, established=True))
        assert seen == (lets(world, packet) and packet.destination not in nobody), packet


@settings(deadline=None)
@given(worlds(), crossings())
def test_an_acl_lets_nothing_through_that_groups_do_not(world: list[InterfacePolicy], packets: list[Packet]) -> None:
    shut = [replace(policy, groups=()) for policy in world]
    table = Table(ruleset(FABRIC, shut))
    assert not any(table.forwards(packet) for packet in packets if packet.destination in ADDRESSES)


def described(number: int, *, egress: bool = False, action: str = "allow", **more: Any) -> dict[str, Any]:
    """Return an entry as EC2 describes it."""
    about = {"RuleNumber": number, "Egress": egress, "RuleAction": action, "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}
    return {**about, **more}


DEFAULT = [described(n, egress=e, action=a) for e in (True, False) for n, a in ((100, "allow"), (32767, "deny"))]


def test_entries_are_read_in_the_order_of_their_numbers_whatever_that_of_the_answer() -> None:
    tcp: dict[str, Any] = {"Protocol": "6", "PortRange": {"From": 22, "To": 22}}
    acl = network_acl({"Entries": [*DEFAULT, described(90, action="deny", **tcp)]})
    assert acl.ingress == (
        AclEntry(False, 6, 22, 22, "0.0.0.0/0"),
        AclEntry(True, -1, -1, -1, "0.0.0.0/0"),
        AclEntry(False, -1, -1, -1, "0.0.0.0/0"),
    )
    assert len(acl.egress) == 2


def test_icmp_is_read_by_type_and_code_and_ipv6_is_left_out() -> None:
    icmp: dict[str, Any] = {"Protocol": "1", "IcmpTypeCode": {"Type": 3, "Code": 4}}
    six = {key: value for key, value in described(100, Ipv6CidrBlock="::/0").items() if key != "CidrBlock"}
    acl = network_acl({"Entries": [six, described(110, **icmp)]})
    assert acl.ingress == (AclEntry(True, 1, 3, 4, "0.0.0.0/0"),)


def test_the_default_acl_changes_nothing() -> None:
    border = Subnet("subnet-a", network_acl({"Entries": DEFAULT}))
    world = [replace(interface(f"mu-h-{n}", ADDRESSES[n], OPEN), subnet=border if n else None) for n in (0, 1)]
    assert Table(ruleset(FABRIC, world)).forwards(Packet("h-0", "h-1", ADDRESSES[0], ADDRESSES[1], 6, 80))


@pytest.mark.parametrize("established", [False, True])
def test_an_answer_is_dropped_where_its_port_is_not_allowed(established: bool) -> None:
    """A group would let the answer pass; an ACL knows nothing of the question."""
    web = [described(100, Protocol="6", PortRange={"From": 80, "To": 80}), *DEFAULT[:2]]
    border = Subnet("subnet-a", network_acl({"Entries": [*web, described(32767, action="deny")]}))
    world = [replace(interface("mu-h-0", ADDRESSES[0], OPEN), subnet=border), interface("mu-h-1", ADDRESSES[1], OPEN)]
    table = Table(ruleset(FABRIC, world))
    assert table.forwards(Packet("h-1", "h-0", ADDRESSES[1], ADDRESSES[0], 6, 80, established=established))
    assert not table.forwards(Packet("h-1", "h-0", ADDRESSES[1], ADDRESSES[0], 6, 40000, established=established))
