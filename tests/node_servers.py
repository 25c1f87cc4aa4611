"""What tests of all clusters of servers share: documents, and stand-ins for what a member asks."""

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from musternode.failure import Failure
from musternode.servers.member import Member, Standing
from musternode.servers.settings import Document
from musternode.state import Board, State
from tests.node_support import Silent

S = TypeVar("S", bound=Document)
W = TypeVar("W")
"""What a member says beside its state."""
L = TypeVar("L")
"""What a log has said so far."""

GENERATION = "0123456789abcdef"
COMMON: Mapping[str, Any] = {
    "format": 1,
    "region": "eu-west-1",
    "generation": GENERATION,
    "asset": {"bucket": "assets", "key": "k.zip", "sha256": "0" * 64},
    "wait_url": "http://127.0.0.1:9/",
    "formation_timeout": 900,
}
"""What a document says whatever the product."""


def artifact(sha256: str = "1" * 64, name: str = "product.zip") -> dict[str, str]:
    """Return the document's word on an archive."""
    return {"bucket": "assets", "key": "k", "sha256": sha256, "name": name}


def address(name: str) -> str:
    """Return the address of a node called by one letter: 10.0.1.10 for a."""
    return f"10.0.1.{10 + ord(name) - ord('a')}"


def members(names: str, absent: str = "") -> list[dict[str, Any]]:
    """Return the members called by these letters, the last one first."""
    return [
        {"name": n, "ordinal": at, "zone": "z", "address": address(n), "present": n not in absent, "volume": f"vol-{n}"}
        for at, n in reversed(list(enumerate(names)))
    ]


def changed(base: Mapping[str, Any], product: Mapping[str, Any] | None, **changes: Any) -> str:
    """Return the document `base` as JSON, with keys and settings of the product changed.

    A setting that becomes None is left out.
    """
    value = {**copy.deepcopy(dict(base)), **changes}
    block = {**value["settings"], **(product or {})}
    return json.dumps({**value, "settings": {key: one for key, one in block.items() if one is not None}})


def serving(name: str, generation: str = GENERATION, **changes: Any) -> State:
    """Return what a member that serves says of itself."""
    return State(name, generation, **{"phase": "serving", "healthy": True, **changes})


@dataclass
class Process:
    """What runs once it is started; each start is another run."""

    run: int = 0
    up: bool = False
    broken: str = ""

    def start(self) -> None:
        """Start."""
        if self.broken:
            raise Failure(self.broken)
        self.run, self.up = self.run + 1, True

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def run_id(self) -> str:
        """Return the number of its start, empty before the first one."""
        return str(self.run or "")


@dataclass
class Product(Process):
    """A product that is healthy when it runs, unless it is sick."""

    sick: bool = False

    def kill(self) -> None:
        """End."""
        self.up = False

    def healthy(self) -> bool:
        """Return whether it runs and is not sick."""
        return self.up and not self.sick

    def complaint(self) -> str:
        """Return what is wrong with it."""
        return "it is sick"


@dataclass
class Log(Generic[L]):
    """A log that says what it is told to."""

    says: L | None = None
    kept: list[L] = field(default_factory=list)

    def read(self, now: L) -> L:
        """Return what it says once, then what it has said."""
        told, self.says = self.says, None
        return now if told is None else told

    def keep(self, now: L) -> None:
        """Remember."""
        self.kept.append(now)


@dataclass
class Others(ABC, Generic[W]):
    """What the other members say."""

    said: dict[str, State] = field(default_factory=dict)
    heard: dict[str, W] = field(default_factory=dict)
    started: int = 0

    def start(self) -> None:
        """Remember: they have said already what they say."""
        self.started += 1

    def states(self) -> Mapping[str, State]:
        """Return their states."""
        return self.said

    def words(self) -> Mapping[str, W]:
        """Return whom they see."""
        return self.heard

    def whole(self, names: str, own: str = "a") -> None:
        """Let all of `names` but `own` serve, and see each other and this one."""
        for name in names.replace(own, ""):
            self.said[name] = serving(name)
            self.heard[address(name)] = self.word(name, names)

    @abstractmethod
    def word(self, name: str, names: str) -> W:
        """Return what `name` says that sees all of `names`."""


class Node(Generic[S]):
    """One node's member among stand-ins, under a clock of its own."""

    member: Member[S, Any]

    def __init__(self, name: str, settings: S) -> None:
        self.reported, self.now = Silent(), 0.0
        self.board = Board(State(name, settings.generation))
        self.standing = Standing(name, settings, self.board, self.reported, 840.0, lambda: self.now)

    def tick(self, *, times: int = 1, seconds: float = 0.0) -> State:
        """Let the member look some times, each after some seconds."""
        for _ in range(times):
            self.now += seconds
            self.member.tick()
        return self.board.state

    @property
    def reasons(self) -> list[str]:
        """The reports of failure."""
        return [body["Reason"] for body in self.reported.sent if body["Status"] == "FAILURE"]


class NodeWithLog(Node[S], Generic[S, L]):
    """One whose member knows from a log whom it sees."""

    def __init__(self, name: str, settings: S) -> None:
        super().__init__(name, settings)
        self.log: Log[L] = Log()

    def tick(self, says: L | None = None, *, times: int = 1, seconds: float = 0.0) -> State:
        """Let the member look some times, each after some seconds; `says` is what the log says from now on."""
        self.log.says = says or self.log.says
        return super().tick(times=times, seconds=seconds)
