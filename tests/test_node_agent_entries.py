"""Which entry of the journal goes to which log group, and how entries are put together for the API."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.agent import batches, entries
from musternode.agent.batches import LONGEST, MOST_BYTES, MOST_EVENTS, OLDEST, OVERHEAD, SPAN, Event

NOW = 1_700_000_000_000


def line(**fields: Any) -> bytes:
    """Return an entry as journalctl prints it."""
    return json.dumps({"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": str(NOW * 1000), **fields}).encode()


def group(**fields: Any) -> str | None:
    """Return the group of an entry."""
    entry = entries.read(line(**{"MESSAGE": "word", **fields}))
    assert entry is not None
    return entry.group


@pytest.mark.parametrize(
    ("unit", "answer"),
    [
        ("as400gateway.service", "product"),
        ("as400gateway-schema.service", "product"),
        ("axonivy.service", "product"),
        ("kaazing.service", "product"),
        ("wso2-carbon.service", "product"),
        ("muster-h2.service", "h2"),
        ("muster-member.service", "node"),
        ("muster-gate.service", "node"),
        ("muster-agent.service", "node"),
        ("cloud-final.service", "node"),
        ("cloud-init-local.service", "node"),
        ("sshd.service", "node"),
        ("amazon-ssm-agent.service", "node"),
        ("systemd-journald.service", "node"),
        ("cron.service", None),
        ("", None),
    ],
)
def test_a_unit_has_its_group(unit: str, answer: str | None) -> None:
    assert group(_SYSTEMD_UNIT=unit) == answer


def test_what_systemd_says_of_a_unit_stands_with_the_units_own_words() -> None:
    killed = {"_PID": "1", "_SYSTEMD_UNIT": "init.scope", "UNIT": "muster-h2.service"}
    assert group(**killed) == "h2"
    assert group(**{**killed, "_PID": "99"}) is None  # nobody else may speak for a unit


@pytest.mark.parametrize(("priority", "answer"), [("3", "node"), ("4", "node"), ("5", None), ("", None)])
def test_only_warnings_of_the_kernel_are_shipped(priority: str, answer: str | None) -> None:
    assert group(_TRANSPORT="kernel", PRIORITY=priority) == answer


def test_an_entry_of_the_node_says_who_speaks_and_others_are_left_as_they_are() -> None:
    texts = []
    for unit in ("muster-member.service", "as400gateway.service"):
        entry = entries.read(line(MESSAGE="said\n", _SYSTEMD_UNIT=unit))
        assert entry is not None
        texts.append(entry.text)
    assert texts == ["muster-member: said", "said"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ([99, 97, 102, 195, 169], "caf\u00e9"),
        ([255, 97], "\ufffda"),
        (["one", [116, 119, 111]], "one two"),
        ("\ud800", "?"),
    ],
)
def test_a_message_of_any_kind_becomes_text_that_can_be_sent(message: Any, text: str) -> None:
    entry = entries.read(line(MESSAGE=message, _SYSTEMD_UNIT="as400gateway.service"))
    assert entry is not None
    assert entry.text == text


@pytest.mark.parametrize("message", ["", " \n", None, {}])
def test_an_empty_message_is_passed_over_but_its_cursor_counts(message: Any) -> None:
    """The API refuses an event without text."""
    entry = entries.read(line(MESSAGE=message, _SYSTEMD_UNIT="muster-h2.service"))
    assert entry is not None
    assert (entry.group, entry.cursor) == (None, "s=1")


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text(max_size=4), st.lists, max_leaves=4).map(
        lambda value: json.dumps({"__CURSOR": "c", "__REALTIME_TIMESTAMP": "1", "MESSAGE": value}).encode()
    )
)
def test_no_line_breaks_the_agent(raw: bytes) -> None:
    entry = entries.read(raw)
    if entry is not None:
        entry.text.encode("utf-8")


LARGE = ["\u00e9" * size for size in (LONGEST // 4, LONGEST // 2, LONGEST)]
EVENTS = st.lists(
    st.builds(
        Event, st.integers(NOW - 3 * OLDEST // 2, NOW + SPAN), st.text(min_size=1, max_size=3) | st.sampled_from(LARGE)
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_each_batch_is_one_that_the_api_takes(events: list[Event]) -> None:
    for batch in batches.batches(events, NOW):
        assert 0 < len(batch) <= MOST_EVENTS
        assert sum(event.size for event in batch) <= MOST_BYTES
        assert [event.at for event in batch] == sorted(event.at for event in batch)
        assert batch[-1].at - batch[0].at < SPAN
        assert all(event.size <= LONGEST + OVERHEAD and NOW - OLDEST < event.at <= NOW for event in batch)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_no_event_is_lost_but_those_that_are_too_old(events: list[Event]) -> None:
    sent = [event for batch in batches.batches(events, NOW) for event in batch]
    wanted = sorted((min(event.at, NOW), event.text[:50]) for event in events if event.at > NOW - OLDEST)
    assert sorted((event.at, event.text[:50]) for event in sent) == wanted


def test_a_batch_ends_at_each_limit() -> None:
    many = [Event(NOW, "x")] * (MOST_EVENTS + 1)
    assert [len(batch) for batch in batches.batches(many, NOW)] == [MOST_EVENTS, 1]
    large = [Event(NOW, "x" * (LONGEST))] * 5
    assert [len(batch) for batch in batches.batches(large, NOW)] == [4, 1]
    apart = [Event(NOW - SPAN, "x"), Event(NOW - SPAN + 1, "x"), Event(NOW, "x")]
    assert [len(batch) for batch in batches.batches(apart, NOW)] == [2, 1]


def test_events_of_the_same_moment_keep_their_order() -> None:
    ((*events,),) = batches.batches([Event(NOW, text) for text in "cab"], NOW)
    assert [event.text for event in events] == ["c", "a", "b"]


def test_a_message_that_is_too_long_is_cut_between_letters_and_says_so() -> None:
    text = batches.cut("\u00e9" * LONGEST)
    assert len(text.encode()) <= LONGEST
    assert text.endswith(f"\u00e9 [cut: {2 * LONGEST} bytes]")
    assert batches.cut("x" * LONGEST) == "x" * LONGEST
