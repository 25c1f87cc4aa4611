"""What members tell each other of artifacts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.appserver import words
from musternode.appserver.words import Word
from musternode.carbon import words as carbon
from musternode.subversion.words import Role
from tests.appserver_support import held
from tests.node_servers import serving

NAMES = st.text(max_size=8)
WORDS = st.builds(
    Word,
    NAMES,
    st.dictionaries(NAMES, NAMES, max_size=3),
    st.lists(NAMES, max_size=3).map(tuple),
    st.frozensets(NAMES, max_size=3),
    st.booleans(),
    st.one_of(st.none(), st.builds(held, NAMES, st.sampled_from([None, *Role]), st.integers(0, 9))),
    st.lists(NAMES, max_size=3).map(tuple),
    st.booleans(),
)


@given(WORDS)
def test_what_is_said_is_what_is_heard(word: Word) -> None:
    assert words.read(words.body(serving("a"), word)) == (serving("a"), word)


@pytest.mark.parametrize(
    ("name", "value"), [("commits", 1), ("commits", None), ("leaving", None), ("anew", 1), ("sees", 3), ("seen", None)]
)
def test_an_answer_of_another_form_is_none(name: str, value: object) -> None:
    said = json.loads(words.body(serving("a"), Word("id", {})))
    assert words.read(json.dumps(said).encode()) is not None
    assert words.read(json.dumps({**said, name: value}).encode()) is None


def test_one_that_says_nothing_of_artifacts_is_another_product() -> None:
    assert words.read(carbon.body(serving("a"), Word("id", {}))) is None


def test_a_repository_that_cannot_be_read_is_not_known() -> None:
    said = json.loads(words.body(serving("a"), Word("id", {}, held=held("a"))))
    heard = words.read(json.dumps({**said, "repository": {"node": 1}}).encode())
    assert heard is not None
    assert heard[1].held is None
