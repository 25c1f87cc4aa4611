"""One member among stand-ins for its application, its database and its gate process, under a clock of its own."""

from dataclasses import dataclass, field, replace

from musternode.failure import Failure
from musternode.member import Member
from musternode.settings import Settings
from musternode.standing import Standing
from musternode.state import Board, State
from tests.node_support import Silent, settings
from tests.node_words import PEER, whole, word

PAIR = settings()
SHUT = word(replace(PEER, database="shut", phase="waiting"))
NOWHERE = whole(gate=False, phase="waiting", peer=SHUT)
ELSEWHERE = whole(gate=False, phase="waiting")
ROWS = [f"{name} {PAIR.generation}" for name in "ab"]
LONE = settings(absent="b")
ALONE = replace(PEER, node="a", alone=True)


@dataclass
class App:
    """An application that is healthy when it runs, unless it is sick."""

    up: bool = False
    sick: bool = False
    broken: str = ""
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start."""
        if self.broken:
            raise Failure(self.broken)
        self.up = True
        self.said.append("start")

    def stop(self) -> None:
        """Stop."""
        self.up = False
        self.said.append("stop")

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def healthy(self) -> bool:
        """Return whether it runs and is not sick."""
        return self.up and not self.sick

    def complaint(self) -> str:
        """Return why it is sick."""
        return "it is sick"

    def make_schema(self, url: str) -> None:
        """Fail: the gate process alone has that done."""
        raise AssertionError(url)


@dataclass
class Pair:
    """The database as a client sees it: gives rows, or raises what it is told."""

    rows: list[str] | None = field(default_factory=lambda: list(ROWS))
    fault: Exception | None = None
    asked: int = 0

    def formed_rows(self, _node: str, _generation: str) -> list[str] | None:
        """Return the rows."""
        self.asked += 1
        if self.fault:
            raise self.fault
        return self.rows

    def formed_alone(self, node: str, generation: str) -> bool:
        """Return whether the row of this node is there."""
        rows = self.formed_rows(node, generation)
        return rows is not None and f"{node} {generation}" in rows


class Node:
    """One member among stand-ins; `standing` is what its gate process says, `now` its clock."""

    def __init__(self, name: str = "a", chosen: Settings = PAIR, standing: Standing | None = None) -> None:
        self.app, self.pair, self.reported = App(), Pair(), Silent()
        self.standing, self.now, self.states = standing, 0.0, list[State]()
        self.board = Board(State(name, chosen.generation), self.states.append)
        self.member = Member(
            name, chosen, self.pair, self.app, self.board, self.look, self.reported, 900.0, lambda: self.now
        )

    def look(self) -> Standing | None:
        """Return how the pair stands."""
        return self.standing

    def tick(self, standing: Standing | None, times: int = 1, seconds: float = 0.0) -> State:
        """Let the member look at `standing` some times, each after some seconds; return its state."""
        self.standing = standing
        for _ in range(times):
            self.now += seconds
            self.member.tick()
        return self.board.state


LEAVES = settings(absent="a")
GONE_ON = whole(peer=word(replace(ALONE, node="b"), gate=True))
