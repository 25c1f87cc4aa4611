"""The settings document of a WSO2 Carbon cluster."""

import dataclasses
import typing
from dataclasses import dataclass, field
from typing import Optional, Tuple

from .. import strict
from ..failure import Failure
from ..settings import Artifact, Asset, Node, content

PRODUCT = "wso2-carbon"
CAMEL, KEBAB = "camel", "kebab"
"""How the kernel spells the parameters of its clustering; names of the other spelling are passed over in silence."""
AWS, WKA = "aws", "wka"
"""How members find each other: by the EC2 API, or by addresses that stand in the configuration."""
ROLE, BRIDGE, KEYS, NONE = "role", "bridge", "keys", "none"
"""Whose credentials the engine asks the EC2 API with: the instance's role, the discovery role through the bridge, the
keys of a user, nobody's (`wka`)."""
AXIS2, DEPLOYMENT = "axis2.xml", "deployment.toml"
SHORTEST = 5
"""Seconds of the shortest heartbeat that makes sense: the engine sends one a second."""


@dataclass(frozen=True)
class Ports:
    """TCP ports of a node."""

    http: int
    https: int
    member: int
    peer: int
    readiness: int


@dataclass(frozen=True)
class Secrets:
    """ARN of the secret with the access key of the user that may discover: `{"access_key_id", "secret_access_key"}`."""

    discovery: str = ""


@dataclass(frozen=True)
class Proxy:
    """The company's way out for the product's Java."""

    host: str
    port: int


@dataclass(frozen=True)
class Trust:
    """The object in S3 with the certificates (PEM) that the product's Java is to trust."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class ProductSettings:
    """Settings of the product; `heartbeat` are the seconds without a word after which a member is taken to be gone.

    `discovery_key` is the number of the access key in force: another one makes the node read the secret anew.
    """

    home: str
    kernel: str
    engine: str
    spelling: str
    agent: str
    config: str
    credentials: str
    membership: str
    domain: str
    security_group: str
    tag_key: str
    tag_value: str
    heartbeat: int
    discovery_role: str = ""
    discovery_key: int = 0
    proxy: Optional[Proxy] = None
    trust: Optional[Trust] = None


@dataclass(frozen=True)
class Settings:
    """One settings document; `members` stand by ordinal, `formation_timeout` is in seconds."""

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
    java: int
    ports: Ports
    settings: ProductSettings
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def present(self) -> Tuple[Node, ...]:
        """The members that have an instance by the cluster file."""
        return tuple(member for member in self.members if member.present)

    def member(self, name: str) -> Node:
        """Return the member called `name`; raises `Failure` if the document has none."""
        for member in self.members:
            if member.name == name:
                return member
        names = ", ".join(member.name for member in self.members)
        raise Failure(f"the settings document of {self.cluster} has no node {name}; it has {names}")

    def others(self, name: str) -> Tuple[Node, ...]:
        """Return the present members but `name`."""
        return tuple(member for member in self.present if member.name != name)

    def leaves(self, name: str) -> bool:
        """Return whether `name` is to be no member any more: it still runs, and its instance is about to be removed."""
        return name not in {member.name for member in self.present}


def read(text: str) -> Settings:
    """Return the document in `text`; raises `Failure` that names the first fault."""
    settings = strict.read(Settings, content(text))
    names = [member.name for member in settings.members]
    if len(set(names)) != len(names) or not settings.present:
        raise Failure(f"members: {', '.join(names) or 'none'} given; names must differ, and one at least be present")
    _check(settings.settings, settings.secrets)
    return dataclasses.replace(settings, members=tuple(sorted(settings.members, key=lambda one: one.ordinal)))


def _check(product: ProductSettings, secrets: Secrets) -> None:
    choices: typing.Mapping[str, Tuple[str, Tuple[str, ...]]] = {
        "spelling": (product.spelling, (CAMEL, KEBAB)),
        "membership": (product.membership, (AWS, WKA)),
        "credentials": (product.credentials, (ROLE, BRIDGE, KEYS, NONE)),
        "config": (product.config, (AXIS2, DEPLOYMENT)),
    }
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise Failure(f"settings.{name} is {value!r}; it is one of {', '.join(allowed)}")
    if product.heartbeat < SHORTEST:
        raise Failure(f"settings.heartbeat is {product.heartbeat}; seconds are needed, {SHORTEST} or more")
    if product.credentials == BRIDGE and not product.discovery_role:
        raise Failure("settings.discovery_role is missing; the bridge has no role to take: deploy again")
    if product.credentials == KEYS and not secrets.discovery:
        raise Failure("secrets.discovery is missing; the engine has no key to ask the EC2 API with: deploy again")
