"""The settings document of a cluster of Axon.ivy engines: one for all nodes, with what differs in `settings.nodes`."""

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import strict
from ..failure import Failure
from ..servers.settings import Document, fixed_for_good, in_order
from ..settings import content
from ..tls import front
from . import eras, settings
from .eras import Era
from .settings import Database, ProductSettings

MOUNTED = "/mnt/axonivy"
"""Where a node mounts a file system of EFS."""
_FILE_SYSTEM = re.compile(r"fs-[0-9a-f]{8,40}")
_FURTHER_USER = re.compile(r"[&;,](?:user|userName|uid)=[^&;,()]*", re.IGNORECASE)
_FIRST_USER = re.compile(r"([?(])(?:user|userName|uid)=[^&;,()]*([&,]?)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Ports:
    """TCP ports of a node; `http` is the first of each node's connectors, `tls` of its front's ports, 0 for none."""

    http: int
    jgroups: int
    peer: int
    readiness: int
    tls: int = 0

    @property
    def member(self) -> int:
        """The port of the engines among themselves."""
        return self.jgroups


@dataclass(frozen=True)
class Secrets:
    """ARN of the user's secret with who the engine is to its system database: `{"username", "password"}`."""

    database: str


@dataclass(frozen=True)
class LicenceFile:
    """The object in S3 that is the licence."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class Common:
    """What is the same on all nodes.

    `file_system` is the EFS that each mounts at `shared`, empty where the image has mounted something there. `address`
    is the public one, empty if the user's own ivy.yaml says it. `fronts` are the ports that lead to the TLS front.
    """

    home: str
    version: str
    jgroups: int
    database: Database
    shared: str
    licence: str
    licence_file: LicenceFile
    file_system: str = ""
    address: str = ""
    fronts: Tuple[int, ...] = ()


@dataclass(frozen=True)
class Own:
    """What is one node's own."""

    route: str
    connectors: Tuple[int, ...]


@dataclass(frozen=True)
class Settings(Document):
    """One settings document of a cluster of Axon.ivy engines; `nodes` are those of `settings.nodes`, by name."""

    ports: Ports
    secrets: Secrets
    settings: Common
    nodes: Mapping[str, Own] = field(default_factory=dict)

    @property
    def era(self) -> Era:
        """What holds for the engine's version."""
        return eras.of(self.settings.version)

    def engine(self, name: str) -> ProductSettings:
        """Return the settings of the engine of the node `name`; raises `Failure` for what no engine works with."""
        own, common = self.nodes.get(name), self.settings
        if own is None:
            raise Failure(f"settings document: settings.nodes.{name} is missing; another version made it: deploy again")
        return settings.checked(
            ProductSettings(
                home=common.home,
                version=common.version,
                route=own.route,
                connectors=own.connectors,
                jgroups=common.jgroups,
                database=common.database,
                shared=common.shared,
                licence=common.licence,
            )
        )


def read(text: str) -> Settings:
    """Return the document in `text`; raises `Failure` that names the first fault."""
    value = content(text)
    block = value.get("settings")
    told: Any = {}
    if isinstance(block, dict):
        told = block.pop("nodes", None)
    document = dataclasses.replace(in_order(strict.read(Settings, value)), nodes=_nodes(told))
    _check(document)
    return document


def _nodes(told: Any) -> Dict[str, Own]:
    if not isinstance(told, dict):
        raise Failure("settings document: settings.nodes is not an object; another version made it: deploy again")
    return {name: strict.read(Own, value, f"settings.nodes.{name}.") for name, value in told.items()}


def _check(document: Settings) -> None:
    common, ports = document.settings, document.ports
    for member in document.present:
        own = document.engine(member.name)
        if own.connectors[0] != ports.http:
            raise Failure(f"settings.nodes.{member.name}.connectors begins with {own.connectors[0]}, not {ports.http}")
        if {ports.peer, ports.readiness} & {*own.connectors, common.jgroups}:
            raise Failure(f"settings.nodes.{member.name}.connectors holds a port that is taken on the node")
    if common.fronts[:1] != ((ports.tls,) if ports.tls else ()):
        raise Failure(f"settings.fronts is {list(common.fronts)}; it begins with ports.tls, {ports.tls}")
    if common.jgroups != ports.jgroups:
        raise Failure(f"settings.jgroups is {common.jgroups}, and ports.jgroups {ports.jgroups}; they are one port")
    routes = [document.nodes[member.name].route for member in document.present]
    if len(set(routes)) < len(routes):
        raise Failure(f"settings.nodes: the routes {', '.join(routes)} do not differ; each node needs its own")
    if common.file_system and (not _FILE_SYSTEM.fullmatch(common.file_system) or common.shared != MOUNTED):
        raise Failure(f"settings.file_system is {common.file_system!r}; an EFS at settings.shared {MOUNTED} is needed")
    if common.address and not _ADDRESS.fullmatch(common.address):
        raise Failure(f"settings.address is {common.address!r}; https://HOST or http://HOST is needed")


def _without_user(url: str) -> str:
    """Return a database's address without a user in it, who is in the secret: once an address could have one.

    >>> _without_user("jdbc:mysql://db/ivy?user=me&useSSL=true;userName=me")
    'jdbc:mysql://db/ivy?useSSL=true'
    """
    alone = _FURTHER_USER.sub("", url)
    return _FIRST_USER.sub(lambda found: "" if found[1] == "?" and not found[2] else found[1], alone)


def refusal(old: Settings, new: Settings) -> Optional[str]:
    """Return why `new` cannot be applied to running members one after the other, or None if it can."""
    before, after = old.settings, new.settings
    alone = len(old.present) == 1 and [one.name for one in old.present] == [one.name for one in new.present]
    if before.version != after.version and not alone:
        return (
            f"the engine of running members cannot be changed from {before.version} to {after.version} one after the "
            "other: all that share a system database need one version; let all nodes but one be absent, change the "
            "version, and let them be present again"
        )
    if _without_user(before.database.url) != _without_user(after.database.url):
        return fixed_for_good("the system database")
    if (before.shared, before.file_system) != (after.shared, after.file_system):
        return fixed_for_good("the shared folder")
    return front.refusal(old.ports.tls, new.ports.tls) or old.refusal_of(new)
