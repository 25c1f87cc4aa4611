"""How a member leaves that the cluster file wants absent; nothing else ends an application."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from musternode import member
from musternode.member import DRAIN, may_leave
from musternode.settings import Settings
from musternode.standing import Standing
from musternode.state import State
from tests.node_member import ALONE, ELSEWHERE, GONE_ON, LEAVES, LONE, NOWHERE, PAIR, Node
from tests.node_words import OWN, whole, word


@pytest.fixture(autouse=True)
def _reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the peer's gate take connections."""
    monkeypatch.setattr(member, "reachable", lambda *_: True)


def test_one_that_is_to_be_absent_goes_on_until_the_other_serves_alone() -> None:
    """A rollout that fails on the one that stays must not take the other one away."""
    node = Node(chosen=LEAVES)
    assert node.tick(whole(), times=20, seconds=10).phase == "serving"
    assert node.app.said == ["start"]


def test_one_that_leaves_keeps_its_users_for_a_while_and_then_is_left_for_good() -> None:
    node = Node(chosen=LEAVES)
    node.tick(whole())
    assert node.tick(GONE_ON).phase == "leaving"
    assert node.tick(GONE_ON, seconds=DRAIN - 1).phase == "leaving"
    assert node.app.up
    state = node.tick(GONE_ON, seconds=2)
    assert (state.phase, state.healthy) == ("left", False)
    assert node.tick(GONE_ON, times=20, seconds=10).phase == "left"
    assert node.tick(replace(GONE_ON, gate=False), times=20, seconds=10).phase == "left"
    assert node.app.said == ["start", "stop"]
    assert node.reported.sent == []


def test_one_that_leaves_says_so_at_every_moment_of_it() -> None:
    """Between the words "leaving" and "left" no new user may be sent to it."""
    node = Node(chosen=LEAVES)
    node.tick(whole())
    node.tick(GONE_ON, times=40, seconds=0.5)
    phases = [state.phase for state in node.states]
    assert phases[phases.index("leaving") :] == ["leaving", "left"]


def test_a_leaving_that_is_called_off_gives_the_node_its_users_again() -> None:
    node = Node(chosen=LEAVES)
    node.tick(GONE_ON, times=2)
    assert node.tick(whole(), times=2).phase == "serving"
    assert node.tick(GONE_ON, seconds=DRAIN + 1).phase == "leaving"


def test_one_that_was_absent_when_it_booted_is_left_and_starts_nothing() -> None:
    node = Node(chosen=LEAVES)
    assert node.tick(replace(GONE_ON, gate=False)).phase == "left"
    assert node.app.said == []


def test_a_gate_that_is_shut_for_a_moment_makes_nobody_leave() -> None:
    """The gate process steps out by the word "left", which must not be said while the other one needs this node."""
    node = Node(chosen=LEAVES)
    node.tick(whole())
    assert node.tick(NOWHERE, times=5, seconds=10).phase == "waiting"
    assert node.tick(whole()).phase == "serving"


@pytest.mark.parametrize(
    ("peer", "answer"),
    [
        (ALONE, True),
        (replace(ALONE, phase="starting"), False),
        (replace(ALONE, database="shut"), False),
        (replace(ALONE, generation="before"), False),
        (replace(ALONE, alone=False), False),
        (None, False),
    ],
)
def test_one_leaves_only_when_the_other_serves_alone_by_the_same_word(peer: State | None, answer: bool) -> None:
    assert may_leave(replace(OWN, node="b"), peer) is answer


STANDINGS: list[Callable[[], Standing | None]] = [
    lambda: None,
    lambda: NOWHERE,
    lambda: ELSEWHERE,
    whole,
    lambda: GONE_ON,
    lambda: replace(NOWHERE, failure="node a: x"),
    lambda: whole(peer=word(state=None)),
]


@pytest.mark.parametrize("chosen", [PAIR, LONE, LEAVES], ids=["pair", "alone", "leaves"])
@pytest.mark.parametrize("before", STANDINGS)
@pytest.mark.parametrize("after", STANDINGS)
def test_no_turn_of_the_pair_stops_an_application_but_the_leaving(
    chosen: Settings, before: Callable[[], Standing | None], after: Callable[[], Standing | None]
) -> None:
    node = Node(chosen=chosen)
    node.tick(before(), times=3, seconds=DRAIN)
    node.tick(after(), times=3, seconds=DRAIN)
    assert "stop" not in node.app.said or node.board.state.phase == "left"
    serving = node.board.state.phase == "serving"
    assert not serving or (node.standing is not None and node.standing.gate and node.app.up)
