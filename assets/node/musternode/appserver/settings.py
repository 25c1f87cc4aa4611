"""The settings document of a cluster of WSO2 Application Servers: that of WSO2 Carbon, with groups and artifacts."""

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, Optional, Tuple

from .. import strict
from ..carbon import settings as carbon
from ..carbon.launch import PORTS
from ..failure import Failure
from ..servers.settings import in_order
from ..settings import Node, content
from ..subversion import url as made_url

PRODUCT = "wso2-as"
MGT, WORKER = "mgt", "worker"
"""Groups: those that administrators reach, of which one commits artifacts, and those that users reach."""


@dataclass(frozen=True)
class Ports(carbon.Ports):
    """TCP ports of a node; `svn` is that of the repository that is made."""

    svn: int


@dataclass(frozen=True)
class Secrets(carbon.Secrets):
    """ARNs of the secrets with the repository's accounts and the database's user: `{"username", "password"}` each."""

    commit: str = ""
    checkout: str = ""
    database: str = ""


@dataclass(frozen=True)
class Grouped:
    """The group of a node."""

    node: str
    group: str


@dataclass(frozen=True)
class ProxyPorts:
    """The balancer's ports, which the product names in its links."""

    http: int
    https: int


@dataclass(frozen=True)
class Backup:
    """Where the nightly dump of the repository goes, and the hour (UTC) after which it is made.

    `days` is for how long the bucket keeps one.
    """

    bucket: str
    prefix: str
    hour: int
    days: int = 0


@dataclass(frozen=True)
class Artifacts:
    """The repository: at `url`, or made by the management nodes if that is empty.

    With `append` each tenant has a folder of its own in it.
    """

    append: bool
    url: str = ""
    backup: Optional[Backup] = None


@dataclass(frozen=True)
class Database:
    """The database that all servers share, for users and registry."""

    url: str
    driver: str = ""


@dataclass(frozen=True)
class ProductSettings(carbon.ProductSettings):
    """Settings of the product. Users reach it as `host`, administrators as `management`; `committer` is a node."""

    groups: Tuple[Grouped, ...] = ()
    host: str = ""
    management: str = ""
    proxy_ports: ProxyPorts = ProxyPorts(80, 443)
    committer: str = ""
    artifacts: Artifacts = Artifacts(append=True)
    database: Optional[Database] = None


_NEEDED = ("groups", "host", "management", "proxy_ports", "committer", "artifacts")


@dataclass(frozen=True)
class Settings(carbon.Settings):
    """One settings document of a cluster of WSO2 Application Servers."""

    ports: Ports
    settings: ProductSettings
    secrets: Secrets = field(default_factory=Secrets)

    def group(self, name: str) -> str:
        """Return the group of the node `name`; raises `Failure` if it has none."""
        for one in self.settings.groups:
            if one.node == name:
                return one.group
        raise Failure(f"settings.groups: node {name} has no group; it is {MGT} or {WORKER}: deploy again")

    def grouped(self, group: str) -> Tuple[Node, ...]:
        """Return the present members of `group`."""
        return tuple(member for member in self.present if self.group(member.name) == group)

    @property
    def well_known(self) -> Tuple[Node, ...]:
        """The management nodes: members find each other by them, as by the guide's load balancer.

        While none is present they stay those that will be again, so that no worker begins anew for it.
        """
        return self.grouped(MGT) or tuple(each for each in self.members if self.manages(each.name))

    @property
    def workers(self) -> FrozenSet[str]:
        """The addresses of the present workers."""
        return frozenset(member.address for member in self.grouped(WORKER))

    def alike(self, name: str) -> Tuple[Node, ...]:
        """Return the other workers of a worker; no other management node is given administrators."""
        return () if self.manages(name) else tuple(each for each in self.grouped(WORKER) if each.name != name)

    @property
    def committer(self) -> Node:
        """The node that commits artifacts; while it is absent nobody does, and a copy stays one."""
        return self.member(self.settings.committer)

    @property
    def made(self) -> bool:
        """Whether the repository is one that the management nodes make."""
        return not self.settings.artifacts.url

    @property
    def repository(self) -> str:
        """The URL of the repository."""
        return self.settings.artifacts.url or made_url(self.committer.address, self.ports.svn)

    @property
    def offset(self) -> int:
        """By how much the product's own ports are moved."""
        return self.ports.https - PORTS[1]

    def keeps(self, name: str) -> bool:
        """Return whether the node `name` holds a repository: that of the cluster, or its mirror."""
        return self.made and self.manages(name)

    def manages(self, name: str) -> bool:
        """Return whether the node `name` is, or was, one of management."""
        return Grouped(name, MGT) in self.settings.groups


def read(text: str) -> Settings:
    """Return the document in `text`; raises `Failure` that names the first fault."""
    settings = in_order(strict.read(Settings, _listed(content(text))))
    carbon.check(settings.settings, settings.secrets)
    _check(settings)
    return settings


def _listed(value: Dict[str, Any]) -> Dict[str, Any]:
    """Return the document with what `strict` does not know put otherwise: groups as a list, no empty URL."""
    block = value.get("settings")
    if not isinstance(block, dict):
        return value
    missing = next((name for name in _NEEDED if name not in block), None)
    if missing:
        raise Failure(f"settings document: key settings.{missing} is missing; another version made it: deploy again")
    block, groups, artifacts = dict(block), block["groups"], block["artifacts"]
    if not isinstance(groups, dict):
        raise Failure("settings document: settings.groups is not an object")
    block["groups"] = [{"node": node, "group": group} for node, group in groups.items()]
    if isinstance(artifacts, dict) and artifacts.get("url") == "":
        block["artifacts"] = {key: one for key, one in artifacts.items() if key != "url"}
    return {**value, "settings": block}


def _check(settings: Settings) -> None:
    for one in settings.settings.groups:
        if one.group not in (MGT, WORKER):
            raise Failure(f"settings.groups: node {one.node} is in {one.group!r}; it is {MGT} or {WORKER}")
    for member in settings.present:
        settings.group(member.name)
    committer = settings.settings.committer
    manage = [member.name for member in settings.members if settings.manages(member.name)]
    if committer not in manage:
        known = ", ".join(manage) or "none"
        raise Failure(f"settings.committer is {committer!r}, no management node; there are: {known}")
    if settings.ports.https - PORTS[1] != settings.ports.http - PORTS[0] or settings.offset < 0:
        raise Failure(f"ports.https is {settings.ports.https}; one offset moves it and ports.http from {PORTS[1]}")
    for name in ("commit", "checkout"):
        if not getattr(settings.secrets, name):
            raise Failure(f"secrets.{name} is missing; the repository's accounts are not known: deploy again")
    _check_database(settings.settings.database, settings.secrets)
    backup = settings.settings.artifacts.backup
    if backup is not None and not 0 <= backup.hour <= 23:
        raise Failure(f"settings.artifacts.backup.hour is {backup.hour}; it is within 0 and 23")


def _check_database(database: Optional[Database], secrets: Secrets) -> None:
    if database is None:
        return
    if not database.url.startswith("jdbc:") or not database.url.isprintable():
        raise Failure("settings.database.url is no address of a database; it begins with jdbc:")
    if not secrets.database:
        raise Failure("secrets.database is missing; the account of the shared database is not known: deploy again")
