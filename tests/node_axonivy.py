"""Settings of a cluster of Axon.ivy engines, and stand-ins for what its member asks: engine, other members, ports."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from musternode.axonivy import document as axonivy_document
from musternode.axonivy import member
from musternode.axonivy.document import Settings
from musternode.axonivy.words import Word
from musternode.failure import Failure
from musternode.servers.member import Standing
from musternode.state import Board, State
from tests.node_carbon import address, members, serving
from tests.node_support import Silent

GENERATION = "0123456789abcdef"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy"
FILE_SYSTEM = "fs-0123456789abcdef0"
DOCUMENT: dict[str, Any] = {
    "format": 1,
    "cluster": "ivy",
    "product": "axonivy",
    "region": "eu-west-1",
    "generation": GENERATION,
    "asset": {"bucket": "assets", "key": "k.zip", "sha256": "0" * 64},
    "artifact": {"bucket": "assets", "key": "k", "sha256": "1" * 64, "name": "axonivy-engine-12.0.9.zip"},
    "wait_url": "http://127.0.0.1:9/",
    "formation_timeout": 900,
    "java": 21,
    "secrets": {"database": SECRET},
    "ports": {"http": 8080, "jgroups": 7800, "peer": 9181, "readiness": 9180},
    "settings": {
        "home": "/opt/ivy",
        "version": "12.0.9",
        "jgroups": 7800,
        "database": {"url": "jdbc:postgresql://db.example.org:5432/ivy"},
        "shared": "/mnt/axonivy",
        "licence": "/etc/muster/axonivy.lic",
        "licence_file": {"bucket": "assets", "key": "a.lic", "sha256": "2" * 64},
        "file_system": FILE_SYSTEM,
        "address": "https://ivy.example.org",
    },
}


def nodes(names: str, weights: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return what is each node's own, with as many connectors as its weight."""
    told = weights or {}
    return {n: {"route": n, "connectors": [8080 + 10 * at for at in range(told.get(n, 1))]} for n in names}


def document(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Return the document of a cluster of the nodes `names` as JSON, with keys and settings of the product changed.

    A setting that becomes None is left out.
    """
    value = {**copy.deepcopy(DOCUMENT), "members": members(names, absent), **changes}
    block = {**value["settings"], "nodes": nodes(names), **(product or {})}
    value["settings"] = {key: one for key, one in block.items() if one is not None}
    return json.dumps(value)


def chosen(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return what `document` says."""
    return axonivy_document.read(document(names, absent, product, **changes))


@dataclass
class Engine:
    """An engine that is healthy when it runs, unless it is sick."""

    starts: int = 0
    up: bool = False
    sick: bool = False
    broken: str = ""

    def start(self) -> None:
        """Start."""
        if self.broken:
            raise Failure(self.broken)
        self.starts, self.up = self.starts + 1, True

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def healthy(self) -> bool:
        """Return whether it runs and is not sick."""
        return self.up and not self.sick

    def complaint(self) -> str:
        """Return what is wrong with it."""
        return "it is sick"


@dataclass
class Others:
    """What the other members say, and whose ports take this node in."""

    said: dict[str, State] = field(default_factory=dict)
    heard: dict[str, Word] = field(default_factory=dict)
    doors: set[str] = field(default_factory=set)
    started: int = 0

    def start(self) -> None:
        """Remember."""
        self.started += 1

    def states(self) -> Mapping[str, State]:
        """Return their states."""
        return self.said

    def words(self) -> Mapping[str, Word]:
        """Return whom they see."""
        return self.heard

    def open(self) -> frozenset[str]:
        """Return the addresses at which a port is open."""
        return frozenset(self.doors)

    def whole(self, names: str, own: str = "a") -> None:
        """Let all of `names` but `own` serve, take this node in, and see all."""
        for name in names.replace(own, ""):
            self.said[name] = serving(name)
            self.heard[address(name)] = frozenset(map(address, names))
            self.doors.add(address(name))


class Node:
    """Node a's member among stand-ins, under a clock of its own."""

    def __init__(self, settings_: Settings | None = None, name: str = "a") -> None:
        settings_ = settings_ or chosen()
        self.engine, self.others, self.reported = Engine(), Others(), Silent()
        self.now = 0.0
        self.board = Board(State(name, settings_.generation))
        standing = Standing(name, settings_, self.board, self.reported, 840.0, lambda: self.now)
        self.member = member.Member(standing, self.engine, self.others, self.others)

    def tick(self, times: int = 1, seconds: float = 0.0) -> State:
        """Let the member look some times, each after some seconds."""
        for _ in range(times):
            self.now += seconds
            self.member.tick()
        return self.board.state

    def runs(self) -> State:
        """Start the engine, and look again."""
        return self.tick(times=2)

    @property
    def reasons(self) -> list[str]:
        """The reports of failure."""
        return [body["Reason"] for body in self.reported.sent if body["Status"] == "FAILURE"]
