"""Settings of a cluster of WSO2 Application Servers, and stand-ins for what its member asks."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from musternode.appserver import settings
from musternode.appserver.anew import Anew
from musternode.appserver.member import Member
from musternode.appserver.settings import Settings
from musternode.appserver.words import Word
from musternode.carbon.settings import Settings as CarbonSettings
from musternode.carbon.sight import Sight
from musternode.servers.member import Standing
from musternode.state import State
from musternode.subversion import words as repository
from musternode.subversion.words import Role
from tests import node_carbon, node_servers
from tests.node_carbon import sees
from tests.node_servers import NodeWithLog, Product, address, artifact, changed, members

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
GIVEN = "https://svn.example.org/artifacts"
DOCUMENT: dict[str, Any] = {
    **node_carbon.DOCUMENT,
    "cluster": "as",
    "product": "wso2-as",
    "artifact": artifact(name="wso2as-5.3.0.zip"),
    "java": 8,
    "secrets": {"commit": f"{SECRET}commit", "checkout": f"{SECRET}checkout"},
    "ports": {"http": 9763, "https": 9443, "member": 4000, "peer": 9181, "readiness": 9180, "svn": 3690},
    "settings": {
        **node_carbon.DOCUMENT["settings"],
        "kernel": "4.4.1",
        "engine": "3.5.0",
        "agent": "org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent",
        "config": "axis2.xml",
        "credentials": "none",
        "membership": "wka",
        "domain": "wso2.as.domain",
        "host": "as.example.org",
        "management": "mgt.as.example.org",
        "proxy_ports": {"http": 80, "https": 443},
        "committer": "a",
        "artifacts": {"url": "", "append": True},
    },
}


def document(
    names: str = "abcd", absent: str = "", product: Mapping[str, Any] | None = None, mgt: str = "ab", **changes: Any
) -> str:
    """Return the document of a cluster of the nodes `names`, those in `mgt` management, with some keys changed."""
    groups = {name: "mgt" if name in mgt else "worker" for name in names}
    return changed(DOCUMENT, {"groups": groups, **(product or {})}, **{"members": members(names, absent), **changes})


def chosen(*given: Any, **changes: Any) -> Settings:
    """Return what `document` says."""
    return settings.read(document(*given, **changes))


@dataclass
class Application(Product):
    """A product that commits, or only checks out, as it was told last."""

    told: list[bool] = field(default_factory=list)
    ended: int = 0

    def commit(self, *, commits: bool) -> None:
        """Remember, and end."""
        self.told.append(commits)
        self.up = False

    def end(self) -> None:
        """Count, and end."""
        self.ended += 1
        self.up = False


@dataclass
class Artifacts:
    """A repository that answers, and is what it should be here."""

    fault: str = ""
    settled: bool = True
    lacks: str = ""
    held: repository.Word | None = None
    bare: bool = False
    outdated: bool = False
    told: int = 0
    begun: int = 0

    def formed(self) -> None:
        """Count."""
        self.told += 1

    def start(self) -> None:
        """Count."""
        self.begun += 1


@dataclass
class Office:
    """A pair of management nodes that wants this one to commit, and lets it."""

    wanted: bool = True
    may: bool = True

    def may_commit(self, _before: bool | None) -> bool:
        """Return what was said."""
        return self.may


class Others(node_servers.Others[Word]):
    """What the other members say."""

    def word(self, name: str, names: str) -> Word:
        """Return the word of `name` that sees all of `names`."""
        others = {address(n): f"id-{n}" for n in names if n != name}
        return Word(f"id-{name}", others, (), frozenset(map(address, names)))


class Node(NodeWithLog[CarbonSettings, Sight]):
    """One node's member among stand-ins, under a clock of its own."""

    member: Member

    def __init__(
        self,
        name: str = "a",
        settings_: Settings | None = None,
        *,
        commits: bool | None = None,
        kept: Path | None = None,
    ) -> None:
        chosen_ = settings_ or chosen()
        super().__init__(name, chosen_)
        manages = chosen_.manages(name)
        self.product, self.others, self.artifacts = Application(), Others(), Artifacts()
        self.office = Office(name == chosen_.settings.committer, name == chosen_.settings.committer)
        self.reasons_told: list[str] = []
        self.slept: list[tuple[float, str]] = []
        self.member = Member(
            cast("Standing[Settings]", self.standing),
            self.product,
            self.log,
            self.others,
            Sight(),
            self.artifacts,
            self.office if manages else None,
            self.office.may if commits is None and manages else commits,
            self.reasons_told.append,
            Anew(kept or Path(tempfile.mkdtemp()) / "product-run", chosen_.settings.kernel),
            lambda seconds: self.slept.append((seconds, self.board.state.phase)),
        )

    def runs(self, names: str = "", **changes: Any) -> State:
        """Start the product, and let its log say that it sees `names`."""
        self.tick()
        return self.tick(self.sees(names, **changes))

    def sees(self, names: Sequence[str], **changes: Any) -> Sight:
        """Return the sight of this node that sees `names` beside itself."""
        return sees(names, self.standing.name, **changes)

    @property
    def reason(self) -> str:
        """Why administrators are not led here, as it was said last."""
        return self.reasons_told[-1]


def held(name: str, role: Role | None = Role.PASSIVE, term: int = 1) -> repository.Word:
    """Return the word on a repository on node `name`."""
    return repository.Word(name, role, term, "uuid" if role else "", 0)


def with_settings(text: str, **product: Any) -> str:
    """Return the document in `text` with some settings of the product changed as they stand."""
    value = json.loads(text)
    return json.dumps({**value, "settings": {**value["settings"], **product}})
