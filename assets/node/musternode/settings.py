"""The settings document: what a node knows of its cluster. Strict: an unknown or missing key is refused by name."""

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from . import strict
from .failure import Failure

FORMAT = 1
LEADER, ANY = "leader", "any"
"""Who takes administrative writes: the node that leads the pair, or every node."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LATEST = "latest"
"""The newest release of Amazon Linux 2023."""
FILE, SCRIPT = "file", "script"
"""Kinds of a database that the pair begins with: the product's own file, or a dump by H2's SCRIPT."""


@dataclass(frozen=True)
class Node:
    """A named machine of the cluster; `volume` is the id of its data volume.

    One that is not present has no instance, by the word of the cluster file; its place in the pair stays.
    """

    name: str
    ordinal: int
    zone: str
    address: str
    volume: str
    present: bool = True


@dataclass(frozen=True)
class Asset:
    """The zip that holds this package."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """The application's jar; `name` is its file name on the node."""

    bucket: str
    key: str
    sha256: str
    name: str


@dataclass(frozen=True)
class Secrets:
    """ARNs of the secrets: each holds JSON `{"username", "password"}`; the password of `peer` is the nodes' key."""

    database_admin: str
    database_application: str
    peer: str


@dataclass(frozen=True)
class Ports:
    """TCP ports of a node, 0 for none: `tls` is that of its TLS front, `between` of the front to the other node."""

    http: int
    database: int
    peer: int
    readiness: int
    tls: int = 0
    between: int = 0

    def crossed(self, port: int) -> int:
        """Return the port of the other node that what is for its `port` goes to, as a security group sees it."""
        return self.between or port


@dataclass(frozen=True)
class Seed:
    """The database that the pair begins with: an object in S3 and of which `kind` it is."""

    kind: str
    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class Backup:
    """Where the nightly dump goes, and the hour (UTC) after which it is made."""

    bucket: str
    prefix: str
    hour: int


@dataclass(frozen=True)
class Updates:
    """When nodes look for security updates: the day of the week, and the hour (UTC).

    `release` is the one of Amazon Linux 2023 whose updates they take, `latest` for the newest.
    """

    day: str
    hour: int
    release: str


@dataclass(frozen=True)
class ProductSettings:
    """Settings of AS400Gateway: its home folder, database name, health path and who takes administrative writes.

    Without a `seed` the application makes the first data itself; without a `backup` there is none.
    """

    home: str
    database: str
    health: str
    admin_writes: str
    seed: Optional[Seed]
    backup: Optional[Backup]


@dataclass(frozen=True)
class Settings:
    """One settings document; `members` stand by ordinal, `table` holds the witness item.

    `formation_timeout` is in seconds, `takeover_interval` too: the least time between two automatic take-overs. Without
    `updates` nodes install none by themselves.
    """

    format: int
    cluster: str
    product: str
    region: str
    generation: str
    members: Tuple[Node, ...]
    asset: Asset
    artifact: Artifact
    wait_url: str
    formation_timeout: int
    takeover_interval: int
    java: int
    table: str
    secrets: Secrets
    ports: Ports
    settings: ProductSettings
    updates: Optional[Updates] = None

    def member(self, name: str) -> Node:
        """Return the member called `name`; raises `Failure` if the document has none."""
        for member in self.members:
            if member.name == name:
                return member
        names = ", ".join(member.name for member in self.members)
        raise Failure(f"the settings document of {self.cluster} has no node {name}; it has {names}")

    def peer_of(self, name: str) -> Node:
        """Return the other member of the pair."""
        return next(member for member in self.members if member.name != name)

    def alone(self, name: str) -> bool:
        """Return whether `name` is the one member that is present."""
        return self.member(name).present and not self.peer_of(name).present

    def leaves(self, name: str) -> bool:
        """Return whether `name` is to be absent: it still runs, and its instance is about to be removed."""
        return not self.member(name).present

    def updates_of(self, name: str) -> Optional[Updates]:
        """Return when `name` looks for updates, None for one that is to be absent."""
        return None if self.leaves(name) else self.updates


@dataclass(frozen=True)
class Outline:
    """What every musternode can read of a document of any format: what it is, who makes it, where to report."""

    generation: str
    wait_url: str
    asset: Asset
    formation_timeout: Optional[int]


def outline(text: str) -> Outline:
    """Return the outline of the document in `text`, whatever else it holds; raises `Failure` if it has none."""
    try:
        value = json.loads(text)
        asset = Asset(
            *(strict.value_of(str, value["asset"][key], f"asset.{key}") for key in ("bucket", "key", "sha256"))
        )
        generation, url = (strict.value_of(str, value[key], key) for key in ("generation", "wait_url"))
    except (ValueError, TypeError, KeyError) as fault:
        raise Failure(
            f"the settings document has no asset, generation and wait_url that can be read: {fault}"
        ) from None
    timeout = value.get("formation_timeout")
    return Outline(generation, url, asset, timeout if type(timeout) is int else None)


def read(text: str) -> Settings:
    """Return the document in `text`; raises `Failure` that names the first fault."""
    value = content(text)
    settings = strict.read(Settings, value)
    if len(settings.members) != 2 or len({member.name for member in settings.members}) != 2:
        raise Failure(f"members: {len(settings.members)} given; a pair has exactly two, of different names")
    if not any(member.present for member in settings.members):
        raise Failure("members: none is present; one of a pair may be absent, not both")
    _check_values(settings)
    return dataclasses.replace(settings, members=tuple(sorted(settings.members, key=lambda one: one.ordinal)))


def content(text: str) -> Dict[str, Any]:
    """Return the JSON object in `text`, which is of this musternode's format; raises `Failure`.

    One that says nothing of updates, as those of before there were any, wants none.
    """
    try:
        value = json.loads(text)
    except ValueError as fault:
        raise Failure(f"the settings document is not JSON: {fault}") from None
    if not isinstance(value, dict):
        raise Failure("the settings document is not a JSON object")
    if value.get("format") != FORMAT:
        raise Failure(
            f"the settings document has format {value.get('format')!r}; this musternode reads format {FORMAT}"
        )
    return {**value, "updates": _updates(value.get("updates", {}))}


def _updates(value: Any) -> Any:
    """Return `value`, that of `updates`; raises `Failure` for one that no timer can have."""
    if not isinstance(value, dict) or not value:
        return value
    day, hour, release = value.get("day"), value.get("hour"), value.get("release")
    if day not in DAYS:
        raise Failure(f"updates.day is {day!r}; it is one of {', '.join(DAYS)}")
    if type(hour) is not int or not 0 <= hour <= 23:
        raise Failure(f"updates.hour is {hour!r}; it is within 0 and 23")
    if not isinstance(release, str) or not re.fullmatch(r"latest|2023\.\d+\.\d{8}", release):
        raise Failure(f"updates.release is {release!r}; it is {LATEST} or such as 2023.9.20251117")
    return value


def product(text: str) -> str:
    """Return which product the document in `text` is for, empty if it does not say."""
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    return str(value.get("product", "")) if isinstance(value, dict) else ""


def _check_values(settings: Settings) -> None:
    product = settings.settings
    if product.admin_writes not in {LEADER, ANY}:
        raise Failure(f"settings.admin_writes is {product.admin_writes!r}; it is {LEADER} or {ANY}")
    if product.seed is not None and product.seed.kind not in {FILE, SCRIPT}:
        raise Failure(f"settings.seed.kind is {product.seed.kind!r}; it is {FILE} or {SCRIPT}")
    if product.backup is not None and not 0 <= product.backup.hour <= 23:
        raise Failure(f"settings.backup.hour is {product.backup.hour}; it is within 0 and 23")
    if settings.takeover_interval < 0:
        raise Failure(f"takeover_interval is {settings.takeover_interval}; seconds are needed, 0 or more")
