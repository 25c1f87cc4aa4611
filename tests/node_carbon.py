"""Settings of a cluster of WSO2 Carbon, and stand-ins for what its member asks: product, log, the other members."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from musternode.carbon import member, settings
from musternode.carbon.settings import Settings
from musternode.carbon.sight import Sight, Word
from musternode.failure import Failure
from musternode.servers.member import Standing
from musternode.state import Board, State
from tests.node_support import Silent

GENERATION = "0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/discovery"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:discovery"
PROXY = {"host": "proxy.example.org", "port": 3128}
TRUST = {"bucket": "assets", "key": "ca.pem", "sha256": "3" * 64}
DOCUMENT: dict[str, Any] = {
    "format": 1,
    "cluster": "carbon",
    "product": "wso2-carbon",
    "region": "eu-west-1",
    "generation": GENERATION,
    "asset": {"bucket": "assets", "key": "k.zip", "sha256": "0" * 64},
    "artifact": {"bucket": "assets", "key": "k", "sha256": "1" * 64, "name": "wso2-carbon-4.10.126.zip"},
    "wait_url": "http://127.0.0.1:9/",
    "formation_timeout": 900,
    "java": 17,
    "secrets": {},
    "ports": {"http": 9763, "https": 9443, "member": 5701, "peer": 9181, "readiness": 9180},
    "settings": {
        "home": "/opt/wso2",
        "kernel": "4.10.126",
        "engine": "5.3.6",
        "spelling": "camel",
        "agent": "org.wso2.carbon.hazelcast.HazelcastClusteringAgent",
        "config": "deployment.toml",
        "credentials": "role",
        "membership": "aws",
        "domain": "carbon",
        "security_group": "muster-carbon",
        "tag_key": "muster:cluster",
        "tag_value": "carbon",
        "heartbeat": 60,
    },
}


def address(name: str) -> str:
    """Return the address of a node called by one letter: 10.0.1.10 for a."""
    return f"10.0.1.{10 + ord(name) - ord('a')}"


def members(names: str, absent: str = "") -> list[dict[str, Any]]:
    """Return the members called by these letters, the last one first."""
    return [
        {"name": n, "ordinal": at, "zone": "z", "address": address(n), "present": n not in absent, "volume": f"vol-{n}"}
        for at, n in reversed(list(enumerate(names)))
    ]


def document(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Return the document of a cluster of the nodes `names` as JSON, with keys and settings of the product changed."""
    value = {**copy.deepcopy(DOCUMENT), "members": members(names, absent), **changes}
    value["settings"] = {**value["settings"], **(product or {})}
    return json.dumps(value)


def chosen(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return what `document` says."""
    return settings.read(document(names, absent, product, **changes))


def serving(name: str, generation: str = GENERATION, **changes: Any) -> State:
    """Return what a member that serves says of itself."""
    return State(name, generation, **{"phase": "serving", "healthy": True, **changes})


@dataclass
class Product:
    """A product that is healthy when it runs, unless it is sick; each start is another run."""

    run: int = 0
    up: bool = False
    sick: bool = False
    broken: str = ""

    def start(self) -> None:
        """Start."""
        if self.broken:
            raise Failure(self.broken)
        self.run, self.up = self.run + 1, True

    def kill(self) -> None:
        """End."""
        self.up = False

    def running(self) -> bool:
        """Return whether it runs."""
        return self.up

    def run_id(self) -> str:
        """Return the number of its start."""
        return str(self.run)

    def healthy(self) -> bool:
        """Return whether it runs and is not sick."""
        return self.up and not self.sick

    def complaint(self) -> str:
        """Return what is wrong with it."""
        return "it is sick"


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
        """Begin to ask them: they have said already what they say."""

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
            others = {address(n): f"id-{n}" for n in names if n != name}
            self.heard[address(name)] = Word(f"id-{name}", others, (), frozenset(map(address, names)))


def sees(names: Sequence[str], own: str = "a", **changes: Any) -> Sight:
    """Return the sight of `own` that sees the nodes `names` beside itself."""
    return Sight(f"id-{own}", {address(name): f"id-{name}" for name in names}, **changes)


class Node:
    """Node a's member among stand-ins, under a clock of its own."""

    def __init__(self, settings_: Settings | None = None, name: str = "a", kept: Sight | None = None) -> None:
        settings_ = settings_ or chosen()
        self.product, self.log, self.others, self.reported = Product(), Log(), Others(), Silent()
        self.now = 0.0
        self.board = Board(State(name, settings_.generation))
        self.member = member.Member(
            Standing(name, settings_, self.board, self.reported, 840.0, lambda: self.now),
            self.product,
            self.log,
            self.others,
            kept or Sight(),
        )

    def tick(self, says: Sight | None = None, times: int = 1, seconds: float = 0.0) -> State:
        """Let the member look some times, each after some seconds; `says` is what the log says from now on."""
        self.log.says = says or self.log.says
        for _ in range(times):
            self.now += seconds
            self.member.tick()
        return self.board.state

    def runs(self, *names: str, **changes: Any) -> State:
        """Start the product, and let its log say that it sees `names`."""
        self.tick()
        return self.tick(sees(names, **changes))

    @property
    def reasons(self) -> list[str]:
        """The reports of failure."""
        return [body["Reason"] for body in self.reported.sent if body["Status"] == "FAILURE"]
