"""What a line of the gateway's log says of its start and its cluster."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.kaazing.lines import (
    BEGINS,
    DOWN,
    END,
    FAULT,
    LIST,
    LISTED,
    LONGEST,
    MERGED,
    ONLINE,
    SERVING,
    STARTED,
    Event,
    event,
)

A, B = "10.91.7.11", "10.91.7.12"
ENGINE = f"HAZELCAST: [Member [{A}]:5942 - 3e22dd0b-5510-41ea-b212-88901491f49e this] - [{A}]:5942 [shop] [3.7.4]"
MERGES = f"{ENGINE} [{A}]:5942 is MERGED"
HEADS = {
    "console": "INFO  ",
    "file": "2026-11-22 07:30:00,123 [hz.x.event-2] INFO  ",
    "level first": "INFO [main] ",
    "logger": "2026-11-22 07:30:00,123 INFO  ha - ",
    "dash": "[07:30:00] INFO - ",
}
TEXTS = {
    "Configuration file: /opt/kaazing/conf/gateway-config.xml": Event(BEGINS),
    f"Cluster Member started: IP Address: {A}; Port: 5942; id: tcp://{A}:5942": Event(STARTED, A),
    "Started server successfully in 1.428 secs at 2026-11-22 11:40:46": Event(SERVING),
    f"Cluster member tcp://{B}:5942 is now online": Event(ONLINE, B),
    f"Cluster member tcp://{B}:5942 has gone down": Event(DOWN, B),
    f"Cluster member /{B}:5942 is down": Event(DOWN, B),
    f"Cluster member tcp://{B}:5942 is down": Event(DOWN, B),
    MERGES: Event(MERGED, A),
    "Current cluster members:": Event(LIST),
    f"      member: tcp://{B}:5942": Event(LISTED, B),
    "Current shared balancer map:": Event(END),
}


@pytest.fixture(params=list(HEADS.values()), ids=list(HEADS))
def head(request: pytest.FixtureRequest) -> str:
    """Return what log4j sets before a text, by the patterns that Kaazing ships and by others."""
    return str(request.param)


@pytest.mark.parametrize(("text", "known"), TEXTS.items())
def test_each_text_of_the_gateway_is_known_behind_any_head(head: str, text: str, known: Event) -> None:
    assert event(head + text) == known


def test_the_name_of_a_cluster_may_have_any_character() -> None:
    odd = MERGES.replace("[shop]", "[my [old] shop] [3.7.4]")
    assert event(f"INFO  {odd}") == Event(MERGED, A)


@pytest.mark.parametrize(
    "text",
    [
        "Kaazing Gateway (5.6.2)",
        "Member Added",
        "Member Removed",
        f"{ENGINE} [{A}]:5942 is MERGING",
        f"{ENGINE} [{A}]:5942 is merging to [{B}]:5942, because: instructed by master [{A}]:5942",
        f"{ENGINE} Accepting socket connection from /{B}:33129",
        f"{ENGINE} Removing Member [{B}]:5942 - 5bb0ad36 because it has not sent any heartbeats for 5000 ms.",
        "Stopped server successfully in 0.403 secs at 2026-11-22 11:45:27",
        "  ws://gw.example.org:80/echo",
        f"Cluster member tcp://{B} has gone down",
        "Cluster member tcp://10.91.7:5942 has gone down",
        f"Cluster member tcp://123{B}:5942 has gone down",
        "",
    ],
)
def test_all_else_is_no_event(head: str, text: str) -> None:
    assert event(head + text) is None


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("around", ["GET /{}", "{} HTTP/1.1", "bad URI '{}'", "x: {}"])
def test_words_that_users_send_are_no_events(text: str, around: str) -> None:
    for level in ("INFO  ", "WARN  ", "ERROR "):
        assert event(level + around.format(text.strip())) is None


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("level", ["WARN ", "DEBUG", "TRACE", "ERROR", "FATAL"])
def test_no_warning_and_no_error_tells_of_the_cluster(level: str, text: str) -> None:
    found = event(f"{level} {text}")
    assert found is None or found.kind == FAULT


@pytest.mark.parametrize("text", TEXTS)
def test_a_line_without_a_level_is_the_rest_of_another_one(text: str) -> None:
    """A text with a line break in it, as a user may send one."""
    assert event(text) is None
    assert event(f"\t{text}") is None


NO_INTERFACE = "Hazelcast CANNOT start on this node. No matching network interface found."
STARTING = "ERROR Error starting Gateway: caught exception java.lang"
PLACE = "lineNumber: 1; columnNumber: 16; XML document structures must start and end within the same entity."
CAUSES = {
    f"{STARTING}.RuntimeException: Unable to initialize cluster: java.lang.RuntimeException: {NO_INTERFACE}": (
        f"Unable to initialize cluster: {NO_INTERFACE}"
    ),
    f"{STARTING}.IllegalArgumentException: Unable to resolve DNS name: gw.invalid": (
        "Unable to resolve DNS name: gw.invalid"
    ),
    f"ERROR Error upgrading XML: org.xml.sax.SAXParseException; {PLACE}": PLACE,
    "ERROR   Service name must be unique. More than one service named 'echo'": (
        "Service name must be unique. More than one service named 'echo'"
    ),
    "2026-11-22 07:30:00,123 [main] ERROR   Expected element 'name' before the end": (
        "Expected element 'name' before the end"
    ),
    "ERROR Gateway failed to launch": "Gateway failed to launch",
}


@pytest.mark.parametrize(("line", "cause"), CAUSES.items())
def test_why_a_gateway_cannot_start_is_told_without_the_names_of_javas_classes(line: str, cause: str) -> None:
    assert event(line) == Event(FAULT, text=cause)


@pytest.mark.parametrize(
    "line",
    [
        "ERROR   Line: 1 Column: 115",
        'ERROR   <accept xmlns="http://xmlns.kaazing.org/2016/06/gateway">tcp://1.2.3.4:5</accept>',
        "ERROR Validation errors in gateway configuration file",
        "ERROR Unable to initialize cluster due to an exception: {}",
        "INFO  Error starting Gateway: caught exception x.",
        "WARN  Keystore is not specified",
        "Caused by: java.net.UnknownHostException: nobody.invalid",
    ],
)
def test_what_is_no_cause_is_no_fault(line: str) -> None:
    assert event(line) is None


def test_no_more_than_the_beginning_of_a_line_is_looked_at() -> None:
    found = event("ERROR Error starting Gateway: caught exception " + "x" * 100_000)
    assert found is not None
    assert len(found.text) < LONGEST


@pytest.mark.parametrize(
    "piece", ["INFO  ", "[", "[x]", "a.", "-", " ", "10.0.", "] [", "HAZELCAST: [Member [", "ha - "]
)
def test_a_line_without_end_takes_no_time(piece: str) -> None:
    began = time.process_time()
    assert event(piece * 100_000) is None
    assert event(f"INFO  {piece * 100_000}") is None
    assert event(f"INFO  {ENGINE} {piece * 100_000}") is None
    assert time.process_time() - began < 0.5


WORDS = [
    "Cluster member ",
    "tcp://",
    " is now online",
    " has gone down",
    " is down",
    "member: ",
    "Cluster Member started: ",
]
MARKS = [
    "INFO  ",
    "ERROR ",
    "  ",
    "[",
    "]",
    ":",
    "/",
    " - ",
    "\n",
    A,
    B,
    "1",
    ":5942",
    ENGINE,
    " is MERGED",
    "\x00",
    "é",
]


@given(st.lists(st.sampled_from(WORDS + MARKS), max_size=14).map("".join) | st.text(max_size=60))
def test_no_line_brings_an_address_that_does_not_stand_in_it(line: str) -> None:
    found = event(line)
    if found is not None and found.address:
        assert re.search(rf"(?<![\d.]){re.escape(found.address)}\]?:\d", line)
