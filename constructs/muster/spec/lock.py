"""The lock file's content: what a cluster's nodes are launched with, as typed, unchangeable values.

One JSON with sorted keys, so that the same lock is always the same bytes and a change is a readable diff.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from muster.checking import shown
from muster.fields import Block, Scheme

FORMAT: Final = 1
"""Raised when a Muster of before could misread the file."""

PLACEHOLDER: Final = "ami-00000000000000000"
"""Stands where no image is pinned; no account has it, so that AWS refuses to start an instance from it."""

OWN: Final = "own"
"""`source` of an image that the cluster file names itself."""


class LockedZone(Block):
    """A zone's place: its number, never another zone's, and its subnets (CIDR; `edge` only in a VPC of our own).

    `subnet` is the id of the node subnet in an existing VPC.
    """

    number: int = Field(ge=0)
    nodes: str
    balancer: str | None = None
    edge: str | None = None
    subnet: str | None = None


class LockedNode(Block):
    """A node's place and what it is launched with; `image` is None as long as none is pinned.

    `source` says where the image comes from: the key of a pin (`amazon-linux-2023/arm64`), or `OWN`.
    """

    ordinal: int = Field(ge=0)
    zone: str
    address: str
    present: bool
    type: str
    image: str | None
    source: str


class PinnedImage(Block):
    """A vendor's image: its id in this region, its name, and the day (UTC) on which it was read."""

    id: str
    name: str
    read: str


class DiscoveryKey(Block):
    """The numbers of the access keys by which members find each other: the one in use, and the one that was.

    Both work as long as `former` stands here. Numbers only grow: a key is never made twice.
    """

    current: int = Field(default=1, ge=1)
    former: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _grown(self) -> "DiscoveryKey":
        if self.former is not None and self.former >= self.current:
            raise ValueError(f"the former key {self.former} is not below the current one, {self.current}")
        return self


class Lock(Block):
    """What has been launched. `rolling` names the nodes whose launch values may still differ from the file's.

    `scheme` is the balancer's; None stands in the lock of a Muster that did not write it yet. `discovery_key` is None
    as long as that key was never changed, and of a cluster without one; then it does not stand in the file. So it is
    with `database`, the shared one, by the engine of one that is made or by its address, with `keepers`, the nodes that
    have the repository of artifacts, of which the first one commits, and with `between`: a pair whose nodes speak TLS.
    """

    format: Literal[1] = FORMAT
    cluster: str
    region: str
    cidr: str
    vpc: str | None = None
    kms_key: str | None = None
    scheme: Scheme | None = None
    next_ordinal: int = Field(ge=0)
    zones: Mapping[str, LockedZone]
    nodes: Mapping[str, LockedNode]
    images: Mapping[str, PinnedImage] = {}
    artifact: str | None = None
    volume: int = Field(ge=1)
    rolling: tuple[str, ...] = ()
    discovery_key: DiscoveryKey | None = None
    database: str | None = None
    keepers: tuple[str, ...] = ()
    between: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> "Lock":
        """Refuse what only a merge by hand can make: two nodes or two zones in one place."""
        ordinals = [node.ordinal for node in self.nodes.values()]
        _once("ordinal", ordinals)
        _once("address", [node.address for node in self.nodes.values()])
        _once("zone number", [zone.number for zone in self.zones.values()])
        if any(ordinal >= self.next_ordinal for ordinal in ordinals):
            raise ValueError(f"next_ordinal {self.next_ordinal} is not above every node's")
        if unknown := sorted({node.zone for node in self.nodes.values()} - set(self.zones)):
            raise ValueError(f"zone {unknown[0]} is a node's, but none of the zones")
        if unknown := sorted(set(self.rolling) - set(self.nodes)):
            raise ValueError(f"{unknown[0]} is rolling, but no node")
        return self

    def changed(self, **fields: Any) -> "Lock":
        """Return this lock with `fields` replaced, checked again."""
        return Lock(**{name: getattr(self, name) for name in Lock.model_fields} | fields)

    def with_node(self, name: str, **fields: Any) -> "Lock":
        """Return this lock with `fields` of the node `name` replaced."""
        return self.changed(nodes={**self.nodes, name: self.nodes[name].model_copy(update=fields)})


def render(lock: Lock) -> str:
    """Return the text of the lock file."""
    left_out = {name for name in ("discovery_key", "database", "keepers", "between") if not getattr(lock, name)}
    return json.dumps(lock.model_dump(mode="json", exclude=left_out), indent=2, sort_keys=True) + "\n"


def parse(text: str) -> Lock:
    """Return the lock that `text` holds. Raises `ValueError` with one clause that says what is wrong with it."""
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) or line == "=======" for line in text.splitlines()):
        raise ValueError("holds the marks of a merge conflict")
    try:
        value = json.loads(text, object_pairs_hook=_no_key_twice)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON (line {error.lineno}: {error.msg})") from None
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        raise ValueError(f"has the format {shown(found)}, this Muster knows {FORMAT}")
    try:
        return Lock.model_validate_json(json.dumps(value))
    except ValidationError as error:
        raise ValueError(_clause(error)) from None


def _clause(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = [".".join(str(part) for part in first["loc"])] if first["loc"] else []
    clause = ": ".join(["is damaged", *where, first["msg"].removeprefix("Value error, ")])
    return clause if clause.isprintable() else ascii(clause)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _once("key", [key for key, _ in pairs])
    return dict(pairs)


def _once(what: str, values: list[Any]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {shown(twice[0]) if isinstance(twice[0], str) else twice[0]} stands twice")
