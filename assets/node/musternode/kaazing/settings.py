"""The settings document of a cluster of Kaazing Gateways."""

from dataclasses import dataclass, field
from typing import Optional

from .. import strict
from ..failure import Failure
from ..servers.settings import Document, fixed_for_good, in_order
from ..settings import content
from ..tls import front
from .upgrade import Service
from .wanted import Wanted

SHORTEST = 5
"""Seconds of the shortest heartbeat that makes sense: members send one a second."""


@dataclass(frozen=True)
class Ports:
    """TCP ports of a node; `tls` is that of its TLS front, 0 for none."""

    http: int
    member: int
    peer: int
    readiness: int
    tls: int = 0


@dataclass(frozen=True)
class Secrets:
    """A gateway has none from AWS."""


@dataclass(frozen=True)
class ProductSettings:
    """Settings of the product; `cluster` is the name of the gateways' own cluster, `host` the public name.

    Users come to `public_port` of the balancer, which ends a connection that is quiet for `idle` seconds. A gateway
    that is silent for `heartbeat` seconds is gone. At `path` a node looks whether its gateway takes users.
    """

    home: str
    cluster: str
    host: str
    public_port: int
    heartbeat: int
    idle: int
    path: Optional[str] = None


@dataclass(frozen=True)
class Settings(Document):
    """One settings document of a cluster of Kaazing Gateways."""

    ports: Ports
    settings: ProductSettings
    secrets: Secrets = field(default_factory=Secrets)

    def wanted(self, name: str) -> Wanted:
        """Return what the gateway of the node `name` is to say; raises `Failure` for what no gateway works with."""
        product = self.settings
        return Wanted(
            cluster=product.cluster,
            address=self.member(name).address,
            members=tuple(member.address for member in self.present),
            member_port=self.ports.member,
            host=product.host,
            public_port=product.public_port,
            http_port=self.ports.http,
            idle=product.idle,
        )

    def service(self, name: str, path: str) -> Service:
        """Return the service at `path` of the gateway of the node `name`, as the balancer asks for it."""
        return Service(self.member(name).address, self.ports.http, self.settings.host, path)


def read(text: str) -> Settings:
    """Return the document in `text`; raises `Failure` that names the first fault."""
    settings = in_order(strict.read(Settings, content(text)))
    if settings.settings.heartbeat < SHORTEST:
        raise Failure(f"settings.heartbeat is {settings.settings.heartbeat}; seconds are needed, {SHORTEST} or more")
    for member in settings.present:
        settings.wanted(member.name)
        settings.service(member.name, settings.settings.path or "/")
    return settings


def refusal(old: Settings, new: Settings) -> Optional[str]:
    """Return why `new` cannot be applied to running members one after the other, or None if it can.

    Gateways with other seconds or ports for users are one cluster none the less.
    """
    if old.settings.cluster != new.settings.cluster:
        return fixed_for_good("the name of the gateways' cluster")
    return front.refusal(old.ports.tls, new.ports.tls) or old.refusal_of(new)
