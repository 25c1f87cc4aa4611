"""What the engines' members tell each other, and what follows of it."""

import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.axonivy import doors, sight, words
from musternode.axonivy.doors import CALM, EVERY, Doors
from musternode.state import State
from tests.node_axonivy import Node, chosen
from tests.node_servers import address, serving

A, B, C = (address(name) for name in "abc")
ADDRESSES = frozenset({A, B, C})


@given(st.frozensets(st.sampled_from(sorted(ADDRESSES))), st.booleans(), st.text())
def test_what_a_member_says_is_what_others_read(seen: frozenset[str], healthy: bool, failure: str) -> None:
    own = State("a", "g", healthy=healthy, failure=failure)
    assert words.read(words.body(own, seen)) == (own, seen)


def test_an_answer_has_the_addresses_in_their_order() -> None:
    assert json.loads(words.body(State("a", "g"), frozenset({B, A})))["seen"] == [A, B]


@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["seen", "node", "generation", "x"]), inner)
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_what_is_no_answer_is_none(text: bytes) -> None:
    found = words.read(text)
    assert found is None or (isinstance(found[0], State) and all(isinstance(one, str) for one in found[1]))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"seen": "abc", "node": "a", "generation": "g"}', '{"seen": [1]}', "1"]
)
def test_these_are_none(text: str) -> None:
    assert words.read(text.encode()) is None


def test_a_member_is_seen_if_it_says_that_it_is_healthy_and_its_port_lets_this_node_in() -> None:
    others = {B: serving("b"), C: serving("c", healthy=False)}
    assert sight.seen(A, others, {B, C}, healthy=True) == {A, B}
    assert sight.seen(A, others, {C}, healthy=True) == {A}
    assert sight.seen(A, others, {B, C}, healthy=False) == {B}
    assert sight.seen(A, {}, {B, C}, healthy=False) == set()


def formed(own: frozenset[str], states: dict[str, State], said: dict[str, frozenset[str]], names: str = "abc") -> bool:
    """Return whether node a says so that sees `own`, as far as the others have told it `states` and `said`."""
    node = Node(chosen(names))
    node.engine.up, node.engine.sick = True, A not in own
    node.others.said = {name: states[address(name)] for name in names if address(name) in states}
    node.others.heard, node.others.doors = said, set(own)
    return node.tick().formed


@given(
    st.frozensets(st.sampled_from(sorted(ADDRESSES))),
    st.dictionaries(st.sampled_from([B, C]), st.booleans()),
    st.dictionaries(st.sampled_from([B, C]), st.frozensets(st.sampled_from(sorted(ADDRESSES)))),
)
def test_it_has_formed_when_each_sees_all_and_serves(
    own: frozenset[str], serves: dict[str, bool], said: dict[str, frozenset[str]]
) -> None:
    states = {one: serving("x", phase="serving" if yes else "starting") for one, yes in serves.items()}
    each = own == ADDRESSES and all(serves.get(one) and said.get(one) == ADDRESSES for one in (B, C))
    assert formed(own, states, said) == each


def test_one_alone_has_formed_by_itself() -> None:
    assert formed(frozenset({A}), {}, {}, "a")
    assert not formed(frozenset(), {}, {}, "a")


def knocks(answers: Any) -> Doors:
    """Return the doors of b and c, of which the `answers` are known."""
    return Doors(chosen().others("a"), 7800, answers)


def test_doors_are_those_that_opened_last_and_tried_seldom_then() -> None:
    open_ = {B}
    tried = knocks(lambda at, port: at in open_ and port == 7800)
    assert [tried.look(B), tried.look(C)] == [CALM, EVERY]
    assert tried.open() == {B}
    open_.clear()
    assert tried.look(B) == EVERY
    assert tried.open() == frozenset()


def test_a_fault_while_trying_ends_no_thread() -> None:
    def broken(_address: str, _port: int) -> bool:
        raise ValueError

    tried = knocks(broken)
    assert (tried.look(B), tried.open()) == (EVERY, frozenset())


def test_a_port_opens_where_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert doors.opens("127.0.0.1", port)
    assert not doors.opens("127.0.0.1", port)
