"""Whether a member sees enough of its cluster to be given users."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.servers.majority import enough

NAMES = "abcdefg"


@pytest.mark.parametrize(
    ("wanted", "seen", "left", "so"),
    [
        ("a", "a", "", True),
        ("a", "", "", False),
        ("ab", "ab", "", True),
        ("ab", "a", "", False),
        ("ab", "a", "b", True),
        ("abc", "ab", "", True),
        ("abc", "a", "bc", False),
        ("abcd", "ab", "cd", False),
        ("abc", "axyz", "", False),
    ],
)
def test_enough_is_a_majority_or_of_two_the_one_that_saw_the_other_leave(
    wanted: str, seen: str, left: str, so: bool
) -> None:
    assert enough(frozenset(seen), "a", frozenset(wanted), left) is so


@given(st.integers(3, 7), st.data())
def test_of_two_parts_of_three_or_more_members_one_at_most_is_enough(number: int, data: st.DataObject) -> None:
    wanted = frozenset(NAMES[:number])
    part = data.draw(st.sampled_from([frozenset(c) for n in range(1, number) for c in combinations(sorted(wanted), n)]))
    parts = (part, wanted - part)
    assert sum(all(enough(one, own, wanted, wanted - one) for own in one) for one in parts) <= 1
