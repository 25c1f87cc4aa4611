"""What a gate process does otherwise where fronts stand between the nodes."""

from pathlib import Path
from typing import Any, cast

import pytest

from musternode.between.passage import GUEST
from musternode.h2 import parts
from musternode.h2.pair_state import Rules
from musternode.h2.parts import Parts, Place
from tests.pair_world import Board, BoardWitness, Node, NoKernel


class Made:
    """A part of a gate process that remembers how it was made, and whether it was started."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named, self.started = given, named, False
        ALL.append(self)

    def start(self) -> None:
        """Remember."""
        self.started = True


ALL: list[Made] = []
PEER = "10.0.1.11"


@pytest.fixture(params=["", GUEST], ids=["plain", "fronts"])
def process(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """Return a gate process without and with fronts; its gate, clients and look for half-open ones are `Made`."""
    ALL.clear()
    for name in ("PeerClient", "Gate", "HalfOpen"):
        monkeypatch.setattr(parts, name, type(name, (Made,), {}))
    place = Place(("127.0.0.1", 0), (PEER, 9093), b"key", "sa", tmp_path, tmp_path, request.param)
    board = Board()
    node = Node("a", tmp_path, (9092, 9093), board)
    return Parts(
        place,
        Rules("a", "b", lowest=True),
        node.database(),
        cast("Any", NoKernel()),
        BoardWitness(board, "a"),
        node,
        seed=lambda _: None,
        restore=lambda _, __: None,
        look=lambda _: None,
        more=dict,
    )


def made(name: str) -> list[Made]:
    """Return the parts of that name."""
    return [each for each in ALL if type(each).__name__ == name]


def test_a_refusal_counts_for_what_it_is(process: Parts) -> None:
    fronts = bool(process._place.guest)
    assert {each.named["fronted"] for each in made("PeerClient")} == {fronts}


def test_the_gate_takes_the_guest_for_the_other_node(process: Parts) -> None:
    (gate,) = made("Gate")
    assert gate.named["stands_for"] == ({GUEST: PEER} if process._place.guest else {})


def test_half_open_connections_are_looked_for_where_a_kernel_has_both_ends_alone(process: Parts) -> None:
    for part in process._watching():
        if isinstance(part, Made):
            part.start()
    (look,) = made("HalfOpen")
    assert look.started is not bool(process._place.guest)
