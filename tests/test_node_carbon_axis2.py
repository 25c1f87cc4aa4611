"""axis2.xml edited in place; the judge of what it says is another parser, of what stays the lines themselves."""

import os
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon import axis2
from musternode.carbon.clustering import Clustering, parameters
from musternode.failure import Failure
from musternode.markup import encoded

PLACE = ("10.0.1.10", 5701)
GROUP = ("eu-west-1", "muster-carbon", "muster:cluster", "carbon")
AWS = Clustering("camel", "org.Agent", "aws", "carbon", *PLACE, *GROUP)
KEYS = Clustering("camel", "org.Agent", "aws", "carbon", *PLACE, *GROUP, "AKIA", "s/cr+t")
KEBAB = Clustering("kebab", "org.Agent", "aws", "carbon", *PLACE, *GROUP)
WKA = Clustering("camel", "org.Agent", "wka", "carbon", *PLACE, members=(("10.0.1.10", 5701), ("10.0.1.11", 5701)))
ALL = st.sampled_from([AWS, KEYS, KEBAB, WKA])
OWN = {*parameters(KEYS), *parameters(KEBAB), *AWS.stale, *KEBAB.stale, *WKA.stale}

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <clustering enable="false"/> is an example -->
<axisconfig name="AxisJava2.0">
    <parameter name="domain">not the cluster's</parameter>
    <clustering class="org.old.Agent"
                enable="false"> <!-- off -->

        <!-- how members find each other -->
        <parameter name="membershipScheme">multicast</parameter>
        <parameter name="mcastPort">45564</parameter>
        <parameter name="domain">wso2.carbon.domain</parameter>
        <!--<parameter name="localMemberHost">10.0.0.1</parameter>-->
        <parameter name="localMemberPort">4000</parameter> <!-- TCP -->

        <!-- this member -->
        <parameter name="properties">
            <property name="subDomain" value="worker"/>
        </parameter>
        <members>
            <!-- well known -->
            <member>
                <hostName>127.0.0.1</hostName>
                <port>4000</port>
            </member>
        </members>
    </clustering>
</axisconfig>
"""
EXPECTED = """<?xml version="1.0" encoding="UTF-8"?>
<!-- <clustering enable="false"/> is an example -->
<axisconfig name="AxisJava2.0">
    <parameter name="domain">not the cluster's</parameter>
    <clustering class="org.Agent"
                enable="true"> <!-- off -->

        <!-- how members find each other -->
        <parameter name="membershipScheme">aws</parameter>
        <parameter name="mcastPort">45564</parameter>
        <parameter name="domain">carbon</parameter>
        <!--<parameter name="localMemberHost">10.0.0.1</parameter>-->
        <parameter name="localMemberPort">5701</parameter> <!-- TCP -->
        <parameter name="localMemberHost">10.0.1.10</parameter>
        <parameter name="securityGroup">muster-carbon</parameter>
        <parameter name="region">eu-west-1</parameter>
        <parameter name="tagKey">muster:cluster</parameter>
        <parameter name="tagValue">carbon</parameter>

        <!-- this member -->
        <parameter name="properties">
            <property name="subDomain" value="worker"/>
        </parameter>
        <members>
            <!-- well known -->
            <member>
                <hostName>127.0.0.1</hostName>
                <port>4000</port>
            </member>
        </members>
    </clustering>
</axisconfig>
"""


def cluster(content: bytes) -> ET.Element:
    """Return the clustering element as another parser reads it."""
    (found,) = ET.fromstring(content).findall("clustering")  # noqa: S314 - the tests wrote it
    return found


def says(content: bytes, wanted: Clustering) -> bool:
    """Return whether a file says what is wanted, and nothing that would mislead the engine."""
    found = cluster(content)
    values = [(each.get("name"), "".join(each.itertext())) for each in found.findall("parameter")]
    own = {name: value for name, value in values if name in OWN}
    members = tuple((each.findtext("hostName"), int(each.findtext("port") or 0)) for each in found.iterfind("*/member"))
    return (
        own == parameters(wanted)
        and len(own) == sum(name in OWN for name, _ in values)
        and (found.get("class"), found.get("enable")) == (wanted.agent, "true")
        and (wanted.membership != "wka" or members == wanted.members)
    )


def test_a_file_is_edited_as_a_person_would() -> None:
    assert axis2.patched(SMALL.encode(), AWS).decode() == EXPECTED


def test_well_known_members_take_the_place_of_the_old_ones() -> None:
    after = axis2.patched(SMALL.encode(), WKA).decode()
    members = after[after.index("<members>") : after.index("    </clustering>")]
    assert members == (
        "<members>\n"
        + "".join(
            f"            <member>\n                <hostName>{host}</hostName>\n"
            f"                <port>{port}</port>\n            </member>\n"
            for host, port in WKA.members
        )
        + "            <!-- well known -->\n        </members>\n"
    )


@pytest.mark.parametrize("wanted", [AWS, KEYS, KEBAB, WKA])
def test_an_empty_clustering_is_filled(wanted: Clustering) -> None:
    for element in ("<clustering/>", "<clustering></clustering>", "<clustering >\n</clustering>"):
        after = axis2.patched(f"<axisconfig>\n  {element}\n</axisconfig>".encode(), wanted)
        assert says(after, wanted)
        assert after.endswith(b"\n  </clustering>\n</axisconfig>") or element.endswith("\n</clustering>")


def test_what_would_mislead_the_engine_goes_with_its_line() -> None:
    stale = '        <parameter name="iamRole">admin</parameter>\n        <parameter name="tag-key">x</parameter>\n'
    place = SMALL.index("        <!-- this member -->")
    before = SMALL[:place] + stale + SMALL[place:]
    assert axis2.patched(before.encode(), AWS).decode() == EXPECTED


def test_a_comment_beside_a_stale_parameter_stays() -> None:
    before = b'<axisconfig><clustering><parameter name="iamRole">x</parameter><!-- why --></clustering></axisconfig>'
    after = axis2.patched(before, AWS)
    assert b"<!-- why -->" in after
    assert b"iamRole" not in after


@pytest.mark.parametrize("value", ["password", "AKIA"])
def test_an_alias_of_the_secure_vault_goes_with_the_value_that_it_hides(value: str) -> None:
    tag = f'<parameter name="accessKey" v:secretAlias="aws.key">{value}</parameter>'
    before = f'<axisconfig><clustering xmlns:v="urn:v">{tag}</clustering></axisconfig>'.encode()
    after = axis2.patched(before, KEYS)
    assert says(after, KEYS)
    assert b"secretAlias" not in after


@pytest.mark.parametrize(
    "element",
    [
        '<parameter name="domain"/>',
        "<parameter name='domain' locked=\"true\" />",
        '<parameter locked="false" name="domain"><![CDATA[x]]></parameter >',
        '<parameter name="d&#111;main">x<!-- why -->y</parameter>',
        '<parameter name="domain"><old/>carbon</parameter>',
        '<parameter\n\tname = "domain"\n>\n carbon\n</parameter>',
    ],
)
def test_a_parameter_is_set_however_it_is_written(element: str) -> None:
    after = axis2.patched(f"<axisconfig><clustering>{element}</clustering></axisconfig>".encode(), AWS)
    assert says(after, AWS)
    assert ("locked" in element, "<!-- why -->" in element) == (b"locked" in after, b"<!-- why -->" in after)


GUIDED = """<axisconfig>
    <clustering class="org.Agent" enable="true">
        <parameter name="localMemberHost">127.0.0.1</parameter>
        <parameter name="region">us-east-1 // without its zone</parameter>
        // for tags, if there are any
        // <parameter name="tagKey">a_tag_key</parameter>
        <!-- <parameter name="tagValue">a_tag_value</parameter> -->
    </clustering>
</axisconfig>
"""
"""Written after WSO2's guide: an address by which nobody else comes, and slashes for comments."""


@pytest.mark.parametrize("wanted", [AWS, KEYS, KEBAB, WKA])
def test_the_loopback_address_of_the_guides_example_gives_way_to_the_members_own(wanted: Clustering) -> None:
    after = axis2.patched(GUIDED.encode(), wanted)
    assert says(after, wanted)
    assert b"127.0.0.1" not in after


def test_slashes_are_no_comment_they_hide_no_parameter_and_come_into_no_value() -> None:
    """The comment beside them is one, and hides what it holds."""
    after = axis2.patched(GUIDED.encode(), AWS).decode()
    assert says(after.encode(), AWS)
    assert '// <parameter name="tagKey">muster:cluster</parameter>\n' in after
    assert '<!-- <parameter name="tagValue">a_tag_value</parameter> -->\n' in after
    assert "        // for tags, if there are any\n" in after


CHILDREN = [
    "<!-- a note -->",
    '<!-- <parameter name="domain">old</parameter> -->',
    "",
    '<parameter name="mcastPort">45564</parameter>',
    '<parameter name="connTimeout">5</parameter>',
    "<parameter name='caf\u00e9'>\u00e9</parameter>",
    '<groupManagement enable="false"><parameter name="domain">inner</parameter></groupManagement>',
]
OURS = [
    '<parameter name="membershipScheme">multicast</parameter>',
    '<parameter name="domain">carbon</parameter>',
    '<parameter name="domain"> x &amp; y </parameter>',
    '<parameter name="localMemberHost"/>',
    "<parameter name='localMemberPort'>4000</parameter>",
    '<parameter name="accessKey">old</parameter>',
    '<parameter name="iamRole">old</parameter>',
    '<parameter name="tag-key">old</parameter>',
    '<parameter name="tagKey">muster:cluster</parameter>',
]
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252"])


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a file of whole lines, and its codec; no parameter of ours stands twice."""
    codec, end = draw(CODECS), draw(st.sampled_from(["\n", "\r\n"]))
    ours = draw(st.lists(st.sampled_from(OURS), unique_by=lambda line: line.split("name=")[1][1:6]))
    inside = draw(st.permutations([*draw(st.lists(st.sampled_from(CHILDREN))), *ours]))
    declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(codec, codec)
    lines = [f'<?xml version="1.0" encoding="{declared}"?>', "<axisconfig>", "  <!-- caf\u00e9 <clustering> -->"]
    lines += ['  <clustering enable="false" class="org.old.Agent">', *(f"\t{line}" for line in inside)]
    lines += ["  </clustering>", "</axisconfig>", ""]
    return end.join(lines).encode(codec), codec


def kept(content: bytes, codec: str) -> list[str]:
    """Return the lines of a file but those that are Muster's to change."""
    lines = content.decode(codec).split("\n")
    names = [f"name={quote}{name}{quote}" for name in OWN for quote in "\"'"]
    return [
        line
        for line in lines
        if not line.strip().startswith(("<clustering", "<members", "</members", "<member>", "</member>", "<hostName"))
        and not line.strip().startswith("<port>")
        and not (line.strip().startswith("<parameter") and any(name in line for name in names))
    ]


@given(files(), ALL)
def test_what_is_wanted_is_what_another_parser_reads(file: tuple[bytes, str], wanted: Clustering) -> None:
    assert says(axis2.patched(file[0], wanted), wanted)


@given(files(), ALL)
def test_every_other_line_stays_as_it_was(file: tuple[bytes, str], wanted: Clustering) -> None:
    before, codec = file
    after = axis2.patched(before, wanted)
    assert kept(after, codec) == kept(before, codec)


@given(files(), ALL)
def test_lines_end_as_they_did(file: tuple[bytes, str], wanted: Clustering) -> None:
    before, codec = file
    text = axis2.patched(before, wanted).decode(codec)
    assert text.count("\r\n") == (text.count("\n") if "\r\n" in before.decode(codec) else 0)


@given(files(), ALL)
def test_a_file_begins_as_it_did(file: tuple[bytes, str], wanted: Clustering) -> None:
    """A byte order mark stays, and none comes."""
    assert axis2.patched(file[0], wanted)[:10] == file[0][:10]


@given(files(), ALL)
def test_twice_is_once(file: tuple[bytes, str], wanted: Clustering) -> None:
    once = axis2.patched(file[0], wanted)
    assert axis2.patched(once, wanted) == once


@given(files(), ALL, ALL)
def test_the_way_to_a_configuration_does_not_matter(
    file: tuple[bytes, str], first: Clustering, wanted: Clustering
) -> None:
    assert says(axis2.patched(axis2.patched(file[0], first), wanted), wanted)


TEXT = st.text(
    st.one_of(
        st.sampled_from("<>&\"' \t\n\r]é€😀"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    ),
    max_size=20,
)


@given(CODECS, TEXT, TEXT, TEXT, TEXT)
def test_any_value_arrives(codec: str, agent: str, domain: str, tag: str, host: str) -> None:
    declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(codec, codec)
    before = SMALL.replace("UTF-8", declared).encode(codec)
    one = Clustering("camel", agent, "aws", domain, host, 5701, "r", "g", "k", tag)
    many = Clustering("camel", agent, "wka", domain, host, 5701, members=((host.strip(), 5701),))
    for wanted in (one, many):
        after = axis2.patched(before, wanted)
        assert says(after, wanted)
        assert axis2.patched(after, wanted) == after


@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    broken = SMALL.encode()[:place] + damage + SMALL.encode()[place:]
    try:
        after = axis2.patched(broken, AWS)
    except Failure as failure:
        assert "axis2.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert says(after, AWS)


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><axisconfig><clustering/></axisconfig>'
EXTERNAL = '<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<axisconfig><clustering/></axisconfig>'
TWICE = "<axisconfig>\n<clustering/>\n<clustering/>\n</axisconfig>"
SAME = '<axisconfig><clustering>\n<parameter name="domain"/>\n<parameter name="domain"/>\n</clustering></axisconfig>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "line 1: not well-formed XML"),
        (b"<axisconfig>\n<clustering>\n</axisconfig>", "line 3: not well-formed XML"),
        (b"<axisconfig>\n&nbsp;<clustering/></axisconfig>", "line 2: not well-formed XML"),
        (b"<axisconfig>\n<x:clustering/></axisconfig>", "line 2: not well-formed XML"),
        (b"<axisconfig/>", "there is no <clustering> in its <axisconfig>"),
        (b"<axisconfig><a><clustering/></a></axisconfig>", "there is no <clustering>"),
        (b"<axisconfig>\n<!--\n<clustering/> --></axisconfig>", "line 2: <clustering> is commented out"),
        (TWICE.encode(), "lines 2 and 3: <clustering> stands twice"),
        (SAME.encode(), "lines 2 and 3: the parameter domain stands twice"),
        (BOMB.encode(), "line 1: a DOCTYPE declaration"),
        (EXTERNAL.encode(), "line 1: a DOCTYPE declaration"),
        (b"\n<carbon><clustering/></carbon>", "line 2: <carbon> where <axisconfig> belongs"),
        (b'<axisconfig xmlns="urn:x"><clustering/></axisconfig>', "where <axisconfig> belongs"),
        (b"<axisconfig>\n<clustering/>\0</axisconfig>", "line 2: a NUL character"),
        ("<axisconfig><clustering/></axisconfig>".encode("utf-32"), "a NUL character"),
        (b'<?xml version="1.0" encoding="x-klingon"?><axisconfig/>', "it is in x-klingon"),
        (b'<?xml version="1.0" encoding="utf-7"?><axisconfig/>', "it is in utf-7"),
        (b'<?xml version="1.0" encoding="UTF-16"?><axisconfig/>', "it is in UTF-16"),
        ('<?xml version="1.0" encoding="latin-1"?><axisconfig/>'.encode("utf-8-sig"), "it is in latin-1"),
        ("<axisconfig>\n\u00e9<clustering/></axisconfig>".encode("latin-1"), "line 2: bytes that are no utf-8"),
        (b"<axisconfig><clustering/>" + b" " * encoded.MOST + b"</axisconfig>", "more than 4194304"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        axis2.patched(content, AWS)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/axis2/axis2.xml")
    assert "\n" not in str(refused.value)


def test_two_lists_of_members_are_refused_where_they_count() -> None:
    content = b"<axisconfig><clustering><members/>\n<members/></clustering></axisconfig>"
    assert says(axis2.patched(content, AWS), AWS)
    with pytest.raises(Failure, match="lines 1 and 2: <members> stands twice"):
        axis2.patched(content, WKA)


def test_a_value_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(Failure, match="the value of domain holds a character"):
        axis2.patched(SMALL.encode(), Clustering("camel", "a", "aws", "x\x01", *PLACE))


def test_an_edit_that_does_not_say_what_is_wanted_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axis2, "_escaped", lambda _name, value: value.upper().encode())
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        axis2.patched(SMALL.encode(), AWS)


def stock(name: str) -> bytes:
    """Return a product's own file; skips where this machine has none."""
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: no product's own axis2.xml was edited")
    return (Path(folder) / name / "axis2.xml").read_bytes()


KERNELS = pytest.mark.parametrize("kernel", ["kernel-4.2-era", "kernel-4.4.1"])
REPLACED = [
    '<clustering class="org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent"',
    'enable="false">',
    '<parameter name="membershipScheme">multicast</parameter>',
    '<parameter name="domain">wso2.carbon.domain</parameter>',
    '<parameter name="localMemberHost">127.0.0.1</parameter>',
    '<parameter name="localMemberPort">4000</parameter>',
]
CHOICES = pytest.mark.parametrize("wanted", [AWS, KEYS, KEBAB, WKA])


@KERNELS
@CHOICES
def test_a_products_own_file_says_what_is_wanted(kernel: str, wanted: Clustering) -> None:
    after = axis2.patched(stock(kernel), wanted)
    assert says(after, wanted)
    assert axis2.patched(after, wanted) == after


@KERNELS
@CHOICES
def test_all_other_lines_of_a_products_own_file_stay(kernel: str, wanted: Clustering) -> None:
    before = stock(kernel)
    after = axis2.patched(before, wanted)
    lost = Counter(before.decode().split("\r\n")) - Counter(after.decode().split("\r\n"))
    members = ["<hostName>127.0.0.1</hostName>", "<port>4000</port>"] if wanted.membership == "wka" else []
    assert [line.strip() for line in lost.elements()] == [*REPLACED, *members]
    assert after.count(b"\n") == after.count(b"\r\n")
