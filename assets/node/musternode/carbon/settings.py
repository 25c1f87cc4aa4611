"""The settings document of a WSO2 Carbon cluster."""

import typing
from dataclasses import dataclass, field
from typing import Optional, Sequence, Tuple

from .. import strict
from ..failure import Failure
from ..servers.settings import Document, fixed_for_good, in_order
from ..settings import Node, content

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
class Settings(Document):
    """One settings document of a cluster on WSO2 Carbon."""

    ports: Ports
    settings: ProductSettings
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def well_known(self) -> Tuple[Node, ...]:
        """The members whose addresses all know, where the engine asks no API for them (`wka`)."""
        return self.present


def read(text: str) -> Settings:
    """Return the document in `text`; raises `Failure` that names the first fault."""
    settings = in_order(strict.read(Settings, content(text)))
    check(settings.settings, settings.secrets)
    return settings


def check(product: ProductSettings, secrets: Secrets) -> None:
    """Raise `Failure` with the first value that the program does not know, or that lacks another one."""
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


def refusal(old: Settings, new: Settings) -> Optional[str]:
    """Return why `new` cannot be applied to running members one after the other, or None if it can."""
    if old.settings.domain != new.settings.domain:
        return fixed_for_good("the domain")
    if _line(old) != _line(new):
        return (
            f"the kernel of running members cannot be changed to {new.settings.kernel} one after the other: Hazelcast "
            f"{old.settings.engine} and {new.settings.engine} form no cluster; deploy a new one for it"
        )
    return old.refusal_of(new)


def _line(chosen: Settings) -> Sequence[str]:
    """Return the first two numbers of the engine: members of one cluster have them in common (Hazelcast's manual)."""
    return chosen.settings.engine.split(".")[:2]
