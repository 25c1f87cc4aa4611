"""jgroups.xml names the members by literal addresses and uses one port.

That engines find each other by it, the tests of the double show.
"""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.axonivy import eras, jgroups
from musternode.axonivy.eras import ERAS
from musternode.failure import Failure

MEMBERS = ("10.0.1.10", "10.0.1.11", "10.0.2.12")
SPACE = "{urn:org:jgroups}"


def read(text: bytes) -> dict[str, dict[str, str]]:
    """Return the attributes of each protocol by its name, in their order."""
    root = ET.fromstring(text)  # noqa: S314 - it is no page
    assert root.tag == f"{SPACE}config"
    return {each.tag.removeprefix(SPACE): dict(each.attrib) for each in root}


def test_a_file_is_written_whole() -> None:
    text = jgroups.rendered(eras.of("9.4"), MEMBERS[0], MEMBERS[:2], 7800).decode()
    assert text.startswith(
        """\
<config xmlns="urn:org:jgroups">
  <TCP bind_addr="10.0.1.10" bind_port="7800" port_range="0"/>
  <TCPPING initial_hosts="10.0.1.10[7800],10.0.1.11[7800]" port_range="0"/>
  <MERGE3 min_interval="5000" max_interval="15000"/>
  <FD_ALL3 timeout="12000" interval="3000"/>
"""
    )
    assert text.endswith("  <pbcast.STATE_TRANSFER/>\n</config>\n")


@pytest.mark.parametrize("own", MEMBERS)
def test_all_members_name_the_same_hosts_and_each_listens_on_its_own(own: str) -> None:
    told = read(jgroups.rendered(eras.of("12.0"), own, MEMBERS, 7801))
    assert told["TCP"] == {"bind_addr": own, "bind_port": "7801", "port_range": "0"}
    assert told["TCPPING"]["initial_hosts"] == "10.0.1.10[7801],10.0.1.11[7801],10.0.2.12[7801]"


@pytest.mark.parametrize("era", ERAS)
def test_nothing_needs_multicast_or_another_port(era: eras.Era) -> None:
    told = read(jgroups.rendered(era, MEMBERS[0], MEMBERS, 7800))
    assert not {"UDP", "MPING", "PING", "BPING", "FD_SOCK", "FD_SOCK2"} & set(told)
    assert told["pbcast.NAKACK2"] == {"use_mcast_xmit": "false"}


@pytest.mark.parametrize(("version", "detector"), [("8.0", "FD_ALL"), ("9.2.5", "FD_ALL"), ("9.3", "FD_ALL3")])
def test_the_failure_detector_is_one_that_the_versions_jgroups_has(version: str, detector: str) -> None:
    told = read(jgroups.rendered(eras.of(version), MEMBERS[0], MEMBERS, 7800))
    assert [name for name in told if name.startswith("FD_")] == [detector]


@given(st.lists(st.ip_addresses(v=4, network="10.0.0.0/8").map(str), min_size=1, max_size=9, unique=True))
def test_any_members_are_told_in_their_order(members: list[str]) -> None:
    told = read(jgroups.rendered(eras.of("9.4"), members[-1], members, 7800))
    assert told["TCPPING"]["initial_hosts"].split(",") == [f"{each}[7800]" for each in members]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (["10.0.1.10", "10.0.1.10"], "the addresses 10.0.1.10, 10.0.1.10; each node has one of its own"),
        (["10.0.1.10", "228.8.8.8"], "228.8.8.8 is no address of a node"),
        (["10.0.1.10", "0.0.0.0"], "0.0.0.0 is no address of a node"),
        (["10.0.1.10", "255.255.255.255"], "255.255.255.255 is no address of a node"),
        (["10.0.1.10", "node.example.org"], "'node.example.org' is no IPv4 address"),
        (["10.0.1.10", 'x"/><!--'], "is no IPv4 address"),
        (["10.0.1.10", "fd00::1"], "'fd00::1' is no IPv4 address"),
        (["10.0.1.11"], "this node's address 10.0.1.10 is none of the cluster's: 10.0.1.11"),
        ([], "the addresses are missing"),
    ],
)
def test_addresses_that_no_node_has_are_refused_by_a_sentence(members: list[str], sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        jgroups.rendered(eras.of("9.4"), "10.0.1.10", members, 7800)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("configuration/jgroups.xml")
