"""Whose turn it is to install security updates, by what nodes say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.state import LEAVING, SERVING, State
from musternode.updates import turn, words
from musternode.updates.turn import Other, Sight

NOW, BEFORE = "2026-W48", "2026-W47"
PHASES = sorted({words.WAITS, words.DONE, words.CHANGES, *words.TURN, *words.OVER})


def state(name: str, said: str = "", phase: str = SERVING, generation: str = "g") -> State:
    """Return what a node says of itself; `said` is its word on updates."""
    return State(name, generation, phase=phase, updates=said)


def sight(node: str = "b", **said: State | None) -> Sight:
    """Return what `node` of the cluster a, b, c sees; the others have said nothing of updates, unless they do here."""
    states = {name: said.get(name, state(name)) for name in "abc"}
    others = tuple(Other(name, at, states[name]) for at, name in enumerate("abc") if name != node)
    return Sight("abc".index(node), states[node], others)


DONE = state("a", f"{NOW} {words.DONE}")


def test_the_first_begins_and_the_others_wait_for_it() -> None:
    assert turn.judge(sight("a"), NOW).go
    assert turn.judge(sight("b"), NOW).wait == "node a has its turn first"
    assert turn.judge(sight("c", a=DONE), NOW).wait == "node b has its turn first"


def test_the_next_one_begins_once_all_before_it_are_through() -> None:
    assert turn.judge(sight("b", a=DONE), NOW).go
    assert turn.judge(sight("c", a=DONE, b=replace(DONE, node="b")), NOW).go


def test_what_was_said_in_another_week_counts_for_nothing() -> None:
    assert not turn.judge(sight("b", a=state("a", f"{BEFORE} {words.DONE}")), NOW).go
    assert turn.judge(sight("a", c=state("c", f"{BEFORE} {words.FAILED}")), NOW).go


@pytest.mark.parametrize("node", ["a", "c"])
def test_a_node_that_could_not_be_updated_stops_the_round_for_all(node: str) -> None:
    seen = sight("b", **{"a": DONE, node: state(node, f"{NOW} {words.FAILED}")})
    assert turn.judge(seen, NOW).stop == f"node {node} could not be updated"


def test_one_that_stopped_for_another_stops_nobody_once_that_one_is_begun_again() -> None:
    """Else each would stop for the other for ever."""
    assert turn.judge(sight("a", c=state("c", f"{NOW} {words.STOPPED}")), NOW).go
    assert turn.judge(sight("b", a=state("a", f"{NOW} {words.STOPPED}")), NOW).wait == "node a has its turn first"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (None, "node c does not answer"),
        (state("c", phase="copying"), "node c is copying"),
        (state("c", generation="next"), "node c is at generation next"),
        (state("c", f"{NOW} {words.CHANGES}"), "node c puts other settings in force"),
        (state("c", f"- {words.CHANGES}"), "node c puts other settings in force"),
        (state("c", f"{BEFORE} {words.RESTARTS}"), "node c has its turn"),
    ],
)
def test_nobody_begins_while_another_one_is_not_there_for_the_users(other: State | None, reason: str) -> None:
    assert turn.judge(sight("b", a=DONE, c=other), NOW).wait == reason


def test_a_node_that_does_not_serve_itself_does_not_begin() -> None:
    for own in (None, state("a", phase="failed")):
        assert turn.judge(sight("a", a=own), NOW).wait == "this node does not serve"


def test_one_that_leads_its_users_away_may_go_on_as_long_as_the_others_serve() -> None:
    assert turn.hindrance(sight("a", a=state("a", phase=LEAVING)), NOW).go
    assert not turn.hindrance(sight("a", b=state("b", phase=LEAVING)), NOW).go


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        (state("a", f"{NOW} {words.CHANGES}"), "this node puts other settings in force"),
        (state("a", f"- {words.CHANGES}"), "this node puts other settings in force"),
        (state("a", generation="next"), "node b is at generation g"),
    ],
)
def test_nobody_begins_or_goes_on_with_its_turn_while_its_own_settings_change(own: State, reason: str) -> None:
    for each in (own, replace(own, phase=LEAVING)):
        assert turn.hindrance(sight("a", a=each), NOW).wait == reason
    assert turn.judge(sight("a", a=own), NOW).wait == reason


def test_nobody_goes_on_with_its_turn_whose_member_does_not_answer() -> None:
    """Its users are led away by the member alone."""
    assert turn.hindrance(sight("a", a=None), NOW).wait == "this node's member does not answer"


def test_a_node_without_others_begins() -> None:
    assert turn.judge(Sight(0, state("a"), ()), NOW).go


def test_one_left_by_nodes_that_are_absent_for_now_begins_only_without_them() -> None:
    """In a roll the one of a pair that is left is the one that serves."""
    seen = Sight(0, state("a"), (), ("b", "c"))
    assert turn.judge(seen, NOW).wait == "node b is absent by the cluster file"
    assert turn.judge(seen, NOW, without=True).go


def test_going_on_without_absent_nodes_is_no_leave_to_go_without_the_others() -> None:
    seen = replace(sight("b", a=None), absent=("d",))
    assert turn.judge(seen, NOW, without=True).wait == "node a does not answer"
    assert turn.judge(replace(sight("b", a=state("a", f"{NOW} {words.FAILED}")), absent=("d",)), NOW).stop


@given(st.lists(st.sampled_from(PHASES), min_size=3, max_size=3))
def test_two_never_have_their_turn_at_once_whatever_they_have_said(said: list[str]) -> None:
    states = {name: state(name, f"{NOW} {phase}") for name, phase in zip("abc", said, strict=True)}
    going = [name for name in "abc" if turn.judge(sight(name, **states), NOW).go]
    waiting = [name for name in going if states[name].updates == f"{NOW} {words.WAITS}"]
    assert len(waiting) <= 1
    taken = [name for name in "abc" if states[name].updates.split()[1] in words.TURN]
    assert not [name for name in going if set(taken) - {name}]


def test_a_word_is_read_as_it_was_told() -> None:
    word = words.Word(NOW, words.WAITS)
    assert words.read(word.text) == word
    assert [words.read(text) for text in ("", "2026-W48", " done")] == [None, None, None]
