"""What a line of the product's log says of its membership."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon.lines import ALONE, BEGINS, JOINED, LEFT, LOCAL, LONGEST, Event, event

ID = "6d2b0f5e-1c8c-4f0d-9f55-0c1f0a7d7a11"
SCHEME = "org.wso2.carbon.hazelcast.aws.AWSBasedMembershipScheme"
HEADS = {
    "none": "",
    "carbon": f"[2026-11-22 07:30:00,123]  INFO {{{SCHEME}}} - ",
    "tenant": f"TID: [-1234] [] [2026-11-22 07:30:00,123]  INFO {{{SCHEME}}} - ",
    "tenant, no place": f"TID: [-1234] [2026-11-22 07:30:00,123] [5f1c-a]  INFO {{{SCHEME}}} - ",
    "old": f"TID: [0] [AS] [2014-02-27 14:17:59,373]  INFO {{{SCHEME}}} -  ",
    "short": "[2018-11-22 07:30:00,123] [EI-Core]  INFO - AWSBasedMembershipScheme ",
    "the guide's": "[2015-11-22 07:30:00,123]  INFO - AWSBasedMembershipScheme ",
    "artifact": f"[2026-11-22 07:30:00,123]  INFO {{{SCHEME}}}  |x.car| - ",
    "plain": "2026-11-22T07:30:00.123Z INFO - ",
}
ALONE_TEXT = "AWS IAM Role Policy missing 'ec2:DescribeInstances' Action! Starting standalone."


@pytest.fixture(params=list(HEADS.values()), ids=list(HEADS))
def head(request: pytest.FixtureRequest) -> str:
    """Return what log4j sets before a text, by one of the patterns that WSO2's products ship."""
    return str(request.param)


@pytest.mark.parametrize(
    "place", ["/10.0.1.11:5701", "[10.0.1.11]:5701", "host.local/10.0.1.11:5701", "10.0.1.11:5701", "/[10.0.1.11]:5701"]
)
@pytest.mark.parametrize(("word", "kind"), [("joined", JOINED), ("left", LEFT)])
def test_who_joins_and_who_leaves_is_known_by_address_and_id(head: str, word: str, kind: str, place: str) -> None:
    assert event(f"{head}Member {word} [{ID}]: {place}") == Event(kind, "10.0.1.11", ID)


def test_what_the_older_products_set_behind_a_text_changes_nothing(head: str) -> None:
    assert event(f"{head}Member left [{ID}]: /10.0.1.11:5701 {{{SCHEME}}}") == Event(LEFT, "10.0.1.11", ID)


def test_the_engines_own_id_is_told_when_it_has_started(head: str) -> None:
    line = f"{head}Local member: [{ID}] - Host:10.0.1.10, Remote Host:null, Port: 5701, HTTP:9763, HTTPS:9443"
    assert event(line) == Event(LOCAL, id=ID)


@pytest.mark.parametrize("scheme", ["aws", "wka"])
def test_an_engine_that_is_about_to_start_says_by_which_scheme(head: str, scheme: str) -> None:
    assert event(f"{head}Using {scheme} based membership management scheme") == Event(BEGINS)


def test_an_engine_that_goes_on_alone_is_quoted_without_the_head_of_its_line(head: str) -> None:
    assert event(f"{head}{ALONE_TEXT}") == Event(ALONE, text=ALONE_TEXT)


def test_an_engine_that_goes_on_alone_is_heard_behind_its_own_name_too() -> None:
    found = event(f"{HEADS['carbon']}[10.0.1.10]:5701 [carbon] [5.3.6] Cannot discover nodes. Starting standalone.")
    assert found is not None
    assert (found.kind, found.text.endswith("Cannot discover nodes. Starting standalone.")) == (ALONE, True)


def test_no_more_than_the_beginning_of_a_line_is_quoted() -> None:
    found = event(HEADS["carbon"] + ALONE_TEXT * 10_000)
    assert found is not None
    assert len(found.text) <= LONGEST


@pytest.mark.parametrize(
    "text",
    [
        "Cluster domain: carbon",
        "Hazelcast initialized in 5123ms",
        f"Elected this member [{ID}] as the Coordinator node",
        "Cluster initialization completed",
        "Member joined []: /::1:5701",
        "Member joined: /10.0.1.11:5701",
        f"Member joined [{ID}]: /10.0.1.11",
        f"Member joined [{ID}]: /10.0.1:5701",
        f"Member joined [{ID}]: /10.0.1.1111:5701",
        f"Member has joined [{ID}]: /10.0.1.11:5701",
        "",
    ],
)
def test_all_else_is_no_event(head: str, text: str) -> None:
    assert event(head + text) is None


@pytest.mark.parametrize(
    "words",
    [
        "Using aws based membership management scheme",
        f"Member joined [{ID}]: /10.0.1.11:5701",
        f"Member left [{ID}]: /10.0.1.11:5701",
        f"Local member: [{ID}]",
    ],
)
def test_words_that_a_user_sends_are_no_events(words: str) -> None:
    """Whoever may try to log in could end a member otherwise: its name stands in the line about the failure."""
    head = "[2026-11-22 07:30:00,123]  WARN {org.wso2.carbon.core.services.util.CarbonAuthenticationUtil} - "
    assert event(f"{head}Failed Administrator login attempt '{words}[-1234]' at [2026-11-22 07:30:00,122]") is None
    assert event(f"{head}'{words}@carbon.super [-1234]' logged in at [2026-11-22 07:30:00,122]") is None
    assert event(f"127.0.0.1 - {words} [22/Nov/2026] GET /") is None


@pytest.mark.parametrize("piece", ["Member joined [", "TID: ", "[", "[x]", "-", "{", "|", "a", "[a/", " ", "10.0."])
def test_a_line_without_end_takes_no_time(piece: str) -> None:
    began = time.process_time()
    assert event(piece * 100_000) is None
    assert event(f"Member joined [{ID}]: {piece * 100_000}:5701") is None
    assert time.process_time() - began < 0.5


WORDS = ["Member ", "joined ", "left ", "Local member: ", "Using aws based membership management scheme"]
MARKS = ["[", "]", ":", " ", "/", "-", "10.0.1.11", "1", ":5701", ID, "host", "TID: ", "INFO ", "{x}", "\x00", "é"]
PIECES = st.sampled_from([*WORDS, *MARKS, "Starting standalone"])


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60))
def test_no_line_brings_an_address_that_does_not_stand_in_it(line: str) -> None:
    found = event(line)
    if found is not None and found.kind in {JOINED, LEFT}:
        assert re.search(rf"(?<![\d.]){re.escape(found.address)}\]?:\d", line)
        assert f"[{found.id}]: " in line or f"[{found.id}]:" in line
    elif found is not None:
        assert found.address == ""
