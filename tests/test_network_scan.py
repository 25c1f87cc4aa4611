"""A scan finds every port that answers, and tells nothing of those that do not."""

import socket
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal import netns
from rehearsal.network import scan
from tests.network_support import ALL, group, guest, interface, tcp, vpc
from tests.scenario_support import meanwhile

A, B = "10.64.0.10", "10.64.1.11"


@given(st.integers(1, 65535), st.lists(st.integers(1, 65535), min_size=1, max_size=20))
def test_every_segment_has_the_right_checksum(own: int, ports: list[int]) -> None:
    data = scan.segments(A, B, own, ports)
    ends = socket.inet_aton(A) + socket.inet_aton(B) + struct.pack("!HH", 6, 20)
    for place, port in enumerate(ports):
        segment = data[20 * place : 20 * place + 20]
        assert struct.unpack_from("!HH", segment) == (own, port)
        assert scan.checksum(ends + segment) == 0  # RFC 1071: over itself and its checksum it is nought


@pytest.mark.host
def test_a_listener_and_a_closed_port_answer_and_the_listener_sees_no_connection(tmp_path: Path) -> None:
    with vpc(tmp_path) as network:
        from_, to = guest(network, A), guest(network, B)
        nodes = group("sg-1", [tcp(8080, groups=("sg-1",)), tcp(9092, groups=("sg-1",))])
        network.apply([interface(from_, A, nodes), interface(to, B, nodes)])
        with closing(netns.socket_in(to, socket.SOCK_STREAM, (B, 8080))) as listening:
            assert scan.tcp_answers(from_, B) == {8080, 9092}
            listening.settimeout(0.3)
            with pytest.raises(TimeoutError):
                listening.accept()


@pytest.mark.host
def test_a_scan_ends_while_the_machines_talk_to_each_other(tmp_path: Path) -> None:
    """What they say comes to the raw socket, too: without an end it would be waited for without an end."""
    with vpc(tmp_path) as network:
        from_, to = guest(network, A), guest(network, B)
        nodes = group("sg-1", [tcp(8080, groups=("sg-1",))])
        network.apply([interface(from_, A, nodes), interface(to, B, nodes)])
        with ExitStack() as open_:
            listening = open_.enter_context(netns.socket_in(to, socket.SOCK_STREAM, (B, 8080)))
            heard = open_.enter_context(netns.connect_in(from_, (B, 8080), 5))
            talking = open_.enter_context(listening.accept()[0])
            open_.enter_context(meanwhile(lambda: talking.send(b"word"), every=scan.QUIET / 8, name="talk"))
            open_.enter_context(meanwhile(lambda: heard.recv(4096), every=0, name="hear"))
            found = ThreadPoolExecutor(1).submit(scan.tcp_answers, from_, B)
            assert found.result(timeout=20) == {8080}


@pytest.mark.host
def test_no_answer_is_lost_where_every_port_answers(tmp_path: Path) -> None:
    with vpc(tmp_path) as network:
        from_, to = guest(network, A), guest(network, B)
        network.apply([interface(from_, A, group("sg-1", ALL)), interface(to, B, group("sg-1", ALL))])
        assert scan.tcp_answers(from_, B) == set(scan.EVERY_PORT)


@pytest.mark.host
def test_datagrams_and_pings_are_answered_exactly_if_rules_allow_them(tmp_path: Path) -> None:
    with vpc(tmp_path) as network:
        from_, to = guest(network, A), guest(network, B)
        dns = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        network.apply([interface(from_, A, group("sg-1", [])), interface(to, B, group("sg-2", [dns, ping]))])
        assert scan.udp_reached(from_, B, (53, 123)) == {53}
        assert scan.echo_answers(from_, B)
        network.apply([interface(from_, A, group("sg-1", [])), interface(to, B, group("sg-2", [dns]))])
        assert not scan.echo_answers(from_, B)


@pytest.mark.host
def test_a_listener_of_datagrams_that_keeps_silent_is_seen_exactly_if_rules_allow_it(tmp_path: Path) -> None:
    """Without a look at the other end it is not: that is why there is one."""
    with vpc(tmp_path) as network:
        from_, to = guest(network, A), guest(network, B)
        jgroups = {"IpProtocol": "udp", "FromPort": 7500, "ToPort": 7500, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        network.apply([interface(from_, A, group("sg-1", [])), interface(to, B, group("sg-2", [jgroups]))])
        with closing(netns.socket_in(to, socket.SOCK_DGRAM, (B, 7500))):
            assert scan.udp_reached(from_, B, (7500, 7600)) == set()
            assert scan.udp_reached(from_, B, (7500, 7600), to) == {7500}
            network.apply([interface(from_, A, group("sg-1", [])), interface(to, B, group("sg-2", []))])
            assert scan.udp_reached(from_, B, (7500, 7600), to) == set()


@pytest.mark.host
def test_what_rules_of_the_senders_own_forbid_is_silent_and_all_else_is_asked(tmp_path: Path) -> None:
    drop = "add table ip own; add chain ip own out { type filter hook output priority 0; }; add rule ip own out "
    with vpc(tmp_path) as network:
        from_, to = guest(network, A), guest(network, B)
        network.apply([interface(from_, A, group("sg-1", ALL)), interface(to, B, group("sg-1", ALL))])
        rules = f"{drop} tcp dport 1-60000 drop; add rule ip own out icmp type echo-request drop"
        rules += "; add rule ip own out udp dport 53 drop"
        netns.call_in(from_, lambda: subprocess.run(["nft", rules], check=True))
        assert scan.tcp_answers(from_, B) == set(range(60001, 65536))
        assert not scan.echo_answers(from_, B)
        assert scan.udp_reached(from_, B, (53, 123), to) == {123}
