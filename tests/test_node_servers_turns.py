"""Whose turn it is in a rolling change of servers, and what is refused to those of WSO2 Carbon."""

from dataclasses import replace
from typing import Any

import pytest

from musternode.carbon.settings import Settings, refusal
from musternode.servers import turns
from musternode.state import State
from tests.node_carbon import chosen
from tests.node_servers import members, serving

OWN = chosen("abc")
OLD = {name: serving(name) for name in "abc"}


def peers(*new: str, **others: State) -> dict[str, State]:
    """Return what members say, `new` of them at the new generation already."""
    return {**OLD, **{name: serving(name, "new") for name in new}, **others}


def turn(node: str, said: dict[str, State], new: Settings | None = None, own: Settings = OWN) -> bool:
    """Return whether `node` may go on to the new generation."""
    return turns.is_turn(own, node, "new", said, new)


def test_one_after_the_other_by_ordinal() -> None:
    assert [turn(name, peers()) for name in "abc"] == [True, False, False]
    assert [turn(name, peers("a")) for name in "abc"] == [True, True, False]
    assert [turn(name, peers("a", "b")) for name in "abc"] == [True, True, True]


@pytest.mark.parametrize("phase", ["starting", "waiting", "failed"])
def test_nobody_goes_on_before_those_before_it_serve(phase: str) -> None:
    assert not turn("b", peers(a=serving("a", "new", phase=phase)))


def test_one_that_does_not_answer_is_waited_for() -> None:
    assert not turn("b", {"c": OLD["c"]})


def test_those_that_are_absent_or_are_to_be_are_not_waited_for() -> None:
    assert turn("b", {}, own=chosen("abc", absent="a"))
    assert turn("b", {}, new=chosen("abc", absent="a"))
    assert turn("b", {}, new=chosen("bc"))
    assert not turn("c", {}, new=chosen("abc", absent="a"))


def test_one_that_is_to_be_absent_waits_for_nobody() -> None:
    assert turn("c", {}, new=chosen("abc", absent="c"))
    assert turn("c", {}, own=chosen("abc", absent="c"))


def test_those_that_come_are_not_waited_for() -> None:
    """They have begun with the new document, and may need those that are there to have it, too."""
    assert turn("c", peers("a", "b"), new=chosen("abcde"))


def test_the_one_that_is_waited_for_is_named() -> None:
    assert turns.awaited(OWN, "a", "new", peers()) is None
    assert turns.awaited(OWN, "c", "new", peers("a")) == "b"
    assert turns.awaited(OWN, "c", "new", {}, chosen("abc", absent="a")) == "b"


@pytest.mark.parametrize(
    "new",
    [
        chosen("abcde"),
        chosen("ab"),
        chosen("abc", absent="b"),
        chosen("abc", product={"heartbeat": 30, "engine": "5.3.2", "kernel": "4.10.5"}),
        chosen("abc", product={"membership": "wka", "credentials": "none"}),
        chosen("abc", java=21, formation_timeout=60, wait_url="http://x/"),
        chosen("abc", artifact={"bucket": "b", "key": "k", "sha256": "9" * 64, "name": "x.zip"}),
    ],
)
def test_what_can_be_changed_one_after_the_other_is_not_refused(new: Settings) -> None:
    assert refusal(OWN, new) is None


@pytest.mark.parametrize(
    ("new", "named"),
    [
        (chosen(product={"domain": "other"}), "the domain of running members"),
        (chosen(product={"home": "/srv"}), "the product's home of running members"),
        (replace(OWN, ports=replace(OWN.ports, member=5702)), "the members' port of running members"),
        (replace(OWN, ports=replace(OWN.ports, peer=9999)), "the peer port of running members"),
        (chosen(product={"kernel": "4.11.0", "engine": "4.2.6"}), "Hazelcast 5.3.6 and 4.2.6 form no cluster"),
    ],
)
def test_what_parts_the_members_while_it_is_changed_is_refused_by_name(new: Any, named: str) -> None:
    reason = refusal(OWN, new)
    assert reason is not None
    assert named in reason
    assert "deploy a new" in reason


def test_only_one_that_is_absent_may_come_back_elsewhere() -> None:
    moved = [{**one, "address": "10.0.9.9"} if one["name"] == "b" else one for one in members("abc")]
    assert refusal(chosen("abc", absent="b"), chosen(members=moved)) is None
    reason = refusal(OWN, chosen(members=moved))
    assert reason == "the address of node b can be changed only while it is absent"
