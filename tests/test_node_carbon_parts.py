"""Which part of a cluster that came apart goes on, whatever its members have noticed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon.parts import FIRST, LONGEST, Patience, beaten, parted, together, views
from musternode.carbon.sight import Word

A, B, C, D, E = (f"10.0.1.{number}" for number in range(10, 15))
ORDINALS = {each: number for number, each in enumerate((A, B, C, D, E))}
Seen = dict[str, frozenset[str]]


def apart(*parts: str) -> Seen:
    """Return whom each member sees after a cut that all have noticed: parts as letters, `ab` and `c`."""
    names = dict(zip("abcde", (A, B, C, D, E), strict=True))
    return {names[one]: frozenset(names[each] for each in part) for part in parts for one in part}


def losers(seeing: Seen) -> set[str]:
    """Return the members that must give way if all that do not see each other have come apart."""
    return {own for own in seeing if beaten(own, seeing, ORDINALS, seeing)}


@pytest.mark.parametrize(
    ("seeing", "lose"),
    [
        (apart("abc"), set()),
        (apart("ab", "c"), {C}),
        (apart("a", "bc"), {A}),
        (apart("ab", "cde"), {A, B}),
        (apart("ab", "cd"), {C, D}),
        (apart("a", "b"), {B}),
        (apart("ad", "be", "c"), {B, C, E}),
        (apart("a", "b", "c"), {B, C}),
    ],
)
def test_the_larger_part_goes_on_and_of_equal_ones_that_of_the_lowest_place(seeing: Seen, lose: set[str]) -> None:
    assert losers(seeing) == lose


@pytest.mark.parametrize(("all_", "still"), [("abc", A), ("abc", C), ("ab", A), ("ab", B)])
def test_one_that_stood_still_gives_way_to_those_that_saw_it_leave(all_: str, still: str) -> None:
    """It comes back with all members in mind. Of two, it is right that saw the other leave: it was asked since."""
    others = frozenset(apart(all_)) - {still}
    seeing = {**dict.fromkeys(others, others), still: frozenset(apart(all_))}
    assert losers(seeing) == {still}


def test_members_that_cannot_be_heard_have_no_say() -> None:
    assert losers({C: frozenset({C})}) == set()
    assert losers({A: frozenset({A}), C: frozenset({C, D})}) == {C}, "nobody heard D say that it is with C"


def test_one_that_another_sees_comes_to_no_harm_though_it_does_not_see_that_yet() -> None:
    """They are about to be together: the log of one was read before the other's."""
    seeing = {A: frozenset({A, B, C}), B: frozenset({A, B}), C: frozenset({C})}
    assert not {own for own in seeing if beaten(own, seeing, ORDINALS, {B} if own == A else {A})}


def test_those_that_begin_have_not_come_apart() -> None:
    """As a pair of which one was started: it hears of the other some moments later than that of it."""
    seeing = {A: frozenset({A, B}), B: frozenset({B})}
    assert not beaten(A, seeing, ORDINALS, ())
    assert beaten(A, seeing, ORDINALS, {B}), "the control: B saw it leave"


def test_who_left_is_apart_whoever_of_both_saw_it() -> None:
    words = {B: Word("b", {}, (A,)), C: Word("c", {}, (B,))}
    assert parted(A, (D,), words) == {B, D}


def test_one_whose_engine_does_not_run_is_in_no_part() -> None:
    assert views(A, frozenset(), {B: Word("b", {}, (), frozenset({B}))}, {A, B}) == {}
    assert not beaten(A, {}, ORDINALS, {B})


def test_words_of_strangers_and_of_engines_that_do_not_run_are_passed_over() -> None:
    words = {B: Word("b", {}, (), frozenset({B, E})), C: Word("", {}, (), frozenset({C})), E: Word("e", {})}
    assert views(A, frozenset({A}), words, {A, B, C}) == {A: frozenset({A}), B: frozenset({B})}


SEEING = st.dictionaries(
    st.sampled_from([A, B, C, D, E]), st.frozensets(st.sampled_from([A, B, C, D, E])), min_size=1
).map(lambda found: {own: sees | {own} for own, sees in found.items()})


@given(SEEING)
def test_somebody_always_goes_on(seeing: Seen) -> None:
    assert losers(seeing) != set(seeing)


@given(SEEING)
def test_nobody_that_all_see_gives_way(seeing: Seen) -> None:
    assert not {own for own in losers(seeing) if all(own in sees for sees in seeing.values())}


@given(SEEING)
def test_being_together_is_mutual(seeing: Seen) -> None:
    for own in seeing:
        assert all(own in together(other, seeing) for other in together(own, seeing))


@given(st.permutations("abcde"), st.sets(st.integers(1, 4)))
def test_after_any_cut_one_part_goes_on_whole_and_all_others_give_way(order: list[str], cuts: set[int]) -> None:
    places = [0, *sorted(cuts), 5]
    parts = ["".join(order[begin:end]) for begin, end in pairwise(places)]
    seeing = apart(*parts)
    assert set(seeing) - losers(seeing) in [set(apart(part)) for part in parts]


def test_patience_is_lost_after_its_seconds_without_a_break() -> None:
    patience = Patience()
    assert [patience.lost(True, now) for now in (0.0, FIRST - 0.1, FIRST)] == [False, False, True]
    assert not patience.lost(False, FIRST + 1)
    assert [patience.lost(True, 100 + now) for now in (0.0, FIRST - 0.1, FIRST)] == [False, False, True]


def test_patience_lasts_twice_as_long_each_time_up_to_a_limit_and_is_renewed() -> None:
    patience, now = Patience(), 0.0
    for seconds in (15, 30, 60, 120, 240, LONGEST, LONGEST):
        assert not patience.lost(True, now)
        assert not patience.lost(True, now + seconds - 0.1)
        assert patience.lost(True, now + seconds)
        patience.double()
        now += 1000
    patience.renew()
    assert not patience.lost(True, now)
    assert patience.lost(True, now + FIRST)
