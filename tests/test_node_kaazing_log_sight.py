"""Whom a gateway sees, by its log alone."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.kaazing import log_sight
from musternode.kaazing.lines import BEGINS, DOWN, END, FAULT, LIST, LISTED, MERGED, ONLINE, SERVING, STARTED, Event
from musternode.kaazing.log_sight import Sight
from tests.test_node_state import JSON

A, B, C, D = (f"10.0.1.{number}" for number in range(10, 14))
WANTED = {A, B, C}
RUNS = [Event(BEGINS), Event(STARTED, A), Event(SERVING)]


def after(*events: Event, before: Sight | None = None) -> Sight:
    """Return the sight after some events of the log of a."""
    now = before or Sight()
    for event in events:
        now = log_sight.after(now, event)
    return now


def listing(*addresses: str) -> list[Event]:
    """Return the events of a list of all members."""
    return [Event(LIST), *(Event(LISTED, each) for each in addresses), Event(END)]


def seen(now: Sight) -> set[str]:
    """Return whom a sees."""
    return set(log_sight.seen(now, WANTED))


def test_nobody_is_seen_before_the_gateway_is_a_member() -> None:
    assert seen(after(Event(BEGINS), Event(ONLINE, B))) == set()
    assert seen(after(Event(BEGINS), Event(STARTED, A))) == {A}


def test_those_that_were_there_before_are_known_from_the_list_at_the_start() -> None:
    assert seen(after(*RUNS, *listing(A, B, C))) == {A, B, C}


def test_one_that_comes_and_one_that_goes_are_seen_at_once() -> None:
    come = after(*RUNS, *listing(A), Event(ONLINE, B))
    assert (seen(come), come.left) == ({A, B}, ())
    gone = after(Event(DOWN, B), before=come)
    assert (seen(gone), gone.left) == ({A}, (B,))
    assert after(Event(ONLINE, B), before=gone).left == ()


def test_strangers_are_not_seen() -> None:
    assert seen(after(*RUNS, *listing(A, D, B))) == {A, B}


def test_a_list_mends_what_was_missed_once_it_is_whole() -> None:
    """The journal may have dropped lines."""
    before = after(*RUNS, *listing(A, B))
    part = after(*listing(A, C)[:-1], before=before)
    assert seen(part) == {A, B, C}
    whole = after(Event(END), before=part)
    assert (seen(whole), whole.left) == ({A, C}, (B,))


def test_one_that_comes_while_a_list_is_written_is_in_it() -> None:
    events = [Event(LIST), Event(LISTED, A), Event(ONLINE, B), Event(END)]
    assert seen(after(*RUNS, *events)) == {A, B}


def test_one_that_goes_while_a_list_is_written_is_not_in_it() -> None:
    events = [Event(LIST), Event(LISTED, A), Event(LISTED, B), Event(DOWN, B), Event(END)]
    assert seen(after(*RUNS, *listing(A, B), *events)) == {A}


def test_a_merge_is_counted_for_this_run_alone() -> None:
    merged = after(*RUNS, Event(MERGED, A))
    assert (merged.merged, after(Event(MERGED, A), before=merged).merged) == (1, 2)
    assert after(Event(BEGINS), before=merged) == Sight()


def test_a_merge_of_another_member_is_not_this_ones() -> None:
    assert after(*RUNS, Event(MERGED, B)).merged == 0


def test_of_the_faults_of_a_start_the_first_one_is_the_cause() -> None:
    faults = [Event(FAULT, text="no matching interface"), Event(FAULT, text="failed to launch")]
    assert after(Event(BEGINS), *faults).fault == "no matching interface"
    assert after(Event(BEGINS), *faults, Event(BEGINS)).fault == ""


def test_a_gateway_that_serves_has_started_whatever_its_log_says_then() -> None:
    assert after(*RUNS, Event(FAULT, text="what a user sent")).fault == ""
    assert after(Event(BEGINS), Event(FAULT, text="x"), Event(SERVING)).fault == ""


@pytest.mark.parametrize("number", [1, 64, 65, 1000])
def test_no_more_than_64_that_have_left_are_kept(number: int) -> None:
    addresses = [f"10.{each // 250}.2.{each % 250}" for each in range(number)]
    gone = after(*RUNS, *chain.from_iterable((Event(ONLINE, each), Event(DOWN, each)) for each in addresses))
    assert gone.left == tuple(addresses[-64:])


ADDRESSES = st.sampled_from([A, B, C, D])
EVENTS = st.lists(
    st.sampled_from([BEGINS, SERVING, LIST, END]).map(Event)
    | st.builds(Event, st.sampled_from([STARTED, ONLINE, DOWN, LISTED, MERGED]), ADDRESSES)
    | st.just(Event(FAULT, text="x")),
    max_size=30,
)


@given(EVENTS)
def test_nobody_has_both_left_and_come_and_nobody_is_beside_itself(events: list[Event]) -> None:
    now = after(*events)
    assert not now.others & set(now.left)
    assert now.own not in now.others


@given(EVENTS, st.lists(ADDRESSES, min_size=1, unique=True))
def test_after_a_whole_list_those_in_it_are_seen(events: list[Event], members: list[str]) -> None:
    now = after(*events, Event(STARTED, A), *listing(A, *members))
    assert now.others == set(members) - {A}


@given(EVENTS)
def test_what_is_written_is_read_again(events: list[Event]) -> None:
    now = after(*events)
    read = log_sight.read(log_sight.written(now))
    assert read is not None
    assert read == after(Event(END), before=now) if now.listed == frozenset() else read.others == now.others
    assert (read.own, read.left, read.merged, read.fault) == (now.own, now.left, now.merged, now.fault)


@given(JSON)
def test_anything_else_is_no_sight(value: object) -> None:
    found = log_sight.read(value)
    assert found is None or isinstance(found, Sight)
