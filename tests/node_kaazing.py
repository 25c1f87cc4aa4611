"""Settings of a cluster of Kaazing Gateways, and stand-ins for what its member asks: gateway, log, other members."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from musternode.failure import Failure
from musternode.kaazing import member, settings
from musternode.kaazing.log_sight import Sight
from musternode.kaazing.settings import Settings
from musternode.kaazing.words import Word
from musternode.servers.member import Standing
from musternode.state import Board, State
from tests.node_carbon import GENERATION, address, members, serving
from tests.node_support import Silent

DOCUMENT: dict[str, Any] = {
    "format": 1,
    "cluster": "gateways",
    "product": "kaazing",
    "region": "eu-west-1",
    "generation": GENERATION,
    "asset": {"bucket": "assets", "key": "k.zip", "sha256": "0" * 64},
    "artifact": {"bucket": "assets", "key": "k", "sha256": "1" * 64, "name": "kaazing-gateway-5.6.2.zip"},
    "wait_url": "http://127.0.0.1:9/",
    "formation_timeout": 900,
    "java": 17,
    "secrets": {},
    "ports": {"http": 8000, "member": 5942, "peer": 9181, "readiness": 9180},
    "settings": {
        "home": "/opt/kaazing",
        "cluster": "shop",
        "host": "gw.example.org",
        "public_port": 80,
        "heartbeat": 60,
        "idle": 300,
    },
}


def document(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Return the document of a cluster of the nodes `names` as JSON, with keys and settings of the product changed."""
    value = {**copy.deepcopy(DOCUMENT), "members": members(names, absent), **changes}
    value["settings"] = {**value["settings"], **(product or {})}
    return json.dumps(value)


def chosen(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return what `document` says."""
    return settings.read(document(names, absent, product, **changes))


@dataclass
class Product:
    """A gateway that takes users when it runs, unless it is sick; each start is another run."""

    run: int = 0
    up: bool = False
    sick: str = ""
    broken: str = ""
    words: str = "nothing"
    asked: int = 0
    takes: bool = True
    ending: bool = False

    def start(self) -> None:
        """Start, unless a restart does."""
        if self.broken:
            raise Failure(self.broken)
        if not self.ending:
            self.run, self.up = self.run + 1, True

    def restart(self) -> None:
        """Begin to end; `begin` ends that."""
        if not self.takes:
            raise Failure("no thread")
        self.asked, self.ending, self.up = self.asked + 1, True, False

    def begin(self, *, anew: bool = True) -> None:
        """End the restart that is under way."""
        self.ending, self.up, self.run = False, True, self.run + anew

    def restarting(self) -> bool:
        """Return whether one is under way."""
        return self.ending

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def run_id(self) -> str:
        """Return the number of its start, empty before the first one."""
        return str(self.run or "")

    def hindrance(self) -> str:
        """Return why it takes no users."""
        return self.sick if self.up else "the gateway does not listen on port 8000"

    def last_words(self) -> str:
        """Return what it said last."""
        return self.words


@dataclass
class Log:
    """A log that says what it is told to."""

    says: Sight | None = None
    kept: list[Sight] = field(default_factory=list)

    def read(self, now: Sight) -> Sight:
        """Return what it says once, then what it has said."""
        told, self.says = self.says, None
        return now if told is None else told

    def keep(self, now: Sight) -> None:
        """Remember."""
        self.kept.append(now)


@dataclass
class Others:
    """What the other members say."""

    said: dict[str, State] = field(default_factory=dict)
    heard: dict[str, Word] = field(default_factory=dict)

    def start(self) -> None:
        """Ask nobody."""

    def states(self) -> Mapping[str, State]:
        """Return their states."""
        return self.said

    def words(self) -> Mapping[str, Word]:
        """Return whom they see."""
        return self.heard

    def whole(self, names: str, own: str = "a") -> None:
        """Let all of `names` but `own` serve, and see each other and this one."""
        for name in names.replace(own, ""):
            self.said[name] = serving(name)
            self.heard[address(name)] = Word(frozenset(map(address, names)))


def sees(names: Sequence[str], own: str = "a", **changes: Any) -> Sight:
    """Return the sight of `own` that serves and sees the nodes `names` beside itself."""
    return Sight(address(own), serving=True, others=frozenset(map(address, names)), **changes)


class Node:
    """One node's member among stand-ins, under a clock of its own."""

    def __init__(self, settings_: Settings | None = None, name: str = "a", kept: Sight | None = None) -> None:
        settings_ = settings_ or chosen()
        self.product, self.log, self.others, self.reported = Product(), Log(), Others(), Silent()
        self.now = 0.0
        self.board = Board(State(name, settings_.generation))
        own = Standing(name, settings_, self.board, self.reported, 840.0, lambda: self.now)
        self.member = member.Member(own, self.product, self.log, self.others, kept or Sight())

    def tick(self, says: Sight | None = None, times: int = 1, seconds: float = 0.0) -> State:
        """Let the member look some times, each after some seconds; `says` is what the log says from now on."""
        self.log.says = says or self.log.says
        for _ in range(times):
            self.now += seconds
            self.member.tick()
        return self.board.state

    def runs(self, names: str, **changes: Any) -> State:
        """Start the gateway, and let its log say that it sees `names`."""
        self.tick()
        return self.tick(sees(names, **changes))

    @property
    def reasons(self) -> list[str]:
        """The reports of failure."""
        return [body["Reason"] for body in self.reported.sent if body["Status"] == "FAILURE"]
