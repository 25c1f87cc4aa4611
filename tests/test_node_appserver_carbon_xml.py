"""carbon.xml edited in place; the judge of what it says is another parser, of what stays the lines themselves."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musternode.appserver import carbon_xml
from musternode.appserver.server_configuration import Wanted, keys
from musternode.failure import Failure

MANAGEMENT = Wanted(
    1, "as.example.org", "mgt.as.example.org", True, "svn://10.0.1.10:3690/artifacts", "commit", "s<cr&t", True
)
WORKER = replace(MANAGEMENT, offset=0, commits=False, user="checkout", password="other", append=False)
ALL = st.sampled_from([MANAGEMENT, WORKER])

SMALL = """<?xml version="1.0" encoding="ISO-8859-1"?>
<Server xmlns="urn:carbon">
    <Version>5</Version>

    <!--
       Host name of this server: caf\u00e9, e.g. <HostName>.
    -->
    <!--HostName>www.example.org</HostName-->

    <!-- for the console -->
\t<!-- <MgtHostName>mgt.example.org</MgtHostName> -->  <!-- if any -->

    <Registry><HostName>other</HostName></Registry>
    <Ports>
        <!-- <Offset>7</Offset> -->
        <Offset>0</Offset> <!-- moves all -->
    </Ports>

    <DeploymentSynchronizer>
        <Enabled>false</Enabled>
        <AutoCommit>false</AutoCommit>
        <UseEventing>true</UseEventing>
        <AutoCheckout>true</AutoCheckout>
        <!-- <SvnUser>guest</SvnUser> -->
        <SvnPassword>pass<!-- word -->word</SvnPassword>
        <SvnUrlAppendTenantId/>
    </DeploymentSynchronizer>
    <!--<DeploymentSynchronizer>
        <Enabled>true</Enabled>
        <AutoCommit>false</AutoCommit>
    </DeploymentSynchronizer>-->
</Server>
"""
EXPECTED = """<?xml version="1.0" encoding="ISO-8859-1"?>
<Server xmlns="urn:carbon">
    <Version>5</Version>

    <!--
       Host name of this server: caf\u00e9, e.g. <HostName>.
    -->
    <!--HostName>www.example.org</HostName-->
    <HostName>as.example.org</HostName>

    <!-- for the console -->
\t<!-- <MgtHostName>mgt.example.org</MgtHostName> -->  <!-- if any -->
\t<MgtHostName>mgt.as.example.org</MgtHostName>

    <Registry><HostName>other</HostName></Registry>
    <Ports>
        <!-- <Offset>7</Offset> -->
        <Offset>1</Offset> <!-- moves all -->
    </Ports>

    <DeploymentSynchronizer>
        <Enabled>true</Enabled>
        <AutoCommit>true</AutoCommit>
        <UseEventing>true</UseEventing>
        <AutoCheckout>true</AutoCheckout>
        <RepositoryType>svn</RepositoryType>
        <SvnUrl>svn://10.0.1.10:3690/artifacts</SvnUrl>
        <SvnUser>commit</SvnUser>
        <!-- <SvnUser>guest</SvnUser> -->
        <SvnPassword>s&lt;cr&amp;t<!-- word --></SvnPassword>
        <SvnUrlAppendTenantId>true</SvnUrlAppendTenantId>
    </DeploymentSynchronizer>
    <!--<DeploymentSynchronizer>
        <Enabled>true</Enabled>
        <AutoCommit>false</AutoCommit>
    </DeploymentSynchronizer>-->
</Server>
"""
BLOCK = [
    "<DeploymentSynchronizer>",
    "    <Enabled>true</Enabled>",
    "    <AutoCommit>false</AutoCommit>",
    "    <AutoCheckout>true</AutoCheckout>",
    "    <RepositoryType>svn</RepositoryType>",
    "    <SvnUrl>svn://10.0.1.10:3690/artifacts</SvnUrl>",
    "    <SvnUser>checkout</SvnUser>",
    "    <SvnPassword>other</SvnPassword>",
    "    <SvnUrlAppendTenantId>false</SvnUrlAppendTenantId>",
    "</DeploymentSynchronizer>",
]


def said(content: bytes, wanted: Wanted) -> dict[str, list[str]]:
    """Return what another parser finds at each wanted key."""
    root = ET.fromstring(content)  # noqa: S314 - the tests wrote it
    places = {key: "/".join(f"{{*}}{name}" for name in key.split(".")) for key in keys(wanted)}
    return {key: ["".join(each.itertext()) for each in root.iterfind(place)] for key, place in places.items()}


def says(content: bytes, wanted: Wanted) -> bool:
    """Return whether a file says what is wanted, each once."""
    return said(content, wanted) == {key: [value] for key, value in keys(wanted).items()}


def test_a_file_is_edited_as_a_person_would() -> None:
    assert carbon_xml.patched(SMALL.encode("latin-1"), MANAGEMENT).decode("latin-1") == EXPECTED


def test_the_keys_are_those_of_the_guide() -> None:
    assert keys(MANAGEMENT) == {
        "HostName": "as.example.org",
        "MgtHostName": "mgt.as.example.org",
        "Ports.Offset": "1",
        "DeploymentSynchronizer.Enabled": "true",
        "DeploymentSynchronizer.AutoCommit": "true",
        "DeploymentSynchronizer.AutoCheckout": "true",
        "DeploymentSynchronizer.RepositoryType": "svn",
        "DeploymentSynchronizer.SvnUrl": "svn://10.0.1.10:3690/artifacts",
        "DeploymentSynchronizer.SvnUser": "commit",
        "DeploymentSynchronizer.SvnPassword": "s<cr&t",
        "DeploymentSynchronizer.SvnUrlAppendTenantId": "true",
    }


def test_a_worker_checks_out_and_never_commits() -> None:
    own = keys(WORKER)
    assert own["DeploymentSynchronizer.AutoCheckout"] == "true"
    assert own["DeploymentSynchronizer.AutoCommit"] == "false"


def test_the_password_is_in_no_picture_of_what_is_wanted() -> None:
    assert "s<cr&t" not in repr(MANAGEMENT)


def test_the_commented_synchronizer_is_never_touched() -> None:
    before = SMALL.encode("latin-1")
    comment = before[before.index(b"<!--<Deployment") : before.index(b"</Server>")]
    assert comment in carbon_xml.patched(before, MANAGEMENT)


REMARKS = """<Server>
  <!-- DeploymentSynchronizer> by the registry: <Enabled> -->
  <!--<DeploymentSynchronizer>
      <Enabled>true</Enabled>
  </DeploymentSynchronizer>-->
  <!-- DeploymentSynchronizer>
      <SvnUrl>http://example.org</SvnUrl>
  </DeploymentSynchronizer -->
  <Ports/>
</Server>
"""


def test_a_synchronizer_stands_behind_the_comment_that_shows_one_for_subversion() -> None:
    after = carbon_xml.patched(REMARKS.encode(), WORKER).decode()
    block = "".join(f"  {line}\n" for line in BLOCK)
    assert f"  </DeploymentSynchronizer -->\n{block}  <Ports>" in after
    assert says(after.encode(), WORKER)


def test_a_synchronizer_stands_behind_a_comment_that_shows_another_kind() -> None:
    before = REMARKS.replace("<SvnUrl>http://example.org</SvnUrl>", "")
    after = carbon_xml.patched(before.encode(), WORKER).decode()
    block = "".join(f"  {line}\n" for line in BLOCK)
    assert f"  </DeploymentSynchronizer>-->\n{block}  <!-- Dep" in after


def test_a_synchronizer_stands_behind_the_ports_where_no_comment_shows_one() -> None:
    after = carbon_xml.patched(b"<Server>\n\t<Ports>\n\t</Ports>\n</Server>", WORKER).decode()
    assert after.endswith("\t</Ports>\n" + "".join(f"\t{line}\n" for line in BLOCK) + "</Server>")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<Version>1</Version>", "<Version>1</Version>{h}{m}"),
        ("<Name>x</Name> <!-- why --> ", "<Name>x</Name><!--why-->{h}{m}"),
        ("<HostName>x</HostName>", "{h}{m}"),
        ("<MgtHostName>x</MgtHostName>", "{h}{m}"),
        ("<!--HostName>x</HostName-->", "<!--HostName>x</HostName-->{h}{m}"),
        ("<!-- MgtHostName>x</MgtHostName -->", "{h}<!--MgtHostName>x</MgtHostName-->{m}"),
        ("<HostName>x</HostName><Name>y</Name>", "{h}{m}<Name>y</Name>"),
        ("<!-- as <HostName>x</HostName> --><Name>y</Name>", "<!--as<HostName>x</HostName>--><Name>y</Name>{h}{m}"),
    ],
)
def test_hosts_stand_where_their_neighbours_suggest(before: str, after: str) -> None:
    found = carbon_xml.patched(f"<Server>\n {before}\n <Ports/>\n</Server>".encode(), MANAGEMENT).decode()
    host, management = "<HostName>as.example.org</HostName>", "<MgtHostName>mgt.as.example.org</MgtHostName>"
    inside = found[found.index("<Server>") + 8 : found.index("<Ports>")]
    assert "".join(inside.split()) == after.format(h=host, m=management)


def test_hosts_stand_at_the_head_of_a_file_without_neighbours() -> None:
    after = carbon_xml.patched(b"<Server>\n    <Ports/>\n</Server>", MANAGEMENT)
    assert after.split(b"\n")[1:3] == [
        b"    <HostName>as.example.org</HostName>",
        b"    <MgtHostName>mgt.as.example.org</MgtHostName>",
    ]


@pytest.mark.parametrize(
    "element",
    [
        "<SvnPassword v:secretAlias='Carbon.DeploymentSynchronizer.SvnPassword'>password</SvnPassword>",
        '<SvnPassword\n  v:secretAlias="x" note="kept">s&lt;cr&amp;t</SvnPassword>',
        '<SvnPassword v:secretAlias="x" note="kept" />',
    ],
)
def test_an_alias_of_the_secure_vault_goes_with_the_value_that_it_hides(element: str) -> None:
    before = SMALL.replace("<SvnPassword>pass<!-- word -->word</SvnPassword>", element).replace(
        "<Server ", '<Server xmlns:v="urn:v" '
    )
    after = carbon_xml.patched(before.encode("latin-1"), MANAGEMENT)
    assert says(after, MANAGEMENT)
    assert b"secretAlias" not in after
    assert (b'note="kept"' in after) == ("note" in element)


@pytest.mark.parametrize(
    "offset",
    [
        "<Offset/>",
        '<Offset note="a > b" />',
        "<Offset> 1 </Offset>",
        "<Offset><![CDATA[0]]></Offset >",
        "<Offset>\n0<!-- why --></Offset>",
        "<Offset>0<old>1</old></Offset>",
        "<Offset>1<old>1</old></Offset>",
        "",
    ],
)
def test_an_element_is_set_however_it_is_written(offset: str) -> None:
    before = SMALL.replace("<Offset>0</Offset>", offset).encode("latin-1")
    after = carbon_xml.patched(before, MANAGEMENT)
    assert says(after, MANAGEMENT)
    assert (b"<!-- why -->" in before, b"a > b" in before) == (b"<!-- why -->" in after, b"a > b" in after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<Ports/>", "<Ports>\n\t    <Offset>1</Offset>\n\t</Ports>"),
        ("<Ports></Ports>", "<Ports>\n\t    <Offset>1</Offset>\n\t</Ports>"),
        ("<Ports>\n\t</Ports>", "<Ports>\n\t    <Offset>1</Offset>\n\t</Ports>"),
        ("<Ports>\n\t\t<JMX>1</JMX>\n\t</Ports>", "<Ports>\n\t\t<Offset>1</Offset>\n\t\t<JMX>1</JMX>\n\t</Ports>"),
    ],
)
def test_a_missing_offset_is_added_as_its_neighbours_stand(before: str, after: str) -> None:
    found = carbon_xml.patched(f"<Server>\n\t{before}\n</Server>".encode(), MANAGEMENT).decode()
    assert found[found.index("<Ports>") : found.index("</Ports>") + 8] == after


CHILDREN = [
    "<!-- a note -->",
    "<!-- HostName>x</HostName -->",
    "<!--<MgtHostName>x</MgtHostName>--> <!-- or none -->",
    "<!--<DeploymentSynchronizer><SvnUrl>x</SvnUrl></DeploymentSynchronizer>-->",
    "",
    "<Version>caf\u00e9</Version>",
    "<Inner><!-- HostName>x</HostName --></Inner>",
    "<Inner><HostName>x</HostName><Ports><Offset>3</Offset></Ports></Inner>",
]
OURS = [
    "<HostName>x</HostName>",
    "<MgtHostName/>",
    "<DeploymentSynchronizer/>",
    "<DeploymentSynchronizer><SvnUser>x</SvnUser><AutoCommit>true</AutoCommit></DeploymentSynchronizer>",
]
PORTS = ["<Ports/>", "<Ports></Ports>", "<Ports><JMX>1</JMX><Offset> 0 </Offset></Ports>", "<Ports><Offset/></Ports>"]
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a file of whole lines, and its codec; no element of ours stands twice."""
    codec, end = draw(CODECS), draw(st.sampled_from(["\n", "\r\n"]))
    ours = draw(st.lists(st.sampled_from(OURS), unique_by=lambda line: line[:6]))
    others = draw(st.lists(st.sampled_from(CHILDREN)))
    inside = draw(st.permutations([*others, *ours, draw(st.sampled_from(PORTS))]))
    declared = {"utf-8-sig": "utf-8"}.get(codec, codec)
    space = draw(st.sampled_from(["", ' xmlns="urn:carbon"']))
    lines = [f'<?xml version="1.0" encoding="{declared}"?>', f"<Server{space}>", *(f"\t{each}" for each in inside)]
    return end.join([*lines, "</Server>", ""]).encode(codec), codec


OWN = (
    *(
        "<HostName>",
        "<MgtHostName",
        "<Ports",
        "</Ports",
        "<DeploymentSynchronizer",
        "</DeploymentSynchronizer",
        "<Offset",
    ),
    *(f"<{name.rpartition('.')[2]}>" for name in keys(WORKER)),
)


def kept(content: bytes, codec: str) -> list[str]:
    """Return the lines of a file but those that are Muster's to change."""
    return [line for line in content.decode(codec).split("\n") if not line.strip().startswith(OWN)]


@given(files(), ALL)
def test_what_is_wanted_is_what_another_parser_reads(file: tuple[bytes, str], wanted: Wanted) -> None:
    assert says(carbon_xml.patched(file[0], wanted), wanted)


@given(files(), ALL)
def test_every_other_line_stays_as_it_was(file: tuple[bytes, str], wanted: Wanted) -> None:
    before, codec = file
    after = carbon_xml.patched(before, wanted)
    assert [line for line in kept(after, codec) if "JMX" not in line] == kept(before, codec)


@given(files(), ALL)
def test_lines_end_as_they_did_and_the_file_begins_so(file: tuple[bytes, str], wanted: Wanted) -> None:
    before, codec = file
    after = carbon_xml.patched(before, wanted)
    text = after.decode(codec)
    assert text.count("\r\n") == (text.count("\n") if "\r\n" in before.decode(codec) else 0)
    assert after[:10] == before[:10]


@given(files(), ALL, ALL)
def test_twice_is_once_whatever_stood_there_before(file: tuple[bytes, str], first: Wanted, wanted: Wanted) -> None:
    once = carbon_xml.patched(carbon_xml.patched(file[0], first), wanted)
    assert says(once, wanted)
    assert carbon_xml.patched(once, wanted) == once


TEXT = st.text(
    st.one_of(
        st.sampled_from("<>&\"' \t\n\r]\u00e9\u20ac\U0001f600$"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff{"),
    ),
    max_size=20,
).filter(lambda text: text.strip() != "")


@given(CODECS, TEXT, TEXT)
@example("utf-8", "a\rb\t", "u\nv")
def test_any_password_and_address_arrive(codec: str, password: str, url: str) -> None:
    wanted = replace(MANAGEMENT, password=password, url=url)
    declared = {"utf-8-sig": "utf-8"}.get(codec, codec)
    after = carbon_xml.patched(SMALL.replace("ISO-8859-1", declared).encode(codec), wanted)
    assert says(after, wanted)
    assert carbon_xml.patched(after, wanted) == after


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("", "is empty"), (" \n", "is empty"), ("a${user.home}9", "holds ${"), ("zz\x019", "that XML cannot hold")],
)
def test_a_password_that_would_be_misread_is_refused_and_not_shown(password: str, sentence: str) -> None:
    with pytest.raises(Failure, match="SvnPassword") as refused:
        carbon_xml.patched(SMALL.encode("latin-1"), replace(MANAGEMENT, password=password))
    assert sentence in str(refused.value)
    assert "9" not in str(refused.value)


@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    before = SMALL.encode("latin-1")
    try:
        after = carbon_xml.patched(before[:place] + damage + before[place:], MANAGEMENT)
    except Failure as failure:
        assert "carbon.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert {key: found[:1] for key, found in said(after, MANAGEMENT).items()} == {
            key: [value] for key, value in keys(MANAGEMENT).items()
        }


FOREIGN = '<Server xmlns="urn:a"><HostName xmlns="">x</HostName><Version/><Ports/></Server>'
TWICE = "<Server>\n<Ports/>\n{0}\n{0}\n</Server>"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<Server>\n<Ports>\n</Server>", "line 3: not well-formed XML"),
        ("\n<axisconfig><Ports/></axisconfig>", "line 2: <axisconfig> where <Server> belongs"),
        ("<Server/>", "there is no <Ports>"),
        ("<Server>\n<!-- <Ports/> --></Server>", "there is no <Ports>"),
        ("<!DOCTYPE a [<!ENTITY a 'b'>]><Server><Ports/></Server>", "line 1: a DOCTYPE declaration"),
        (TWICE.format("<HostName>x</HostName>"), "lines 3 and 4: <HostName> stands twice"),
        (TWICE.format("<DeploymentSynchronizer/>"), "lines 3 and 4: <DeploymentSynchronizer> stands twice"),
        ("<Server>\n<Ports/>\n<Ports/></Server>", "lines 2 and 3: <Ports> stands twice"),
        ("<Server><Ports>\n<Offset/>\n<Offset/></Ports></Server>", "2 and 3: <Offset> of its <Ports> stands twice"),
        (FOREIGN, "its HostName is written in a way"),
        ('<x:Server xmlns:x="urn:a"><x:Ports/></x:Server>', "written in a way that cannot be edited"),
        ('<?xml version="1.0" encoding="utf-7"?><Server/>', "it is in utf-7"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        carbon_xml.patched(content.encode(), MANAGEMENT)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/carbon.xml")
    assert "\n" not in str(refused.value)


def stock(name: str) -> bytes:
    """Return a product's own file; skips where this machine has none."""
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: no product's own carbon.xml was edited")
    return (Path(folder) / name / "carbon.xml").read_bytes()


KERNELS = pytest.mark.parametrize("kernel", ["kernel-4.2-era", "kernel-4.4.1"])
CHOICES = pytest.mark.parametrize("wanted", [MANAGEMENT, WORKER])


@KERNELS
@CHOICES
def test_a_products_own_file_says_what_is_wanted(kernel: str, wanted: Wanted) -> None:
    after = carbon_xml.patched(stock(kernel), wanted)
    assert says(after, wanted)
    assert carbon_xml.patched(after, wanted) == after


PACED = "<Server><Ports/><Axis2Config>{}</Axis2Config></Server>"


@pytest.mark.parametrize("stands", ["", "<DeploymentUpdateInterval>15</DeploymentUpdateInterval>"])
def test_what_is_new_is_looked_for_often_enough_to_be_served_soon(stands: str) -> None:
    after = carbon_xml.patched(PACED.format(stands).encode(), MANAGEMENT)
    said = [each.text for each in ET.fromstring(after).iter("DeploymentUpdateInterval")]  # noqa: S314
    assert said == [str(MANAGEMENT.interval)] == ["5"]


@KERNELS
def test_all_other_lines_of_a_products_own_file_stay(kernel: str) -> None:
    before = stock(kernel)
    after = carbon_xml.patched(before, MANAGEMENT)
    old, new = Counter(before.split(b"\n")), Counter(after.split(b"\n"))
    assert [line.strip().decode() for line in (old - new).elements()] == [
        "<Offset>0</Offset>",
        "<Enabled>false</Enabled>",
        "<DeploymentUpdateInterval>15</DeploymentUpdateInterval>",
        "<AutoCommit>false</AutoCommit>",
        "<SvnUrl>http://svnrepo.example.com/repos/</SvnUrl>",
        "<SvnUser>username</SvnUser>",
        "<SvnPassword>password</SvnPassword>",
    ]
    assert len(after.split(b"\n")) == len(before.split(b"\n")) + 2


@KERNELS
def test_hosts_stand_behind_their_comments_in_a_products_own_file(kernel: str) -> None:
    after = carbon_xml.patched(stock(kernel), WORKER)
    assert b"<!--HostName>www.wso2.org</HostName-->\n    <HostName>as.example.org</HostName>\n\n" in after
    assert b"<!--MgtHostName>mgt.wso2.org</MgtHostName-->\n    <MgtHostName>mgt.as.example.org</MgtHostName>\n" in after
