"""The kernel judges connections as a direct reading of the rules does, with real guests and drawn rules."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rehearsal.network import InterfacePolicy, Network, NetworkAcl, Permission, SecurityGroup, Subnet
from rehearsal.network.acl import AclEntry
from rehearsal.network.names import GATEWAYS
from tests.network_support import CIDR, attempt, guest, vpc
from tests.nft_interpreter import Packet
from tests.test_network_ruleset import permissions, permitted

pytestmark = pytest.mark.host

ADDRESSES = ("10.64.0.10", "10.64.0.11", "10.64.1.10")
PORTS = (80, 85, 443)


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, dict[str, str]]]:
    """Run one VPC with three guests for all examples."""
    with vpc(tmp_path_factory.mktemp("tls")) as network:
        yield network, {address: guest(network, address) for address in ADDRESSES}


@st.composite
def groups(draw: st.DrawFn) -> list[tuple[SecurityGroup, ...]]:
    """Draw the groups of each guest."""
    some = st.lists(permissions(), min_size=1, max_size=3).map(tuple)
    made = [SecurityGroup(name, draw(some), draw(some)) for name in ("sg-1", "sg-2", "sg-3")]
    return [tuple(draw(st.lists(st.sampled_from(made), min_size=1, max_size=2, unique=True))) for _ in ADDRESSES]


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(given_groups=groups())
def test_the_kernel_agrees_with_the_rules(
    guests: tuple[Network, dict[str, str]], given_groups: list[tuple[SecurityGroup, ...]]
) -> None:
    network, names = guests
    world = [InterfacePolicy(names[a], a, g, way_out=True) for a, g in zip(ADDRESSES, given_groups, strict=True)]
    network.apply(world)
    ways = [(s, d, p) for s in ADDRESSES for d in ADDRESSES for p in PORTS if s != d]
    with ThreadPoolExecutor(len(ways)) as pool:
        seen = dict(zip(ways, pool.map(lambda w: attempt(names[w[0]], w[1], w[2]), ways), strict=True))
    expected = {
        way: "refused" if permitted(world, Packet("", "", way[0], way[1], 6, way[2])) else "silent" for way in ways
    }
    assert seen == expected


def test_every_shape_of_permission_is_accepted_by_nft(guests: tuple[Network, dict[str, str]]) -> None:
    network, names = guests
    shapes = [
        Permission(protocol, first, last, (CIDR, "10.64.0.0/24", "255.255.255.255/32"), ("sg-1",))
        for protocol, first, last in [
            (6, 0, 65535),
            (17, 5, 9),
            (1, -1, -1),
            (1, 8, -1),
            (1, 252, 86),
            (50, -1, -1),
            (-1, -1, -1),
        ]
    ]
    world = SecurityGroup("sg-1", tuple(shapes), tuple(shapes))
    entries = tuple(AclEntry(True, s.protocol, s.first, s.last, "10.64.0.0/24") for s in shapes)
    border, nat = (Subnet(name, NetworkAcl(entries, entries)) for name in ("subnet-0123456789abcdef0", "subnet-1"))
    gateways = {GATEWAYS["s3"]: "vpce-1"}
    assert network.apply([InterfacePolicy(names[a], a, (world,), False, gateways, border, nat) for a in ADDRESSES])


WEB = AclEntry(True, 6, 80, 80, "0.0.0.0/0")
BACK = AclEntry(True, 6, 32768, 60999, "0.0.0.0/0")


@pytest.mark.parametrize(
    ("ingress", "egress", "outcome"),
    [
        ((WEB,), (BACK,), "refused"),
        ((WEB,), (), "silent"),
        ((WEB,), (AclEntry(False, 6, 32768, 60999, "0.0.0.0/0"), BACK), "silent"),
        ((BACK,), (BACK,), "silent"),
    ],
)
def test_the_kernel_asks_an_acl_about_questions_and_about_answers(
    guests: tuple[Network, dict[str, str]],
    ingress: tuple[AclEntry, ...],
    egress: tuple[AclEntry, ...],
    outcome: str,
) -> None:
    network, names = guests
    everything = (Permission(-1, -1, -1, ("0.0.0.0/0",), ()),)
    open_ = SecurityGroup("sg-1", everything, everything)
    border = Subnet("subnet-0", NetworkAcl(ingress, egress))
    first, second = ADDRESSES[:2]
    world = [InterfacePolicy(names[first], first, (open_,), True, subnet=border)]
    network.apply([*world, InterfacePolicy(names[second], second, (open_,), True)])
    assert attempt(names[second], first, 80) == outcome


def test_machines_of_one_subnet_reach_each_other_whatever_its_acl(guests: tuple[Network, dict[str, str]]) -> None:
    network, names = guests
    everything = (Permission(-1, -1, -1, ("0.0.0.0/0",), ()),)
    border = Subnet("subnet-0", NetworkAcl((), ()))
    open_ = SecurityGroup("sg-1", everything, everything)
    network.apply([InterfacePolicy(names[a], a, (open_,), True, subnet=border) for a in ADDRESSES[:2]])
    assert attempt(names[ADDRESSES[0]], ADDRESSES[1], 80) == "refused"
