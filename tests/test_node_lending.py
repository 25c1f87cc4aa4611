"""The source of a copying: what it does when the peer breaks off."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from musternode.lending import SILENCE, Lending
from musternode.mark import Mark
from musternode.settings import Node
from musternode.state import OPEN, READY, Board, State

OWN, PEER = "own", "10.64.1.11"


@dataclass
class Door:
    """Whom the kernel lets in: everybody, this node alone, or one address, then not even this node."""

    lets_in: str = OPEN

    def shut(self) -> None:
        self.lets_in = OWN

    def reserve(self, address: str) -> None:
        self.lets_in = address

    def open(self) -> None:
        self.lets_in = OPEN


@dataclass
class Server:
    """An H2 server that is taken to run only if this node reaches it, as the real one is."""

    door: Door
    steps: list[str] = field(default_factory=list)

    def stop(self) -> None:
        self.steps.append(f"stop, {self.door.lets_in}")

    def start(self) -> None:
        self.steps.append(f"start, {self.door.lets_in}")


@pytest.mark.parametrize(("database", "after"), [(OPEN, OPEN), (READY, OWN)])
def test_a_server_is_restarted_behind_a_door_through_which_its_own_node_sees_it(
    database: str, after: str, tmp_path: Path
) -> None:
    """Until it has stopped, nobody but the peer is let in, whose sessions the restart is to end."""
    door = Door()
    server = Server(door)
    board = Board(State("a", "g", database=database), lambda _: None)
    node = Node("b", 1, "eu-west-1b", PEER, "vol-1")
    database_ = cast("Any", server)
    lending = Lending(node, database_, door, board, Mark(tmp_path / "open", database_))
    peer = State("b", "g", wants="1")
    assert lending.step(peer, 0) is False
    assert door.lets_in == PEER
    assert lending.step(None, SILENCE + 1) is (database == OPEN)
    assert server.steps == [f"stop, {PEER}", f"start, {OWN}"]
    assert door.lets_in == after
    assert (board.state.holds, board.state.broke) == ("", "1")
