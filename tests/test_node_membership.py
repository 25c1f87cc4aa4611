"""What a member does, decided by pure functions over all that can be known."""

import itertools
from dataclasses import replace

import pytest

from musternode.membership import Action, Hold, Own, decide, hold, may_leave, waits_for
from musternode.state import State, read

A, B = State("a", "g"), State("b", "g")
DISKS = ("empty", "old", "held")


@pytest.mark.parametrize("own", [Own(disk, lowest) for disk in DISKS for lowest in (False, True)])
def test_without_the_peers_word_nothing_is_served_or_made(own: Own) -> None:
    assert decide(own, None) is Action.WAIT


@pytest.mark.parametrize("own", [Own(disk, lowest) for disk in DISKS for lowest in (False, True)])
@pytest.mark.parametrize("database", ["ready", "open"])
def test_a_database_that_can_be_copied_is_copied(own: Own, database: str) -> None:
    assert decide(own, replace(B, database=database)) is Action.COPY


@pytest.mark.parametrize(
    ("disk", "lowest", "peer_disk", "action"),
    [
        ("empty", True, "empty", Action.SEED),
        ("empty", False, "empty", Action.WAIT),
        ("held", True, "held", Action.SERVE),
        ("held", False, "held", Action.WAIT),
        ("held", True, "empty", Action.SERVE),
        ("held", False, "empty", Action.SERVE),
        ("empty", True, "held", Action.WAIT),
        ("empty", False, "held", Action.WAIT),
        ("old", True, "held", Action.WAIT),
        ("held", False, "old", Action.SERVE),
        ("old", True, "old", Action.SERVE),
        ("old", False, "empty", Action.SERVE),
    ],
)
def test_two_members_of_which_none_serves(disk: str, lowest: bool, peer_disk: str, action: Action) -> None:
    assert decide(Own(disk, lowest), replace(B, disk=peer_disk)) is action


def test_of_two_members_that_see_each_other_exactly_one_moves() -> None:
    for disk_a, disk_b in itertools.product(DISKS, repeat=2):
        actions = [
            decide(Own(disk_a, True), replace(B, disk=disk_b)),
            decide(Own(disk_b, False), replace(A, disk=disk_a)),
        ]
        assert sorted(action is Action.WAIT for action in actions) == [False, True]


ALONE = replace(A, alone=True)


@pytest.mark.parametrize(
    ("disk", "peer", "action"),
    [
        ("held", None, Action.SERVE),
        ("old", None, Action.SERVE),
        ("empty", None, Action.WAIT),
        ("held", replace(B, disk="held"), Action.SERVE),
        ("held", replace(B, disk="held", database="open"), Action.COPY),
        ("empty", replace(B, disk="held", database="ready"), Action.COPY),
        ("old", replace(B, disk="held"), Action.WAIT),
        ("empty", B, Action.WAIT),
    ],
)
@pytest.mark.parametrize("lowest", [True, False])
def test_one_alone_serves_what_it_has_unless_the_other_still_serves(
    disk: str, peer: State | None, action: Action, lowest: bool
) -> None:
    assert decide(Own(disk, lowest, alone=True), peer) is action


def test_of_one_alone_and_one_that_leaves_at_most_one_moves() -> None:
    for stays, leaves in itertools.product(DISKS, repeat=2):
        for lowest in (True, False):
            actions = [
                decide(Own(stays, lowest, alone=True), replace(B, disk=leaves)),
                decide(Own(leaves, not lowest, leaves=True), replace(ALONE, disk=stays)),
            ]
            assert actions.count(Action.WAIT) == (2 if stays == leaves == "empty" else 1)
            assert Action.SEED not in actions


@pytest.mark.parametrize("database", ["shut", "ready", "open"])
@pytest.mark.parametrize("disk", DISKS)
def test_who_meets_one_alone_waits_until_that_knows_of_it(disk: str, database: str) -> None:
    assert decide(Own(disk, lowest=True), replace(ALONE, disk="held", database=database)) is Action.WAIT


@pytest.mark.parametrize(
    ("peer", "answer"),
    [
        (replace(ALONE, database="open", phase="serving"), True),
        (replace(ALONE, database="open", phase="starting"), False),
        (replace(ALONE, database="ready", phase="serving"), False),
        (replace(ALONE, database="open", phase="serving", generation="before"), False),
        (replace(A, database="open", phase="serving"), False),
        (None, False),
    ],
)
def test_one_leaves_only_when_the_other_serves_alone_by_the_same_word(peer: State | None, answer: bool) -> None:
    assert may_leave(replace(B, database="open"), peer) is answer


def test_data_is_never_made_where_data_is() -> None:
    both = (False, True)
    for own, lowest, alone, leaves, disk, database, lone in itertools.product(
        DISKS, both, both, both, DISKS, ("shut", "open"), both
    ):
        action = decide(Own(own, lowest, alone, leaves), replace(B, disk=disk, database=database, alone=lone))
        assert action is not Action.SEED or (own == disk == "empty" and database == "shut" and not alone)


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
        (replace(A, alone=True), replace(B, wants="1"), 0, Hold.KEEP),
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
