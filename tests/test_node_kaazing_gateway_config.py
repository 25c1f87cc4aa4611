"""gateway-config.xml edited in place; the judge of what it says is another parser, of what stays the lines."""

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.kaazing import cluster, gateway_config, uris
from musternode.kaazing.wanted import Wanted
from musternode.markup import encoded
from tests.gateway_config_support import ALL, CLUSTERS, DATES, HTTP, OTHER, OURS, TLS, below, files, says, texts

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
  <!-- <cluster><name>example</name></cluster> -->
  <properties>
    <property>
      <name>gateway.hostname</name>
      <value>localhost</value>
    </property>
  </properties>

  <service>
    <name>s0</name>
    <accept>http://${gateway.hostname}:8000/s0</accept> <!-- for browsers -->
    <type>directory</type>
    <properties>
      <directory>/d</directory>
    </properties> <!-- where -->
    <realm-name>demo</realm-name>
  </service>

  <service>
    <name>s1</name>
    <accept>wss://${gateway.hostname}:8443/s1</accept>
    <type>echo</type>
    <accept-options>
      <!-- as agreed -->
      <ssl.encryption>enabled</ssl.encryption>
      <ws.bind>192.168.2.10:8000</ws.bind>
      <ws.inactivity.timeout>90s</ws.inactivity.timeout>
      <ws.maximum.message.size>256k</ws.maximum.message.size>
    </accept-options>
  </service>
</gateway-config>
"""
EXPECTED = """<?xml version="1.0" encoding="UTF-8"?>
<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
  <!-- <cluster><name>example</name></cluster> -->
  <properties>
    <property>
      <name>gateway.hostname</name>
      <value>localhost</value>
    </property>
  </properties>

  <service>
    <name>s0</name>
    <accept>https://gw.example.com:443/s0</accept> <!-- for browsers -->
    <type>directory</type>
    <properties>
      <directory>/d</directory>
    </properties> <!-- where -->
    <accept-options>
      <tcp.bind>10.0.1.10:8000</tcp.bind>
      <ssl.encryption>disabled</ssl.encryption>
      <http.keepalive.timeout>310 seconds</http.keepalive.timeout>
    </accept-options>
    <realm-name>demo</realm-name>
  </service>

  <service>
    <name>s1</name>
    <accept>wss://gw.example.com:443/s1</accept>
    <type>echo</type>
    <accept-options>
      <tcp.bind>10.0.1.10:8000</tcp.bind>
      <http.keepalive.timeout>310 seconds</http.keepalive.timeout>
      <!-- as agreed -->
      <ssl.encryption>disabled</ssl.encryption>
      <ws.inactivity.timeout>90s</ws.inactivity.timeout>
      <ws.maximum.message.size>256k</ws.maximum.message.size>
    </accept-options>
  </service>

  <cluster>
    <name>my cluster</name>
    <accept>tcp://10.0.1.10:5942</accept>
    <connect>tcp://10.0.1.10:5942</connect>
    <connect>tcp://10.0.1.11:5942</connect>
  </cluster>
</gateway-config>
"""
ECHO = "<service><name>s0</name><accept>ws://a:1/s0</accept><type>echo</type></service>"


def config(*elements: str, date: str = "2016/06") -> bytes:
    """Return a whole file, each element on lines of its own."""
    inside = "".join(f"\n{each}" for each in elements)
    return f'<gateway-config xmlns="http://xmlns.kaazing.org/{date}/gateway">{inside}\n</gateway-config>'.encode()


def service(*accepts: str, options: str = "", name: str = "s0", kind: str = "echo") -> str:
    """Return a service, on one line."""
    inside = "".join(f"<accept>{each}</accept>" for each in accepts)
    written = f"<accept-options>{options}</accept-options>" if options else ""
    return f"<service><name>{name}</name>{inside}<type>{kind}</type>{written}</service>"


def accepts(content: bytes) -> list[str]:
    """Return the accepts of all services."""
    root = ET.fromstring(content)  # noqa: S314 - the tests wrote it
    return [each.text or "" for one in below(root, "service") for each in below(one, "accept")]


def options_of(content: bytes, at: int = 0) -> dict[str, str]:
    """Return the accept-options of a service."""
    root = ET.fromstring(content)  # noqa: S314 - the tests wrote it
    return dict(texts(below(below(root, "service")[at], "accept-options")[0]))


def test_a_file_is_edited_as_a_person_would() -> None:
    assert gateway_config.patched(SMALL.encode(), TLS).decode() == EXPECTED


def test_what_is_right_already_stays_byte_for_byte() -> None:
    assert gateway_config.patched(EXPECTED.encode(), TLS).decode() == EXPECTED


# the cluster


@pytest.mark.parametrize("inside", CLUSTERS)
@pytest.mark.parametrize("end", ["\n    ", ""])
def test_a_cluster_is_made_right_whatever_it_says(inside: list[str], end: str) -> None:
    after = gateway_config.patched(config(ECHO, end.join(inside)), HTTP)
    assert says(after, HTTP)
    assert re.findall("<!--.*?-->", after.decode()) == re.findall("<!--.*?-->", "".join(inside))


def test_members_are_replaced_in_their_places() -> None:
    before = config(
        ECHO,
        "<cluster>",
        "  <name>my cluster</name> <!-- n -->",
        "  <accept>tcp://@eth0:5942</accept> <!-- own -->",
        "  <connect>udp://224.2.2.44:54327</connect> <!-- all -->",
        "  <connect-options><aws.access-key-id>A</aws.access-key-id></connect-options>",
        "</cluster>",
    )
    after = gateway_config.patched(before, HTTP).decode()
    assert after[after.index("<cluster>") :] == (
        "<cluster>\n"
        "  <name>my cluster</name> <!-- n -->\n"
        "  <accept>tcp://10.0.1.10:5942</accept> <!-- own -->\n"
        "  <connect>tcp://10.0.1.10:5942</connect> <!-- all -->\n"
        "  <connect>tcp://10.0.1.11:5942</connect>\n"
        "</cluster>\n"
        "</gateway-config>"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<name>old<!-- why --></name>", "<name>my cluster<!-- why --></name>"),
        ("<name>my <!-- why -->cluster</name>", "<name>my <!-- why -->cluster</name>"),
        ("<name>my cluster<old/></name>", "<name>my cluster</name>"),
        ("<name\n/>", "<name>my cluster</name>"),
        ("<name>my cluster</name >", "<name>my cluster</name >"),
        ("<name> my cluster </name>", "<name>my cluster</name>"),
        ("<name><![CDATA[my cluster]]></name>", "<name><![CDATA[my cluster]]></name>"),
    ],
)
def test_a_value_is_set_however_it_is_written(before: str, after: str) -> None:
    assert after.encode() in gateway_config.patched(config(ECHO, f"<cluster>{before}</cluster>"), HTTP)


@pytest.mark.parametrize("element", ["<cluster/>", "<cluster></cluster>", "<cluster>\n</cluster>"])
def test_an_empty_cluster_is_filled_with_lines(element: str) -> None:
    lines = ["<cluster>", "  <name>my cluster</name>", "  <accept>tcp://10.0.1.10:5942</accept>"]
    lines += [f"  <connect>tcp://{address}:5942</connect>" for address in HTTP.members]
    after = gateway_config.patched(config(ECHO, element), HTTP)
    assert "\n".join([*lines, "</cluster>", ""]).encode() in after


def test_a_new_cluster_stands_behind_all_else() -> None:
    after = gateway_config.patched(config(ECHO, "<security/>", "<!-- end -->"), HTTP).decode()
    assert "<security/>\n\n<cluster>" in after


def test_the_list_of_members_is_the_same_on_all() -> None:
    one, other = (gateway_config.patched(config(ECHO), replace(HTTP, address=own)) for own in HTTP.members)
    assert one.count(b"<connect>") == 2
    assert re.findall(b"<connect>.*", one) == re.findall(b"<connect>.*", other)
    assert re.findall(b"<cluster>\n *<name>.*\n *<accept>.*", one) != re.findall(
        b"<cluster>\n *<name>.*\n *<accept>.*", other
    )


@pytest.mark.parametrize("date", DATES)
def test_each_version_of_the_file_is_edited(date: str) -> None:
    after = gateway_config.patched(config(ECHO, date=date), HTTP)
    assert says(after, HTTP)
    assert date.encode() in after


# where users come in


@pytest.mark.parametrize(
    ("accept", "plain", "secure"),
    [
        ("ws://localhost:8000/s0", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
        ("wss://a.example.com:8443/s0", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
        ("http://a", "http://gw.example.com:80", "https://gw.example.com:443"),
        ("https://a/", "http://gw.example.com:80/", "https://gw.example.com:443/"),
        ("wsn://a:1/b/c", "wsn://gw.example.com:80/b/c", "wsn+ssl://gw.example.com:443/b/c"),
        ("wsx+tls://a:1/", "wsx://gw.example.com:80/", "wsx+ssl://gw.example.com:443/"),
        ("wse+ssl://a:1/", "wse://gw.example.com:80/", "wse+ssl://gw.example.com:443/"),
        ("httpxe://a:1/", "httpxe://gw.example.com:80/", "httpxe+ssl://gw.example.com:443/"),
        ("SSE://A:1/B", "sse://gw.example.com:80/B", "sse+ssl://gw.example.com:443/B"),
        ("ws://@eth0:8000/s0", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
        ("ws://[@eth0:1]:8000/s0", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
        ("ws://${cloud.host}:8000/s0", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
        ("\n ws://a:1/s0\n", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
        ("ws://a:1/caf&#233;/%C3%A9;x=(1)", "ws://gw.example.com:80/café/%C3%A9;x=(1)", ""),
        ("ws://a<!-- the node -->:1/s0", "ws://gw.example.com:80/s0", "wss://gw.example.com:443/s0"),
    ],
)
def test_an_accept_gets_the_public_name_and_keeps_its_path(accept: str, plain: str, secure: str) -> None:
    assert accepts(gateway_config.patched(config(service(accept)), HTTP)) == [plain]
    if secure:
        assert accepts(gateway_config.patched(config(service(accept)), TLS)) == [secure]


PROPERTIES = (
    "<properties><property><name> s </name><value>ftp</value></property>"
    "<property><name>s</name><value>\n ws </value></property><property><name>path</name><value>/a/b</value></property>"
    "<property><name>nested</name><value>${path}</value></property>"
    "<property><name>empty</name><value/></property></properties>"
)


def test_properties_are_resolved_once_and_the_later_counts() -> None:
    after = gateway_config.patched(config(PROPERTIES, service("${s}://${hostname}.a:1${path}")), HTTP)
    assert accepts(after) == ["ws://gw.example.com:80/a/b"]


@pytest.mark.parametrize(
    "accept", ["${t}://a:1/", "ws://${h}:1/", "ws://a:1${x}", "ws://a:1${nested}", "ws://a:1${empty}", "${all}"]
)
def test_a_scheme_or_path_that_nobody_knows_is_refused(accept: str) -> None:
    with pytest.raises(Failure, match=r"line 4: <accept> says \$\{\w+\}, which is no property of the file"):
        gateway_config.patched(config(PROPERTIES, service(accept)), HTTP)


def test_a_parameter_that_is_escaped_is_none() -> None:
    with pytest.raises(Failure, match=r"line 4: <accept> says"):
        gateway_config.patched(config(PROPERTIES, service("$${s}://a:1/")), HTTP)


@pytest.mark.parametrize(
    "accept",
    ["", "a:1/b", "ws:a:1", "ws://", "ws:///x", "ws://a:1/x?y=z", "ws://a/#x", "ws://a/b c", "ws://a/x&amp;y", "$${s}"],
)
def test_an_accept_that_the_gateway_cannot_read_is_refused(accept: str) -> None:
    with pytest.raises(Failure, match="line 2: <accept> says"):
        gateway_config.patched(config(service(accept)), HTTP)


def test_accepts_that_become_the_same_are_written_once() -> None:
    before = service("ws://a:8000/s0", "wss://a:8443/s0", "ws://a:8000/s0/b")
    after = gateway_config.patched(config(before), TLS)
    assert accepts(after) == ["wss://gw.example.com:443/s0", "wss://gw.example.com:443/s0/b"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ws://a:1/s", "ws://b:1/s"),
        ("http://a:80/", "https://a:443"),
        ("ws://a:1/s", "wse://a:2/s/"),
        ("sse://a:1/s", "sse+ssl://a:1/s"),
    ],
)
def test_two_services_in_one_place_are_refused(one: str, other: str) -> None:
    content = config(service(one), service(other, name="s1"))
    with pytest.raises(Failure, match="lines 2 and 3: the services accept the same path /"):
        gateway_config.patched(content, HTTP)


def test_different_kinds_of_service_may_share_a_path() -> None:
    content = config(service("ws://a:1/s"), service("http://a:1/s", name="s1"), service("ws://a:1/s/t", name="s2"))
    assert len(accepts(gateway_config.patched(content, HTTP))) == 3


# where it listens, and how long it waits


@pytest.mark.parametrize("wanted", [HTTP, TLS])
@pytest.mark.parametrize("name", ["ws.bind", "wss.bind", "http.bind", "https.bind", "ssl.bind", "tls.bind"])
def test_no_other_bind_is_left_that_the_gateway_would_prefer(name: str, wanted: Wanted) -> None:
    bind = f"<{name}>192.168.2.10:9000</{name}>"
    own = gateway_config.patched(config(service("ws://a:1/s0", options=bind)), wanted)
    defaults = f"<service-defaults><accept-options>{bind}</accept-options></service-defaults>"
    shared = gateway_config.patched(config(ECHO, defaults), wanted)
    for after in (own, shared):
        assert says(after, wanted)
        assert f"<{name}>".encode() not in after


def test_encryption_is_off_by_one_spelling_alone_behind_tls_and_not_told_otherwise() -> None:
    options = "<tls.encryption>enabled</tls.encryption><ssl.ciphers>HIGH</ssl.ciphers>"
    before = config(service("wss://a:1/s0", options=options))
    after = options_of(gateway_config.patched(before, TLS))
    assert "tls.encryption" not in after
    assert (after["ssl.encryption"], after["ssl.ciphers"]) == ("disabled", "HIGH")
    assert "ssl.encryption" not in options_of(gateway_config.patched(gateway_config.patched(before, TLS), HTTP))


INTERVALS = [
    ("59", "59"),
    ("59999 ms", "59999 ms"),
    ("0.9 Minute", "0.9 Minute"),
    (".5min", ".5min"),
    ("60 seconds", "45 seconds"),
    ("1m", "45 seconds"),
    ("1 hour", "45 seconds"),
    ("0", "45 seconds"),
    ("soon", "45 seconds"),
    ("", "45 seconds"),
    ("1.2.3", "45 seconds"),
    ("${t}", "45 seconds"),
]


@pytest.mark.parametrize(("given", "kept"), INTERVALS)
def test_a_websocket_is_pinged_before_the_balancer_ends_it(given: str, kept: str) -> None:
    option = f"<ws.inactivity.timeout>{given}</ws.inactivity.timeout>"
    after = gateway_config.patched(config(service("ws://a:1/s0", options=option)), HTTP)
    assert options_of(after)["ws.inactivity.timeout"] == kept


@pytest.mark.parametrize(
    ("given", "kept"), [("61", "61"), ("2 hours", "2 hours"), ("60", "70 seconds"), ("30s", "70 seconds")]
)
def test_a_connection_for_requests_outlives_the_balancers(given: str, kept: str) -> None:
    option = f"<http.keepalive.timeout>{given}</http.keepalive.timeout>"
    after = options_of(gateway_config.patched(config(service("http://a:1/s0", options=option)), HTTP))
    assert after["http.keepalive.timeout"] == kept
    assert "ws.inactivity.timeout" not in after


def test_a_default_that_is_good_enough_is_not_said_again() -> None:
    good = "<ws.inactivity.timeout>20 s</ws.inactivity.timeout><http.keepalive.timeout>90 s</http.keepalive.timeout>"
    defaults = f"<service-defaults><accept-options>{good}</accept-options></service-defaults>"
    own = "<ws.inactivity.timeout>80 s</ws.inactivity.timeout>"
    after = gateway_config.patched(config(ECHO, defaults, service("ws://a:1/x", options=own, name="s1")), HTTP)
    assert set(options_of(after)) == {"tcp.bind"}
    assert options_of(after, 1) == {"tcp.bind": "10.0.1.10:8000", "ws.inactivity.timeout": "45 seconds"}


# what stays the node's own affair, and what cannot be


INTERNAL = [
    "ws://127.0.0.1:1/x",
    "http://127.1:1/",
    "tcp://[::1]:1",
    "ws://[0:0:0:0:0:0:0:1]:1/x",
    "ws://@lo:1/",
    "pipe://x",
]


@pytest.mark.parametrize("accept", INTERNAL)
def test_a_service_at_a_loopback_address_stays_as_it_is(accept: str) -> None:
    inner = service(accept, options="<ssl.ciphers>HIGH</ssl.ciphers>", name="inner")
    after = gateway_config.patched(config(ECHO, inner), HTTP)
    assert inner.encode() in after
    assert says(after, HTTP)


def test_a_service_that_accepts_nothing_stays_as_it_is() -> None:
    inner = "<service><name>inner</name><type>update.check</type></service>"
    assert inner.encode() in gateway_config.patched(config(inner, ECHO), HTTP)


def test_a_service_within_the_process_does_not_mind_a_default_bind() -> None:
    defaults = "<service-defaults><accept-options><tcp.bind>8001</tcp.bind></accept-options></service-defaults>"
    inner = service("pipe://x", name="inner")
    assert inner.encode() in gateway_config.patched(config(ECHO, inner, defaults), HTTP)


DEFAULTS = "<service-defaults><accept-options>%s</accept-options></service-defaults>"
REFUSED = [
    (service("ws://a:1/", kind="balancer"), "service s0 is of type balancer; the balancer of this stack does its work"),
    (ECHO.replace("<type>", "<balance>ws://a:1/</balance><type>"), "service s0 has a <balance>; the balancer of this"),
    (service("tcp://a:1"), "service s0 accepts tcp:// (line 2), which no balancer of HTTP passes on"),
    (service("udp://a:1"), "accepts udp:// (line 2)"),
    (service("ssl://a:1"), "accepts ssl:// (line 2)"),
    (service("amqp://a:1/"), "accepts amqp:// (line 2)"),
    (service("mcp://a:1/"), "accepts mcp:// (line 2)"),
    (service("ws://a:1/", "tcp://a:1"), "accepts tcp:// (line 2)"),
    (service("ws://a:1/", "ws://127.0.0.1:1/"), "accepts both for the node alone and for users; make two"),
    (
        service("ws://127.0.0.1:1/", options="<tcp.bind>1</tcp.bind>"),
        "accepts at a loopback address and has a <tcp.bind>",
    ),
    (service("ws://127.0.0.1:1/") + DEFAULTS % "<ws.bind>1</ws.bind>", "at a loopback address and has a <ws.bind>"),
    (service("ws://a:1/", options="<tcp.bind>localhost:1</tcp.bind>"), "has a <tcp.bind> to a loopback address"),
    (service("ws://a:1/") + DEFAULTS % "<http.bind>127.0.0.1:1</http.bind>", "has a <http.bind> to a loopback address"),
    (service("ws://a:1/", options="<http.transport>pipe://x</http.transport>"), "has a <http.transport>, behind which"),
    (
        service("wss://a:1/", options="<ssl.verify-client>required</ssl.verify-client>"),
        "(<ssl.verify-client>); the bal",
    ),
    (service("wss://a:1/") + DEFAULTS % "<tls.verify-client>optional</tls.verify-client>", "(<tls.verify-client>)"),
    ("<service><name>s0</name><accept>ws://a:1/</accept></service>", "service s0 has no <type>"),
    ("<service><accept>ws://a:1/</accept></service>", "the service there has no <type>"),
]


@pytest.mark.parametrize(("element", "sentence"), REFUSED)
def test_a_service_that_cannot_stand_behind_a_balancer_is_refused_by_a_sentence(element: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        gateway_config.patched(config(element), TLS)
    assert str(refused.value).startswith("conf/gateway-config.xml line 2: the service ")
    assert sentence in str(refused.value)


@pytest.mark.parametrize("elements", [[], [service("ws://127.0.0.1:1/")], ["<service/>"]])
def test_a_file_without_a_service_for_users_is_refused(elements: list[str]) -> None:
    with pytest.raises(Failure, match="no <service> accepts ws:// or http:// from users"):
        gateway_config.patched(config(*elements), HTTP)


# any file


def kept(content: bytes, codec: str) -> list[str]:
    """Return the lines of a file but those that are Muster's to change."""
    lines = [line.strip() for line in content.decode(codec).split("\n")]
    cluster_names = ("<name>my cluster", "<name>MyCluster", "<name>x", f"<name>{OTHER.cluster[:3]}")
    tags = ("<cluster", "</cluster", "<accept", "</accept", "<connect>tcp://10.0", "<connect>udp", "<connect>aws")
    ours = (*tags, *cluster_names, "<connect>tcp://gw2", "<connect-options>", *(f"<{name}>" for name in OURS))
    rest = [" ".join(re.findall("<!--.*-->", line)) if line.startswith(ours) else line for line in lines]
    return [line for line in rest if line]


@given(files(), ALL)
def test_what_is_wanted_is_what_another_parser_reads(file: tuple[bytes, str], wanted: Wanted) -> None:
    assert says(gateway_config.patched(file[0], wanted), wanted)


@given(files(), ALL)
def test_every_other_line_stays_as_it_was(file: tuple[bytes, str], wanted: Wanted) -> None:
    before, codec = file
    after = gateway_config.patched(before, wanted)
    assert kept(after, codec) == kept(before, codec)


@given(files(), ALL)
def test_lines_end_as_they_did(file: tuple[bytes, str], wanted: Wanted) -> None:
    before, codec = file
    text = gateway_config.patched(before, wanted).decode(codec)
    assert text.count("\r\n") == (text.count("\n") if "\r\n" in before.decode(codec) else 0)


@given(files(), ALL)
def test_a_file_begins_as_it_did(file: tuple[bytes, str], wanted: Wanted) -> None:
    """A byte order mark stays, and none comes."""
    assert gateway_config.patched(file[0], wanted)[:10] == file[0][:10]


@given(files(), ALL)
def test_twice_is_once(file: tuple[bytes, str], wanted: Wanted) -> None:
    once = gateway_config.patched(file[0], wanted)
    assert gateway_config.patched(once, wanted) == once


@given(files(), ALL, ALL)
def test_the_way_to_a_configuration_does_not_matter(file: tuple[bytes, str], first: Wanted, wanted: Wanted) -> None:
    assert says(gateway_config.patched(gateway_config.patched(file[0], first), wanted), wanted)


@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    broken = SMALL.encode()[:place] + damage + SMALL.encode()[place:]
    try:
        after = gateway_config.patched(broken, HTTP)
    except Failure as failure:
        assert "gateway-config.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        ET.fromstring(after)  # noqa: S314 - the tests wrote it
        assert gateway_config.patched(after, HTTP) == after


PIECES = ["<cluster/>", "<service>", "</service>", "<accept>", "</accept>", "<!--", "-->", "]]>", "<![CDATA[", "<a/>"]
PIECES += ["<accept-options/>", "<type>x</type>", "<name/>", "<properties/>", "&amp;", "\r", " xmlns='urn:x'", "<?a?>"]


@given(st.lists(st.sampled_from(PIECES), max_size=4), st.integers(0, len(SMALL)), ALL)
def test_stray_markup_is_a_sentence_or_no_harm(pieces: list[str], place: int, wanted: Wanted) -> None:
    broken = SMALL[:place] + "".join(pieces) + SMALL[place:]
    try:
        after = gateway_config.patched(broken.encode(), wanted)
    except Failure as failure:
        assert "\n" not in str(failure)  # noqa: PT017 - either is right
    else:
        root = ET.fromstring(after)  # noqa: S314 - the tests wrote it
        assert texts(below(root, "cluster")[0]) == cluster.children(wanted)
        assert gateway_config.patched(after, wanted) == after


NS = 'xmlns="http://xmlns.kaazing.org/2016/06/gateway"'
BOMB = f'<!DOCTYPE a [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><gateway-config {NS}>{ECHO}</gateway-config>'
OLD = ECHO.join(('<gateway-config xmlns="http://xmlns.kaazing.com/2012/09/gateway">', "</gateway-config>"))
PREFIXED = re.sub("<(/?)([a-z])", r"<\1k:\2", f"<gateway-config>{ECHO}</gateway-config>")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "line 1: not well-formed XML"),
        (config("<service>"), "line 3: not well-formed XML"),
        (config("&nbsp;", ECHO), "line 2: not well-formed XML"),
        (config(ECHO, "<x:cluster/>"), "line 3: not well-formed XML"),
        (config(ECHO, "<cluster/>", "<cluster/>"), "lines 3 and 4: <cluster> stands twice"),
        (config(ECHO, "<properties/>", "<properties/>"), "lines 3 and 4: <properties> stands twice"),
        (config(ECHO, "<service-defaults/>", "<service-defaults/>"), "<service-defaults> stands twice"),
        (config(ECHO.replace("</s", "<accept-options/>\n<accept-options/></s", 1)), "<accept-options> stands twice"),
        (config(service("ws://a:1/", options="<tcp.bind>1</tcp.bind>\n<tcp.bind>2</tcp.bind>")), "<tcp.bind> of one"),
        (BOMB.encode(), "line 1: a DOCTYPE declaration"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<gateway-config/>', "line 1: a DOCTYPE declaration"),
        (f"\n<axisconfig {NS}/>".encode(), "line 2: <axisconfig> where <gateway-config> belongs"),
        (b"\n<gateway-config/>", "line 2: its namespace is none; known are http://xmlns.kaazing.org/2014/09/gateway, "),
        (OLD.encode(), "its namespace is http://xmlns.kaazing.com/2012/09/gateway; known are"),
        (PREFIXED.replace("config", f"config {NS.replace('=', ':k=')}", 1).encode(), "<service> has a prefix, which"),
        (config(ECHO).replace(b"<service", b"<service>\0", 1), "line 2: a NUL character"),
        (config(ECHO).decode().encode("utf-32"), "a NUL character"),
        (b'<?xml version="1.0" encoding="x-klingon"?><gateway-config/>', "it is in x-klingon"),
        (b'<?xml version="1.0" encoding="utf-7"?><gateway-config/>', "it is in utf-7"),
        (config("\u00e9", ECHO).decode().encode("latin-1"), "line 2: bytes that are no utf-8"),
        (config(ECHO) + b" " * encoded.MOST, "more than 4194304"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        gateway_config.patched(content, HTTP)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("conf/gateway-config.xml")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["cluster", "service", "properties"])
def test_elements_of_other_namespaces_stay(name: str) -> None:
    foreign = f'<{name} xmlns="urn:x"><accept>tcp://b:2</accept></{name}>'
    assert foreign.encode() in gateway_config.patched(config(ECHO, foreign), HTTP)


def test_an_option_of_another_namespace_is_not_taken_for_ours() -> None:
    foreign = '<x:tcp.bind xmlns:x="urn:x">9</x:tcp.bind>'
    after = gateway_config.patched(config(service("ws://a:1/s0", options=foreign)), HTTP)
    assert b"<tcp.bind>10.0.1.10:8000</tcp.bind>" in after


def test_hostile_text_costs_no_time() -> None:
    long = service("ws://a:1/" + "$" * 500_000, name="${" * 200_000)
    assert b"<cluster>" in gateway_config.patched(config(long), HTTP)


def test_an_edit_that_does_not_say_what_is_wanted_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uris.Uri, "public", lambda self, _wanted: f"ws://a:1{self.path}/x")
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        gateway_config.patched(config(ECHO), HTTP)


# where a node may ask whether the gateway works


def test_paths_for_an_upgrade_are_those_of_websocket_and_first_the_open_ones() -> None:
    closed = service("ws://a:1/closed").replace("</type>", "</type><realm-name>r</realm-name>")
    others = [service("http://a:1/page", name="p"), service("ws://127.0.0.1:1/inner", name="i"), service("wse://a:1/e")]
    content = config(closed, *others, service("ws://a:1", "wsn://a:1/x", name="o"))
    assert gateway_config.websocket_paths(content) == ("/", "/x", "/closed")
    assert gateway_config.websocket_paths(gateway_config.patched(content, TLS)) == ("/", "/x", "/closed")


# the product's own file


@pytest.fixture
def stock() -> bytes:
    """Return the product's own file; skips where this machine has none."""
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: the product's own gateway-config.xml was not edited")
    return (Path(folder) / "kaazing-5.6.2" / "gateway-config.xml").read_bytes()


@pytest.mark.parametrize("wanted", [HTTP, TLS, OTHER])
def test_all_other_lines_of_the_products_own_file_stay(stock: bytes, wanted: Wanted) -> None:
    after = gateway_config.patched(stock, wanted)
    lost = Counter(stock.decode().split("\n")) - Counter(after.decode().split("\n"))
    assert [line.strip() for line in lost.elements()] == [
        "<accept>http://${gateway.hostname}:${gateway.port}/</accept>",
        "<accept>ws://${gateway.hostname}:${gateway.port}/echo</accept>",
        "<accept>ws://${gateway.hostname}:${gateway.port}/amqp</accept>",
    ]
    assert gateway_config.patched(after, wanted) == after
    assert gateway_config.websocket_paths(after) == ("/echo", "/amqp")
