"""Settings of a cluster of Axon.ivy engines, and stand-ins for what its member asks: engine, other members, ports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from musternode.axonivy import document as axonivy_document
from musternode.axonivy.document import Settings
from musternode.axonivy.member import Member
from musternode.axonivy.words import Word
from musternode.state import State
from tests import node_servers
from tests.node_servers import COMMON, Product, address, artifact, changed, members

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy"
FILE_SYSTEM = "fs-0123456789abcdef0"
DOCUMENT: dict[str, Any] = {
    **COMMON,
    "cluster": "ivy",
    "product": "axonivy",
    "artifact": artifact(name="axonivy-engine-12.0.9.zip"),
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
    own = {"nodes": nodes(names), **(product or {})}
    return changed(DOCUMENT, own, **{"members": members(names, absent), **changes})


def chosen(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return what `document` says."""
    return axonivy_document.read(document(names, absent, product, **changes))


@dataclass
class Others(node_servers.Others[Word]):
    """What the other members say, and whose ports take this node in."""

    doors: set[str] = field(default_factory=set)

    def open(self) -> frozenset[str]:
        """Return the addresses at which a port is open."""
        return frozenset(self.doors)

    def word(self, _name: str, names: str) -> Word:
        """Return the word of one that sees all of `names`."""
        return frozenset(map(address, names))

    def whole(self, names: str, own: str = "a") -> None:
        """Let all of `names` but `own` serve, take this node in, and see all."""
        super().whole(names, own)
        self.doors.update(map(address, names.replace(own, "")))


class Node(node_servers.Node[Settings]):
    """One node's member among stand-ins, under a clock of its own."""

    member: Member

    def __init__(self, settings_: Settings | None = None, name: str = "a") -> None:
        super().__init__(name, settings_ or chosen())
        self.engine, self.others = Product(), Others()
        self.member = Member(self.standing, self.engine, self.others, self.others)

    def runs(self) -> State:
        """Start the engine, and look again."""
        return self.tick(times=2)
