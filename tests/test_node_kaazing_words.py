"""What members of a cluster of gateways tell each other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.kaazing import words
from musternode.kaazing.words import Word
from tests.node_servers import serving
from tests.test_node_state import JSON


@given(st.frozensets(st.text(max_size=9)), st.booleans())
def test_what_is_said_is_what_is_heard(seen: frozenset[str], merged: bool) -> None:
    state, word = serving("a", formed=True), Word(seen, merged)
    assert words.read(words.body(state, word)) == (state, word)


def test_whom_it_sees_stands_in_order() -> None:
    assert json.loads(words.body(serving("a"), Word(frozenset("cab"))))["seen"] == ["a", "b", "c"]


@pytest.mark.parametrize("lacking", ["seen", "merged", "node"])
def test_half_a_word_is_none(lacking: str) -> None:
    value = json.loads(words.body(serving("a"), Word()))
    del value[lacking]
    assert words.read(json.dumps(value).encode()) is None


@given(JSON, JSON)
def test_anything_else_is_no_word_and_no_fault(one: Any, other: Any) -> None:
    whole = {**vars(serving("a")), "seen": one, "merged": other}
    for text in (json.dumps(one).encode(), json.dumps(whole).encode(), repr(one).encode()):
        found = words.read(text)
        assert found is None or found[1].merged in (True, False)
