"""What a member does, decided by pure functions over all that can be known."""

import itertools
from dataclasses import replace

import pytest

from musternode.membership import Action, Hold, Own, decide, hold, waits_for
from musternode.state import State, read

A, B = State("a", "g"), State("b", "g")


@pytest.mark.parametrize("own", [Own(held, lowest) for held in (False, True) for lowest in (False, True)])
def test_without_the_peers_word_nothing_is_served_or_made(own: Own) -> None:
    assert decide(own, None) is Action.WAIT


@pytest.mark.parametrize("own", [Own(held, lowest) for held in (False, True) for lowest in (False, True)])
@pytest.mark.parametrize("database", ["ready", "open"])
def test_a_database_that_can_be_copied_is_copied(own: Own, database: str) -> None:
    assert decide(own, replace(B, database=database)) is Action.COPY


@pytest.mark.parametrize(
    ("held", "lowest", "peer_disk", "action"),
    [
        (False, True, "empty", Action.SEED),
        (False, False, "empty", Action.WAIT),
        (True, True, "held", Action.SERVE),
        (True, False, "held", Action.WAIT),
        (True, True, "empty", Action.SERVE),
        (True, False, "empty", Action.SERVE),
        (False, True, "held", Action.WAIT),
        (False, False, "held", Action.WAIT),
    ],
)
def test_two_members_of_which_none_serves(held: bool, lowest: bool, peer_disk: str, action: Action) -> None:
    assert decide(Own(held, lowest), replace(B, disk=peer_disk)) is action


def test_of_two_members_that_see_each_other_exactly_one_moves() -> None:
    for held_a, held_b in itertools.product((False, True), repeat=2):
        state_a, state_b = (replace(one, disk="held" if held else "empty") for one, held in ((A, held_a), (B, held_b)))
        actions = [decide(Own(held_a, True), state_b), decide(Own(held_b, False), state_a)]
        assert sorted(action is Action.WAIT for action in actions) == [False, True]


def test_data_is_never_made_where_data_is() -> None:
    for held, lowest, disk, database in itertools.product(
        (False, True), (False, True), ("empty", "held"), ("shut", "open")
    ):
        action = decide(Own(held, lowest), replace(B, disk=disk, database=database))
        assert action is not Action.SEED or (not held and disk == "empty" and database == "shut")


@pytest.mark.parametrize(
    ("own", "peer", "silent", "answer"),
    [
        (A, None, 0, Hold.KEEP),
        (A, B, 0, Hold.KEEP),
        (A, replace(B, wants="1"), 0, Hold.BEGIN),
        (replace(A, released="1"), replace(B, wants="1"), 0, Hold.KEEP),
        (replace(A, broke="1"), replace(B, wants="1"), 0, Hold.KEEP),
        (replace(A, holds="1"), replace(B, wants="1"), 0, Hold.KEEP),
        (replace(A, holds="1"), replace(B, wants="1", copied="1"), 0, Hold.RELEASE),
        (replace(A, holds="1"), replace(B, wants=""), 0, Hold.BREAK),
        (replace(A, holds="1"), replace(B, wants="2"), 0, Hold.BREAK),
        (replace(A, holds="1"), None, 9, Hold.KEEP),
        (replace(A, holds="1"), None, 11, Hold.BREAK),
    ],
)
def test_a_source_keeps_its_clients_out_only_for_a_living_copying(
    own: State, peer: State | None, silent: float, answer: Hold
) -> None:
    assert hold(own, peer, silent, 10) is answer


def test_a_silent_peer_is_named_with_address_port_time_and_where_to_look() -> None:
    text = waits_for(A, None, "10.64.1.11", 9093, "b", 812.4)
    assert text is not None
    for word in ("node b", "10.64.1.11", "9093", "812 s", "security group"):
        assert word in text


def test_a_peer_with_a_cause_of_its_own_is_not_spoken_for() -> None:
    assert waits_for(A, replace(B, failure="node b: no disk"), "10.64.1.11", 9093, "b", 0) is None


def test_a_state_survives_its_journey_and_strange_ones_are_refused() -> None:
    state = replace(A, phase="serving", healthy=True, wants="x")
    assert read(state.json()) == state
    assert read(state.json().replace(b'"node"', b'"newer": 1, "node"')) == state
    for strange in (b"", b"[]", b"{}", b'{"node": 1, "generation": "g"}', b"\xff"):
        assert read(strange) is None
