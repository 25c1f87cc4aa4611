"""When a member must take the others' word for it that they have gone on without it."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon.outvoted import Patience, outvoted
from musternode.carbon.sight import Sight, Word
from tests.test_node_carbon_sight import RUN_IDS, A, B, C, D

ALL = {A, B, C, D}
STILL = Sight("a", {B: "b", C: "c"}, {D: "d"})
"""Whom a member sees that stood still while the others put it out."""


def says(own: str, *sees: str, left: tuple[str, ...] = ()) -> Word:
    """Return the word of a member that sees itself and others."""
    return Word(own[-1], {each: each[-1] for each in sees}, left, frozenset({own, *sees}))


def without_a(*names: str) -> dict[str, Word]:
    """Return the words of members that saw a leave."""
    return {each: says(each, left=(A,)) for each in names}


@pytest.mark.parametrize(("wanted", "against", "out"), [(3, 2, True), (3, 1, False), (4, 3, True), (4, 2, False)])
def test_a_majority_that_saw_it_leave_is_right_and_no_smaller_part(wanted: int, against: int, out: bool) -> None:
    members = [A, B, C, D][:wanted]
    assert outvoted(STILL, A, members, without_a(*members[1 : against + 1])) is out


def test_members_that_have_taken_it_in_again_are_not_against_it() -> None:
    assert not outvoted(STILL, A, {A, B, C}, {each: says(each, A) for each in (B, C)})
    assert not outvoted(STILL, A, {A, B, C}, {each: says(each, A, left=(A,)) for each in (B, C)})


def test_members_that_say_nothing_or_have_no_engine_are_not_against_it() -> None:
    assert not outvoted(STILL, A, {A, B, C}, {})
    assert not outvoted(STILL, A, {A, B, C}, {each: Word("", {}, (A,), frozenset()) for each in (B, C)})


def test_one_that_saw_them_leave_too_is_outvoted_as_well() -> None:
    assert outvoted(Sight("a", {}, {}, (B, C)), A, {A, B, C}, without_a(B, C))


def test_a_run_that_was_never_with_them_is_none_that_they_have_gone_on_without() -> None:
    """The one after: they saw the one before leave, and this one has not found them yet."""
    assert not outvoted(Sight("a"), A, {A, B, C}, without_a(B, C))
    assert not outvoted(Sight("a", {B: "b"}), A, {A, B, C}, without_a(B, C))
    assert not outvoted(Sight(), A, {A, B, C}, without_a(B, C))


def test_strangers_have_no_say() -> None:
    assert not outvoted(STILL, A, {A, B, C}, without_a(B, D))


def test_of_two_the_one_that_did_not_see_the_other_leave_stood_still() -> None:
    assert outvoted(Sight("a", {B: "b"}), A, {A, B}, without_a(B))
    assert not outvoted(Sight("a", {}, {}, (B,)), A, {A, B}, without_a(B))
    assert not outvoted(Sight("a", {B: "b"}), A, {A, B}, {B: says(B, A)})


@pytest.mark.parametrize("wanted", range(2, 7))
def test_never_are_both_parts_of_a_cut_outvoted(wanted: int) -> None:
    """Whoever has noticed it: some member always goes on."""
    members = [f"10.0.2.{number}" for number in range(wanted)]
    for cut, noticed in product(range(1, wanted), product([True, False], repeat=2)):
        parts = (members[:cut], members[cut:])
        sights: dict[str, Sight] = {}
        for part, saw in zip(parts, noticed, strict=True):
            beside = {one: one for one in (part if saw else members)}
            gone = tuple(one for one in members if one not in beside)
            sights |= {own: Sight(own, {k: v for k, v in beside.items() if k != own}, {}, gone) for own in part}
        words = {own: says(own, *now.others, left=now.left) for own, now in sights.items()}
        out = {own for own, now in sights.items() if outvoted(now, own, members, words)}
        assert not (out & set(parts[0]) and out & set(parts[1]))
        smaller, larger = sorted(parts, key=len)
        if len(smaller) < len(larger):
            assert bool(out) is noticed[parts.index(larger)]
            assert out <= set(smaller)


ADDRESSES = st.lists(st.sampled_from([A, B, C, D])).map(tuple)


@given(
    st.builds(Sight, RUN_IDS, st.dictionaries(st.sampled_from([B, C, D]), RUN_IDS), left=ADDRESSES),
    st.dictionaries(
        st.sampled_from([B, C, D]),
        st.builds(
            Word,
            RUN_IDS,
            st.dictionaries(st.sampled_from([A, B, C, D]), RUN_IDS),
            ADDRESSES,
            st.frozensets(st.sampled_from([A, B, C, D])),
        ),
    ),
    st.sets(st.sampled_from([A, B, C, D])),
)
def test_whoever_is_outvoted_has_heard_a_majority_say_that_it_left(
    now: Sight, words: dict[str, Word], wanted: set[str]
) -> None:
    wanted |= {A}
    against = [each for each in words if each in wanted and A in words[each].left and A not in words[each].seen]
    if outvoted(now, A, wanted, words):
        assert 2 * len(against) >= len(wanted)
        assert len(wanted) > 1


def test_patience_is_lost_after_its_seconds_without_a_break() -> None:
    patience = Patience(10.0)
    assert [patience.lost(so, now) for so, now in [(True, 0.0), (True, 9.9), (True, 10.0)]] == [False, False, True]
    assert not patience.lost(False, 11.0)
    assert [patience.lost(True, now) for now in (12.0, 21.9, 22.0)] == [False, False, True]
