"""The wires of a VPC, with real namespaces: who reaches whom, and how it fails."""

import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import netns
from rehearsal.network import InterfacePolicy, Network, SecurityGroup
from tests.network_support import attempt, certificate, group, guest, interface, nobody, tcp, unknown, vpc

pytestmark = pytest.mark.host

A, B, C = "10.64.0.10", "10.64.0.11", "10.64.0.12"
PEERS = group("sg-peers", [tcp(9092, groups=("sg-peers",))])
OTHER = group("sg-other", [])
ANY = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Run a VPC for one test."""
    with vpc(tmp_path) as running:
        yield running


def listen(namespace: str, address: str, port: int) -> socket.socket:
    """Listen in a guest."""
    return netns.socket_in(namespace, socket.SOCK_STREAM, (address, port))


def pair(network: Network, first: SecurityGroup, second: SecurityGroup) -> tuple[str, str]:
    """Attach two guests in one subnet, at A in the first group and at B in the second."""
    a, b = guest(network, A), guest(network, B)
    network.apply([interface(a, A, first), interface(b, B, second)])
    return a, b


def test_a_member_reaches_a_port_that_its_group_opens_to_itself(network: Network) -> None:
    a, b = pair(network, PEERS, PEERS)
    with listen(b, B, 9092):
        assert attempt(a, B, 9092) == "open"


def test_a_host_outside_of_the_group_hears_nothing_at_all(network: Network) -> None:
    a, b = pair(network, OTHER, PEERS)
    with listen(b, B, 9092):
        assert attempt(a, B, 9092) == "silent"


def test_a_closed_port_on_an_allowed_path_refuses(network: Network) -> None:
    a, _ = pair(network, PEERS, PEERS)
    assert attempt(a, B, 9092) == "refused"


def test_a_port_that_no_rule_names_is_silent_even_where_something_listens(network: Network) -> None:
    a, b = pair(network, PEERS, PEERS)
    with listen(b, B, 9093):
        assert attempt(a, B, 9093) == "silent"


def test_egress_of_the_source_is_needed_as_well(network: Network) -> None:
    mute = group("sg-mute", [], [tcp(9093, cidrs=("0.0.0.0/0",))])
    open_to_all = group("sg-open", [tcp(9092, cidrs=("0.0.0.0/0",)), tcp(9093, cidrs=("0.0.0.0/0",))])
    a, _ = pair(network, mute, open_to_all)
    assert attempt(a, B, 9092) == "silent"
    assert attempt(a, B, 9093) == "refused"


def test_a_guest_that_is_not_named_reaches_nothing(network: Network) -> None:
    a, b = guest(network, A), guest(network, B)
    network.apply([interface(b, B, group("sg-open", [tcp(80, cidrs=("0.0.0.0/0",))]))])
    assert attempt(a, B, 80) == "silent"
    assert attempt(network.visitor.namespace, B, 80) == "refused"


def test_a_node_that_flushes_its_own_nftables_opens_nothing(network: Network) -> None:
    a, b = pair(network, OTHER, PEERS)
    with listen(b, B, 9092):
        subprocess.run(["ip", "netns", "exec", b, "nft", "flush", "ruleset"], check=True)
        assert attempt(a, B, 9092) == "silent"


def test_a_revoked_rule_stops_new_connections_and_leaves_those_that_are_open(network: Network) -> None:
    a, b = pair(network, PEERS, PEERS)
    with listen(b, B, 9092) as server, netns.connect_in(a, (B, 9092), 2) as client:
        served, _ = server.accept()
        network.apply([interface(a, A, OTHER), interface(b, B, OTHER)])
        assert attempt(a, B, 9092) == "silent"
        client.sendall(b"still here")
        served.settimeout(2)
        assert served.recv(100) == b"still here"
        served.close()


def test_a_guest_cannot_pass_as_another(network: Network) -> None:
    a, b = guest(network, A), guest(network, B)
    members = group("sg-b", [tcp(9092, cidrs=(f"{C}/32", f"{A}/32"))])
    network.apply([interface(a, A, PEERS), interface(b, B, members)])
    netns.ip("-n", a, "addr", "add", f"{C}/24", "dev", "eth0")
    assert heard(a, b, source=A)
    assert not heard(a, b, source=C)


def heard(sender: str, receiver: str, *, source: str) -> bool:
    """Tell whether a SYN for B, sent with `source`, is seen on the receiver's link."""
    sniff = netns.call_in(receiver, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)))
    with sniff:
        sniff.settimeout(0.4)
        client = netns.call_in(sender, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        with client:
            client.bind((source, 0))
            client.setblocking(False)
            client.connect_ex((B, 9092))
            try:
                return socket.inet_aton(source) in sniff.recv(200)
            except TimeoutError:
                return False


def test_a_subnet_without_a_default_route_stays_inside_the_vpc(network: Network) -> None:
    a = guest(network, A)
    everything = group("sg-all", [])
    network.apply([interface(a, A, everything)])
    assert attempt(a, "198.51.100.10", 443) == "open"
    network.apply([interface(a, A, everything, way_out=False)])
    assert attempt(a, "198.51.100.10", 443) == "silent"


@pytest.mark.parametrize("address", ["10.64.0.99", "10.64.7.7", "8.8.8.8", "198.51.100.99"])
def test_an_address_that_nobody_has_is_silent(network: Network, address: str) -> None:
    a = guest(network, A)
    network.apply([interface(a, A, OTHER)])
    assert attempt(a, address, 80) == "silent"


def test_the_visitor_opens_anything_and_is_open_to_nobody(network: Network) -> None:
    web = group("sg-web", [tcp(80, cidrs=("10.64.0.0/20",))])
    a, _ = pair(network, web, web)
    assert attempt(network.visitor.namespace, A, 80) == "refused"
    assert attempt(network.visitor.namespace, "198.51.100.10", 443) == "open"
    assert attempt(a, network.visitor.address, 80) == "silent"


def test_the_router_itself_is_silent_but_for_its_resolver(network: Network) -> None:
    a = guest(network, A)
    network.apply([interface(a, A, OTHER)])
    assert attempt(a, network.dns, 53) == "open"
    assert attempt(a, network.dns, 80) == "silent"
    assert attempt(a, "10.64.0.1", 53) == "silent"


def test_the_router_shows_on_no_trace(network: Network) -> None:
    a, _ = pair(network, group("sg-open", ANY), group("sg-open", ANY))
    assert not errs(a, ttl=1)
    assert errs(a, ttl=2)  # the other guest's kernel, which has no such port


def errs(sender: str, *, ttl: int) -> bool:
    """Tell whether an ICMP error answers a datagram to a closed port of B."""
    probe = netns.call_in(sender, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with probe:
        probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        probe.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR, linux/in.h: errors of routers as well
        probe.settimeout(0.4)
        probe.connect((B, 9999))
        probe.send(b"x")
        try:
            probe.recv(1)
        except TimeoutError:
            return False
        except OSError:
            return True
        return False


def test_an_unplugged_guest_is_silent_until_it_is_plugged_again(network: Network) -> None:
    a, b = pair(network, PEERS, PEERS)
    with listen(b, B, 9092):
        network.unplug(b)
        assert attempt(a, B, 9092) == "silent"
        network.plug(b)
        assert attempt(a, B, 9092, patience=3) == "open"


def test_a_guest_whose_interface_is_down_is_silent(network: Network) -> None:
    a, b = pair(network, PEERS, PEERS)
    netns.ip("-n", b, "link", "set", "eth0", "down")
    assert attempt(a, B, 9092) == "silent"


def test_a_guest_has_its_address_its_subnet_and_a_gateway(network: Network) -> None:
    a = guest(network, A)
    assert f"{A}/24" in netns.ip("-n", a, "-4", "addr", "show", "dev", "eth0")
    assert netns.ip("-n", a, "route", "show", "default").strip() == "default via 10.64.0.1 dev eth0"
    assert "inet6" not in netns.ip("-n", a, "addr")


def test_attach_returns_the_mac_address_of_eth0(network: Network) -> None:
    namespace = "mu-h-macmac"
    mac = network.attach(namespace, A, "10.64.0.0/24")
    assert mac in netns.ip("-n", namespace, "link", "show", "dev", "eth0")


def test_a_guest_that_comes_again_has_the_mac_address_it_had(network: Network) -> None:
    first = network.attach("mu-h-macagain", A, "10.64.0.0/24")
    network.detach("mu-h-macagain")
    assert network.attach("mu-h-macagain", A, "10.64.0.0/24") == first
    assert network.attach("mu-h-macother", B, "10.64.0.0/24") != first


def test_an_address_is_given_once(network: Network) -> None:
    a = guest(network, A)
    with pytest.raises(netns.NamespaceError, match=f"{A} belongs to {a}"):
        network.attach("mu-h-second", A, "10.64.0.0/24")
    assert "mu-h-second" not in netns.names()


@pytest.mark.parametrize("name", ["mu-h-muchtoolonganame", "h-1", "mu-"])
def test_a_name_that_gives_no_link_is_refused(network: Network, name: str) -> None:
    with pytest.raises(netns.NamespaceError, match="at most 15"):
        network.attach(name, A, "10.64.0.0/24")
    assert name not in netns.names()


def test_a_guest_that_left_may_come_again_at_the_same_address(network: Network) -> None:
    a, b = pair(network, PEERS, PEERS)
    network.detach(b)
    network.detach(b)
    assert b not in netns.names()
    assert attempt(a, B, 9092) == "silent"
    network.attach(b, B, "10.64.0.0/24")
    assert attempt(a, B, 9092) == "refused"


def test_equal_policies_are_applied_once(network: Network) -> None:
    a = guest(network, A)
    policy: InterfacePolicy = interface(a, A, OTHER)
    assert network.apply([policy])
    assert not network.apply([policy])
    assert network.apply([])


def test_close_removes_every_trace(tmp_path: Path) -> None:
    with vpc(tmp_path) as network:
        left = guest(network, A)
        tail = network.vpc_id[-8:]
        assert Path(f"/etc/netns/mu-v-{tail}/resolv.conf").read_text() == "nameserver 10.64.0.2\n"
        assert {f"mu-{kind}-{tail}" for kind in "rxv"} <= set(netns.names())
    assert [name for name in netns.names() if name.endswith(tail) or name == left] == []
    assert not Path(f"/etc/netns/mu-v-{tail}").exists()


@pytest.mark.parametrize("taken", "rxv")
def test_a_network_that_cannot_come_up_leaves_nothing(tmp_path: Path, taken: str) -> None:
    tail = uuid.uuid4().hex[:8]
    netns.add(f"mu-{taken}-{tail}")
    network = Network(
        vpc_id=f"vpc-{tail}",
        cidr="10.64.0.0/20",
        host_app=nobody,
        certificate=certificate(tmp_path, "*.amazonaws.com"),
        resolve=unknown,
    )
    with pytest.raises(netns.NamespaceError, match="File exists"):
        network.up()
    assert [name for name in netns.names() if name.endswith(tail)] == [f"mu-{taken}-{tail}"]
    netns.remove(f"mu-{taken}-{tail}")
