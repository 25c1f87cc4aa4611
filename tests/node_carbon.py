"""Settings of a cluster of WSO2 Carbon, and stand-ins for what its member asks: product, log, the other members."""

from collections.abc import Mapping, Sequence
from typing import Any

from musternode.carbon import settings
from musternode.carbon.member import Member
from musternode.carbon.settings import Settings
from musternode.carbon.sight import Sight, Word
from musternode.state import State
from tests import node_servers
from tests.node_servers import COMMON, NodeWithLog, Product, address, artifact, changed, members

ROLE = "arn:aws:iam::123456789012:role/discovery"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:discovery"
PROXY = {"host": "proxy.example.org", "port": 3128}
TRUST = {"bucket": "assets", "key": "ca.pem", "sha256": "3" * 64}
DOCUMENT: dict[str, Any] = {
    **COMMON,
    "cluster": "carbon",
    "product": "wso2-carbon",
    "artifact": artifact(name="wso2-carbon-4.10.126.zip"),
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


def document(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """Return the document of a cluster of the nodes `names` as JSON, with keys and settings of the product changed."""
    return changed(DOCUMENT, product, **{"members": members(names, absent), **changes})


def chosen(names: str = "abc", absent: str = "", product: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return what `document` says."""
    return settings.read(document(names, absent, product, **changes))


class Others(node_servers.Others[Word]):
    """What the other members say."""

    def word(self, name: str, names: str) -> Word:
        """Return the word of `name` that sees all of `names`."""
        others = {address(n): f"id-{n}" for n in names if n != name}
        return Word(f"id-{name}", others, (), frozenset(map(address, names)))


def sees(names: Sequence[str], own: str = "a", **changes: Any) -> Sight:
    """Return the sight of `own` that sees the nodes `names` beside itself."""
    return Sight(f"id-{own}", {address(name): f"id-{name}" for name in names}, **changes)


class Node(NodeWithLog[Settings, Sight]):
    """One node's member among stand-ins, under a clock of its own."""

    member: Member

    def __init__(self, settings_: Settings | None = None, name: str = "a", kept: Sight | None = None) -> None:
        super().__init__(name, settings_ or chosen())
        self.product, self.others = Product(), Others()
        self.member = Member(self.standing, self.product, self.log, self.others, kept or Sight())

    def runs(self, names: str = "", **changes: Any) -> State:
        """Start the product, and let its log say that it sees `names`."""
        self.tick()
        return self.tick(sees(names, **changes))
