"""The unit of a front, and the configuration that it gives to haproxy."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.paths import Paths
from musternode.settings import Node
from musternode.tls import config, front, units
from musternode.tls.front import Front
from tests.test_node_kaazing_units import values

NODE = Node("a", 1, "eu-west-1a", "10.0.1.10", "vol-1")
PORTS = st.integers(1024, 65535)


def plain() -> Front:
    """Return the front of a node at its usual port."""
    made = front.of(NODE, 8443, 8080)
    assert made is not None
    return made


def text(**changes: object) -> str:
    """Return the unit."""
    return units.unit(replace(plain(), **changes), Paths())  # type: ignore[arg-type]


def test_a_node_without_a_port_for_it_has_no_front() -> None:
    assert front.of(NODE, 0, 8080) is None


def test_it_reaches_no_metadata_service() -> None:
    assert values(text(), "IPAddressDeny") == ["169.254.169.254 fd00:ec2::254"]


def test_the_key_is_given_to_the_front_alone_and_stands_in_no_command() -> None:
    assert values(text(), "DynamicUser") == ["yes"]
    assert values(text(), "LoadCredential") == [
        "front.pem:/etc/muster/tls/front.pem",
        "front.cfg:/etc/muster/tls/front.cfg",
    ]
    assert values(text(), "ExecStart") == ["/usr/sbin/haproxy -db -f ${CREDENTIALS_DIRECTORY}/front.cfg"]
    assert values(text(), "LimitCORE") == ["0"]


def test_it_begins_again_within_a_second_however_often_it_ends() -> None:
    (pause,) = values(text(), "RestartSec")
    assert (values(text(), "Restart"), values(text(), "StartLimitIntervalSec")) == (["always"], ["0"])
    assert float(pause) < 1


def test_no_other_unit_ends_it() -> None:
    """Neither another program of the node nor its product: nothing but the network comes before it."""
    for key in ("Requires", "BindsTo", "PartOf", "Requisite"):
        assert values(text(), key) == []
    assert values(text(), "After") == ["network-online.target"]
    assert "/opt/muster" not in text()


def test_it_may_have_two_files_open_for_each_connection() -> None:
    (limit,) = values(text(connections=200_000), "LimitNOFILE")
    assert 2 * 200_000 < int(limit) < 1_048_576  # fs.nr_open of Linux


def test_further_ports_lead_to_it_as_long_as_it_runs() -> None:
    assert values(text(rules="table ip muster_tls {}"), "ExecStartPre") == [
        "+/usr/sbin/nft -f /etc/muster/tls/front.nft"
    ]
    assert values(text(rules="x"), "ExecStopPost") == ["+-/usr/sbin/nft delete table ip muster_tls"]
    assert values(text(), "ExecStartPre") + values(text(), "ExecStopPost") == []


def test_it_keeps_a_quiet_connection_longer_than_any_balancer() -> None:
    lines = config.configuration(plain(), "/s").splitlines()
    minutes = {
        line.split()[-1] for line in lines if re.match("  (timeout (client|server)|tcp-request inspect.*) ", line)
    }
    assert minutes == {"75m"}
    assert 75 * 60 > 4000


@given(PORTS, PORTS, st.integers(1, 300_000), st.lists(st.ip_addresses(v=4).map(str), max_size=4, unique=True))
def test_the_configuration_says_what_the_front_is(port: int, behind: int, most: int, sources: list[str]) -> None:
    made = replace(plain(), port=port, plain=behind, connections=most, sources=tuple(sources))
    words = [line.split() for line in config.configuration(made, "/s").splitlines()]
    assert [each[1] for each in words if each[0] == "bind"] == [f"10.0.1.10:{port}"]
    servers = [each for each in words if each[0] == "server"]
    assert {each[2] for each in servers} == {f"10.0.1.10:{behind}"}
    assert [each[4] for each in servers if len(each) > 3] == sources
    assert {each[1] for each in words if each[0] == "maxconn"} == {str(most)}


def test_the_product_is_never_reached_from_loopback_unless_its_kind_says_so() -> None:
    """A product may trust loopback more than others: it sees the node's own address, of the balancer's network."""
    assert "127." not in json.dumps(config.configuration(plain(), "/s"))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 8443), (8443, 0), (8443, 8443)])
def test_a_front_comes_and_goes(old: int, new: int) -> None:
    assert front.refusal(old, new) is None


def test_a_front_does_not_move_to_another_port_at_once() -> None:
    assert front.refusal(8443, 9443) == (
        "the port of running TLS fronts cannot be changed from 8443 to 9443 at once: the balancer leads to both for a "
        "while; deploy balancer.to_nodes: http first, then https with the other port"
    )
