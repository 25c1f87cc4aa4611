"""Settings of a cluster of Kaazing Gateways, and stand-ins for what its member asks: gateway, log, other members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from musternode.failure import Failure
from musternode.kaazing import settings
from musternode.kaazing.log_sight import Sight
from musternode.kaazing.member import Member
from musternode.kaazing.settings import Settings
from musternode.kaazing.words import Word
from musternode.state import State
from tests import node_servers
from tests.node_servers import COMMON, NodeWithLog, Process, address, artifact, changed, members

DOCUMENT: dict[str, Any] = {
    **COMMON,
    "cluster": "gateways",
    "product": "kaazing",
    "artifact": artifact(name="kaazing-gateway-5.6.2.zip"),
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
    return changed(DOCUMENT, product, **{"members": members(names, absent), **changes})


def chosen(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return what `document` says."""
    return settings.read(document(names, absent, product, **changes))


@dataclass
class Product(Process):
    """A gateway that takes users when it runs, unless it is sick."""

    sick: str = ""
    words: str = "nothing"
    asked: int = 0
    takes: bool = True
    ending: bool = False

    def start(self) -> None:
        """Start, unless a restart does."""
        if not self.ending:
            super().start()

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

    def hindrance(self) -> str:
        """Return why it takes no users."""
        return self.sick if self.up else "the gateway does not listen on port 8000"

    def last_words(self) -> str:
        """Return what it said last."""
        return self.words


class Others(node_servers.Others[Word]):
    """What the other members say."""

    def word(self, _name: str, names: str) -> Word:
        """Return the word of one that sees all of `names`."""
        return Word(frozenset(map(address, names)))


def sees(names: Sequence[str], own: str = "a", **changes: Any) -> Sight:
    """Return the sight of `own` that serves and sees the nodes `names` beside itself."""
    return Sight(address(own), serving=True, others=frozenset(map(address, names)), **changes)


class Node(NodeWithLog[Settings, Sight]):
    """One node's member among stand-ins, under a clock of its own."""

    member: Member

    def __init__(self, settings_: Settings | None = None, name: str = "a", kept: Sight | None = None) -> None:
        super().__init__(name, settings_ or chosen())
        self.product, self.others = Product(), Others()
        self.member = Member(self.standing, self.product, self.log, self.others, kept or Sight())

    def runs(self, names: str = "", **changes: Any) -> State:
        """Start the gateway, and let its log say that it sees `names`."""
        self.tick()
        return self.tick(sees(names, **changes))
