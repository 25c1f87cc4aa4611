"""What a member tells of itself in axis2.xml, edited in place together with the rest of the clustering."""

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.appserver import axis2_properties
from musternode.carbon import axis2
from musternode.carbon.clustering import Clustering
from musternode.failure import Failure

PLACE = ("10.0.1.10", 4000)
AWS = Clustering("camel", "org.Agent", "aws", "d", *PLACE, "eu-west-1", "muster", "muster:cluster", "as", "AKIA", "key")
WKA = Clustering("camel", "org.Agent", "wka", "d", *PLACE, members=(PLACE, ("10.0.1.11", 4000)))
GROUPS = ["mgt", "worker"]
SERVICES, CONSOLE = "https://${hostName}:${httpsPort}/services/", "https://${hostName}:${httpsPort}/"

SMALL = """<axisconfig>
    <parameter name="properties"><property name="subDomain" value="outer"/></parameter>
    <clustering enable="true">
        <!-- <parameter name="properties"> of this member -->
        <parameter name="domain">d</parameter>
        <parameter name="properties">
            <property value='worker' name="subDomain"/> <!-- group -->
            <property name="weight" value="2"/>
            <property name="backendServerURL"/>
        </parameter>
        <members/>
    </clustering>
</axisconfig>
"""
EXPECTED = SMALL.replace("'worker'", "'mgt'").replace(
    '<property name="backendServerURL"/>',
    f'<property name="backendServerURL" value="{SERVICES}"/>\n'
    f'            <property name="mgtConsoleURL" value="{CONSOLE}"/>',
)


def told(content: bytes) -> list[tuple[str | None, str | None]]:
    """Return names and values of the member's properties as another parser reads them."""
    found = ET.fromstring(content).findall("clustering/parameter[@name='properties']/property")  # noqa: S314 - our own
    return [(each.get("name"), each.get("value")) for each in found]


def ours(group: str) -> set[tuple[str, str]]:
    """Return the properties that a member of `group` must have."""
    return {("backendServerURL", SERVICES), ("mgtConsoleURL", CONSOLE), ("subDomain", group)}


def test_a_file_is_edited_as_a_person_would() -> None:
    assert axis2_properties.patched(SMALL.encode(), "mgt").decode() == EXPECTED


def test_other_properties_stay() -> None:
    assert set(told(axis2_properties.patched(SMALL.encode(), "worker"))) == ours("worker") | {("weight", "2")}


@pytest.mark.parametrize(
    "inside",
    [
        "",
        '<parameter name="properties"/>',
        '<parameter name="properties"></parameter>',
        '\n<parameter name="domain">d</parameter>\n<parameter name="tag">x</parameter>\n',
        "<members/>",
    ],
)
def test_properties_are_added_where_there_are_none(inside: str) -> None:
    content = f"<axisconfig><clustering>{inside}</clustering></axisconfig>".encode()
    assert set(told(axis2_properties.patched(content, "mgt"))) == ours("mgt")


def test_properties_are_added_to_an_empty_clustering() -> None:
    after = axis2_properties.patched(b"<axisconfig>\n  <clustering/>\n</axisconfig>", "mgt")
    assert set(told(after)) == ours("mgt")
    assert after.endswith(b"      </parameter>\n  </clustering>\n</axisconfig>")


OTHERS = [
    '<parameter name="domain">carbon</parameter>',
    '<parameter name="localMemberPort">1</parameter> <!-- TCP -->',
    '<parameter name="iamRole">stale</parameter>',
    "<!-- a note -->",
    "<members><member><hostName>h</hostName><port>1</port></member></members>",
    '<groupManagement><parameter name="properties"/></groupManagement>',
]
LINES = [
    '<property name="subDomain" value="x"/>',
    '<property name="mgtConsoleURL"/>',
    '<property name="caf\u00e9" value="&lt;"/>',
    "<!-- none -->",
]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw a file of whole lines."""
    own = ["<parameter name='properties'>", *draw(st.lists(st.sampled_from(LINES), unique=True)), "</parameter>"]
    others = draw(st.lists(st.sampled_from(OTHERS), unique=True))
    place = draw(st.integers(0, len(others)))
    inside = [*others[:place], *(own if draw(st.booleans()) else []), *others[place:]]
    end, codec = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["utf-8", "iso-8859-1", "utf-16"]))
    lines = [f'<?xml version="1.0" encoding="{codec}"?>', "<axisconfig>", "<clustering>", *inside, "</clustering>"]
    return end.join([*lines, "</axisconfig>"]).encode(codec)


@given(files(), st.sampled_from(GROUPS), st.sampled_from(GROUPS))
def test_twice_is_once_whatever_stood_there_before(content: bytes, first: str, group: str) -> None:
    once = axis2_properties.patched(axis2_properties.patched(content, first), group)
    assert ours(group) <= set(told(once))
    assert axis2_properties.patched(once, group) == once
    assert once[:10] == content[:10]


@given(files(), st.sampled_from(GROUPS), st.sampled_from([AWS, WKA]))
def test_the_clustering_and_the_properties_leave_each_other_alone(
    content: bytes, group: str, wanted: Clustering
) -> None:
    one = axis2.patched(axis2_properties.patched(content, group), wanted)
    other = axis2_properties.patched(axis2.patched(content, wanted), group)
    for both in (one, other):
        assert axis2.patched(both, wanted) == both
        assert axis2_properties.patched(both, group) == both
    assert sorted(told(one), key=str) == sorted(told(other), key=str)


TWICE = (
    '<axisconfig><clustering>\n<parameter name="properties"/>\n<parameter name="properties"/></clustering></axisconfig>'
)
SAME = '<axisconfig><clustering><parameter name="properties">\n{0}\n{0}</parameter></clustering></axisconfig>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<axisconfig/>", "there is no <clustering>"),
        ("<axisconfig>\n<!-- <clustering/> --></axisconfig>", "there is no <clustering>"),
        ("<carbon><clustering/></carbon>", "there is no <clustering> in its <axisconfig>"),
        ("<axisconfig><clustering/>\n<clustering/></axisconfig>", "lines 1 and 2: <clustering> stands twice"),
        (TWICE, "lines 2 and 3: the parameter properties stands twice"),
        (SAME.format('<property name="subDomain"/>'), "lines 2 and 3: the property subDomain stands twice"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        axis2_properties.patched(content.encode(), "mgt")
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/axis2/axis2.xml")
    assert "\n" not in str(refused.value)


def stock(name: str) -> bytes:
    """Return a product's own file; skips where this machine has none."""
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: no product's own axis2.xml was edited")
    return (Path(folder) / name / "axis2.xml").read_bytes()


KERNELS = pytest.mark.parametrize("kernel", ["kernel-4.2-era", "kernel-4.4.1"])


@KERNELS
def test_one_word_is_all_that_changes_in_a_products_own_file(kernel: str) -> None:
    before = stock(kernel)
    assert axis2_properties.patched(before, "worker") == before
    word = b'"subDomain" value="%s"'
    assert axis2_properties.patched(before, "mgt") == before.replace(word % b"worker", word % b"mgt")


@KERNELS
@pytest.mark.parametrize("wanted", [AWS, WKA])
def test_a_products_own_file_is_the_same_in_either_order(kernel: str, wanted: Clustering) -> None:
    before = stock(kernel)
    both = axis2.patched(axis2_properties.patched(before, "mgt"), wanted)
    assert axis2_properties.patched(axis2.patched(before, wanted), "mgt") == both
    assert axis2_properties.patched(both, "mgt") == axis2.patched(both, wanted) == both
