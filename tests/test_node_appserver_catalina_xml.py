"""catalina-server.xml edited in place; the judge is another parser, and the lines themselves."""

import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.appserver import catalina_xml
from musternode.appserver.catalina_xml import Proxies
from musternode.failure import Failure

BALANCER, GUIDE = Proxies(80, 443), Proxies(8280, 8243)
PORTS = st.builds(Proxies, st.integers(1, 65535), st.integers(1, 65535))

SMALL = """<?xml version='1.0' encoding='utf-8'?>
<Server port="8005">
  <Service name="Catalina">
    <!--
    optional attributes:
    proxyPort="443"
    <Connector port="9443" scheme="https" proxyPort="1"/>
    -->
    <Connector  protocol="org.apache.coyote.http11.Http11NioProtocol"
\t        port = '9443' \n                SSLEnabled="true"
                scheme="https"
                server="a &gt; b; proxyPort='7'"/>
    <Connector protocol="HTTP/1.1" port="9763" redirectPort="9443"/> <!-- plain -->
    <Connector protocol="AJP/1.3" port="8009"/>
    <Engine name="Catalina"><Connector port="9763"/></Engine>
  </Service>
</Server>
"""
EXPECTED = SMALL.replace("port = '9443' \n", "port = '9443'\n\t        proxyPort=\"443\" \n").replace(
    'port="9763" redirectPort', 'port="9763" proxyPort="80" redirectPort'
)


def proxies(content: bytes) -> list[tuple[str | None, str | None]]:
    """Return port and proxy port of each connector of the first service as another parser reads them."""
    found = ET.fromstring(content).findall("{*}Service")[0].findall("{*}Connector")  # noqa: S314 - the tests wrote it
    return [(each.get("port"), each.get("proxyPort")) for each in found]


def test_a_file_is_edited_as_a_person_would() -> None:
    assert catalina_xml.patched(SMALL.encode(), BALANCER).decode() == EXPECTED


def test_connectors_are_told_apart_by_what_they_are() -> None:
    """In `SMALL` they stand the other way round."""
    assert proxies(catalina_xml.patched(SMALL.encode(), GUIDE)) == [("9443", "8243"), ("9763", "8280"), ("8009", None)]


@given(PORTS, PORTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["\n", "\r\n"]))
def test_twice_is_once_whatever_stood_there_before(first: Proxies, wanted: Proxies, codec: str, end: str) -> None:
    before = SMALL.replace("'utf-8'", f"'{codec.removesuffix('-sig')}'").replace("\n", end).encode(codec)
    once = catalina_xml.patched(catalina_xml.patched(before, first), wanted)
    assert proxies(once)[:2] == [("9443", str(wanted.https)), ("9763", str(wanted.http))]
    assert catalina_xml.patched(once, wanted) == once
    text = once.decode(codec)
    assert text.count("\r\n") == (text.count("\n") if end == "\r\n" else 0)
    assert once[:10] == before[:10]


@given(PORTS)
def test_all_but_the_proxy_ports_stays(wanted: Proxies) -> None:
    after = catalina_xml.patched(SMALL.encode(), wanted).decode()
    secure, plain = f'\n\t        proxyPort="{wanted.https}" \n', f'port="9763" proxyPort="{wanted.http}"'
    bare = after.replace(secure, " \n").replace(plain, 'port="9763"')
    assert bare == SMALL


@pytest.mark.parametrize("old", ['proxyPort="80"', "proxyPort='8280'", 'proxyPort=""', 'proxyPort\n=\n" 80 "'])
def test_a_proxy_port_is_set_however_it_is_written(old: str) -> None:
    before = SMALL.replace('port="9763"', f'{old} port="9763"')
    after = catalina_xml.patched(before.encode(), BALANCER)
    assert proxies(after)[1] == ("9763", "80")
    assert after.count(b"proxyPort") == before.count("proxyPort") + 1


def test_a_scheme_that_is_served_as_plain_text_behind_another_proxy_is_served_so() -> None:
    before = SMALL.replace('SSLEnabled="true"', 'SSLEnabled="false"')
    assert proxies(catalina_xml.patched(before.encode(), BALANCER))[0] == ("9443", "443")


def test_a_spare_connector_behind_the_products_own_stays_as_it_is() -> None:
    before = SMALL.replace("    <Engine", '    <Connector port="8080"/>\n    <Engine')
    assert proxies(catalina_xml.patched(before.encode(), BALANCER))[3] == ("8080", None)


def test_other_services_are_not_the_products() -> None:
    before = SMALL.replace("</Server>", '<Service><Connector port="9763"/></Service></Server>')
    after = catalina_xml.patched(before.encode(), BALANCER)
    assert b'<Service><Connector port="9763"/></Service>' in after


PLAIN, SECURE = '<Connector port="9763"/>', '<Connector port="9443" scheme="https" SSLEnabled="true"/>'


def server(*connectors: str) -> str:
    """Return a file whose second and further lines are these connectors."""
    return "<Server><Service>\n" + "\n".join(connectors) + "\n</Service></Server>"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<Server>\n<Service></Server>", "line 2: not well-formed XML"),
        ("<!DOCTYPE a><Server/>", "line 1: a DOCTYPE declaration"),
        ("\n<Engine/>", "line 2: <Engine> where <Server> belongs"),
        ("<Server/>", "there is no <Service>"),
        (server(PLAIN), 'there is no <Connector> with port="9443" and scheme https'),
        (server(f"<!-- {PLAIN} -->", SECURE), 'there is no <Connector> with port="9763" and scheme http'),
        (server('<Connector port="9764"/>', SECURE), 'there is no <Connector> with port="9763"'),
        (server(PLAIN, PLAIN, SECURE), 'lines 2 and 3: the <Connector> with port="9763" stands twice'),
        (server('<Connector port="8009"/>', PLAIN, SECURE), "line 2: this <Connector> stands before that of line 3"),
        (server(PLAIN, SECURE.replace('scheme="https" ', "")), 'no <Connector> with port="9443" and scheme https'),
        (server(PLAIN.replace("/>", ' SSLEnabled="True"/>'), SECURE), 'line 2: SSLEnabled="true"'),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        catalina_xml.patched(content.encode(), BALANCER)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/tomcat/catalina-server.xml")
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    try:
        after = catalina_xml.patched(SMALL.encode()[:place] + damage + SMALL.encode()[place:], BALANCER)
    except Failure as failure:
        assert "catalina-server.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert {("9443", "443"), ("9763", "80")} <= set(proxies(after))


def stock(name: str) -> bytes:
    """Return a product's own file; skips where this machine has none."""
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: no product's own catalina-server.xml was edited")
    return (Path(folder) / name / "catalina-server.xml").read_bytes()


PRODUCTS = pytest.mark.parametrize("product", ["kernel-4.2-era", "kernel-4.4.1", "product-as-5.3.0"])


@PRODUCTS
@pytest.mark.parametrize("wanted", [BALANCER, GUIDE])
def test_a_products_own_file_says_what_is_wanted(product: str, wanted: Proxies) -> None:
    after = catalina_xml.patched(stock(product), wanted)
    assert proxies(after) == [("9763", str(wanted.http)), ("9443", str(wanted.https))]
    assert catalina_xml.patched(after, wanted) == after


@PRODUCTS
def test_two_lines_of_the_same_layout_are_all_that_a_products_own_file_gains(product: str) -> None:
    before = stock(product).split(b"\n")
    after = catalina_xml.patched(b"\n".join(before), GUIDE).split(b"\n")
    ours = [at for at, line in enumerate(after) if b"proxyPort" in line and b"82" in line]
    assert [line for at, line in enumerate(after) if at not in ours] == before
    for at in ours:
        indent = len(after[at]) - len(after[at].lstrip())
        assert after[at - 1][:indent] == after[at][:indent]
        assert after[at - 1].strip() in (b'port="9763"', b'port="9443"')
    assert [after[at].strip() for at in ours] == [b'proxyPort="8280"', b'proxyPort="8243"']
