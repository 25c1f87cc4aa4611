"""server.xml edited in place; the judge of what it says is another parser, of what stays the lines."""

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.axonivy import server_xml
from musternode.axonivy.server_xml import NAME, patched
from musternode.failure import Failure
from rehearsal.doubles import store

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a Tomcat; <Connector port="1"/> is no connector -->
<Server port="8005" shutdown="SHUTDOWN">
  <Service name="Catalina">
    <Connector port="8080" protocol="HTTP/1.1"
               connectionTimeout="20000"/> <!-- for users -->
    <!-- <Connector port="8443" SSLEnabled="true"/> -->
    <Connector port="8443" SSLEnabled="true"><SSLHostConfig/></Connector>
    <Connector protocol="AJP/1.3" port="8009"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost"/>
    </Engine>
  </Service>
</Server>
"""
EXPECTED = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a Tomcat; <Connector port="1"/> is no connector -->
<Server port="8005" shutdown="SHUTDOWN">
  <Service name="Catalina">
    <Connector port="8080" protocol="HTTP/1.1"
               connectionTimeout="20000"/>
    <Connector port="8090" protocol="HTTP/1.1"
               connectionTimeout="20000"/> <!-- for users -->
    <!-- <Connector port="8443" SSLEnabled="true"/> -->
    <Connector port="8443" SSLEnabled="true"><SSLHostConfig/></Connector>
    <Engine jvmRoute="node-a" name="Catalina" defaultHost="localhost">
      <Host name="localhost"/>
    </Engine>
  </Service>
</Server>
"""


def says(content: bytes) -> tuple[str | None, list[dict[str, str]]]:
    """Return the route and the attributes of the connectors, as another parser reads them."""
    service = ET.fromstring(content).find("Service")  # noqa: S314 - it is no page
    assert service is not None
    engine = service.find("Engine")
    assert engine is not None
    return engine.get("jvmRoute"), [dict(each.attrib) for each in service.findall("Connector")]


def ports(content: bytes) -> list[str]:
    """Return the ports of the connectors for plain HTTP, and of all others with a mark."""
    return [
        each.get("port", "") + ("s" if "SSLEnabled" in each else "a" if "AJP" in each.get("protocol", "") else "")
        for each in says(content)[1]
    ]


def test_a_file_is_edited_as_a_person_would() -> None:
    assert patched(SMALL.encode(), "node-a", [8080, 8090]).decode() == EXPECTED


def test_windows_line_ends_stay() -> None:
    before, after = (text.replace("\n", "\r\n").encode() for text in (SMALL, EXPECTED))
    assert patched(before, "node-a", [8080, 8090]) == after


def test_a_connector_that_is_not_wanted_any_more_goes() -> None:
    three = patched(SMALL.encode(), "node-a", [8080, 8090, 8100])
    assert ports(three) == ["8080", "8090", "8100", "8443s"]
    assert ports(patched(three, "node-a", [8090])) == ["8090", "8443s"]


def test_a_connector_may_move_to_another_port() -> None:
    before = SMALL.replace('port="8080"', "port = '${http.port}'").encode()
    route, found = says(patched(before, "node-a", [8081]))
    assert (route, found[0]) == ("node-a", {"port": "8081", "protocol": "HTTP/1.1", "connectionTimeout": "20000"})


def test_a_new_connector_is_as_the_first_one_with_all_in_it() -> None:
    inner = '<Connector port="8080"><UpgradeProtocol className="x"/></Connector>'
    before = f"<Server><Service>{inner}<Engine/></Service></Server>".encode()
    after = patched(before, "a", [8080, 8090])
    assert after.count(b'<UpgradeProtocol className="x"/>') == 2
    assert ports(after) == ["8080", "8090"]


def test_the_file_of_the_double_gets_what_is_wanted_and_loses_no_line() -> None:
    before = (store.SOURCES / "axonivy/src/main/home/conf/server.xml").read_bytes()
    after = patched(before, "node-a", [8080, 8090])
    assert says(after)[0] == "node-a"
    assert ports(after) == ["8080", "8090"]
    lost = Counter(before.decode().splitlines()) - Counter(after.decode().splitlines())
    assert [line.split()[0] for line in lost] == ["<Connector", "<Engine"]


ROUTES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,20}", fullmatch=True)
PORTS = st.lists(st.integers(1024, 8100), min_size=1, max_size=5, unique=True)
PARTS = st.sampled_from(
    [
        '<Connector port="8080"/>',
        "<Connector protocol='HTTP/1.1' port = '1024' address='127.0.0.1'\n  redirectPort=\"8443\" ></Connector>",
        '<Connector port="8443" SSLEnabled="true"/><!-- x -->',
        '<Connector port="8444" scheme="https" secure="true"/>',
        '<Connector protocol="org.apache.coyote.ajp.AjpNioProtocol" port="8009"/>',
        '<Connector port="8009" protocol="AJP/1.3"/> <!-- y -->',
        '<!-- <Connector port="8080"/> -->',
        '<Executor name="caf\u00e9"/>',
        "",
    ]
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw a file of whole lines, with one plain connector at least."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    inside = draw(st.permutations([*draw(st.lists(PARTS, max_size=6)), '<Connector port="8099" a="&lt;"/>']))
    engine = draw(
        st.sampled_from(["<Engine/>", "<Engine name='x' jvmRoute='old'>\n</Engine>", '<Engine jvmRoute=""/>'])
    )
    lines = [
        "<Server>",
        "<!-- \u00e9 -->",
        " <Service>",
        *(f"\t{line}" for line in inside),
        engine,
        " </Service>",
        "</Server>",
    ]
    codec = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return end.join(lines).replace("\n", end).replace("\r\r", "\r").encode(codec)


@given(files(), ROUTES, PORTS)
def test_what_is_wanted_is_what_another_parser_reads(before: bytes, route: str, wanted: list[int]) -> None:
    after = patched(before, route, wanted)
    told, found = says(after)
    encrypted = [each for each in says(before)[1] if "SSLEnabled" in each or each.get("scheme") == "https"]
    plain = [each for each in found if each not in encrypted]
    assert told == route
    assert sorted(int(each["port"]) for each in plain) == sorted(wanted)
    assert [each for each in found if each in encrypted] == encrypted


@given(files(), ROUTES, PORTS)
def test_twice_is_once(before: bytes, route: str, wanted: list[int]) -> None:
    once = patched(before, route, wanted)
    assert patched(once, route, wanted) == once


@given(files(), ROUTES, PORTS, PORTS)
def test_the_way_to_a_configuration_does_not_matter(
    before: bytes, route: str, first: list[int], wanted: list[int]
) -> None:
    after = says(patched(patched(before, "x", first), route, wanted))
    assert after[0] == route
    assert {str(port) for port in wanted} <= {each["port"] for each in after[1]}


@given(files(), ROUTES, PORTS)
def test_remarks_and_all_other_elements_stay(before: bytes, route: str, wanted: list[int]) -> None:
    def kept(content: bytes) -> list[str]:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
        return re.findall(r"<Executor[^>]*>|<!--.*?-->", text)

    assert kept(patched(before, route, wanted)) == kept(before)


@given(st.binary(max_size=20), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    broken = SMALL.encode()[:place] + damage + SMALL.encode()[place:]
    try:
        after = patched(broken, "node-a", [8080, 8090])
    except Failure as failure:
        assert str(failure).startswith(NAME)  # noqa: PT017 - either is right
    else:
        assert says(after)[0] == "node-a"
        assert {"8080", "8090"} <= {port.rstrip("s") for port in ports(after)}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<Host/>", "line 1: <Host> where <Server> belongs"),
        ("<Server/>", "there is no <Service> in its <Server>"),
        ("<Server>\n<Service/>\n<Service/></Server>", "lines 2 and 3: <Service> stands twice"),
        ("<Server><Service><Connector/></Service></Server>", "there is no <Engine> in its <Service>"),
        ("<Server><Service>\n<Engine/>\n<Engine/></Service></Server>", "lines 2 and 3: <Engine> stands twice"),
        ("<Server><Service><Engine/></Service></Server>", "no <Connector> for plain HTTP is there"),
        (
            '<Server><Service><Connector port="8090" SSLEnabled="true"/><Connector/><Engine/></Service></Server>',
            "port 8090 belongs to the connector for TLS",
        ),
        ('<!DOCTYPE a SYSTEM "x">\n<Server/>', "line 1: a DOCTYPE declaration"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        patched(content.encode(), "node-a", [8080, 8090])
    assert sentence in str(refused.value)
    assert str(refused.value).startswith(NAME)


def test_an_edit_that_does_not_say_what_is_wanted_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_xml, "_attribute", lambda _text, element, *_: [(element.start, element.start, b" ")])
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        patched(SMALL.encode(), "node-a", [8080, 8090])
