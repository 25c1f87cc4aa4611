"""What the settings document says of the engine, and what of it a node refuses."""

import re
from dataclasses import dataclass
from typing import Any, Tuple

from .. import strict
from ..failure import Failure
from . import eras

PRODUCT = "axonivy"
MOST_CONNECTORS = 5
"""Ports of one node in the balancer's target group."""
_ROUTE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
"""What may stand behind the point in a session's id: it travels in a cookie."""
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
"""What units, which name paths, take as it is."""


@dataclass(frozen=True)
class Database:
    """The system database that all nodes share; an empty `driver` leaves the choice to the engine.

    Its user's name and password are a secret, and no part of the settings.
    """

    url: str
    driver: str = ""


@dataclass(frozen=True)
class ProductSettings:
    """Settings of one node's engine.

    The engine listens on the first of `connectors`; the others lead there, one for each further share of the load. The
    nodes talk on `jgroups`. `shared` is a folder that all nodes have mounted, `licence` a file on the node.
    """

    home: str
    version: str
    route: str
    connectors: Tuple[int, ...]
    jgroups: int
    database: Database
    shared: str
    licence: str


def read(value: Any) -> ProductSettings:
    """Return the settings in the block `value` of the document; raises `Failure` that names the first fault."""
    return checked(strict.read(ProductSettings, value, "settings."))


def checked(product: ProductSettings) -> ProductSettings:
    """Return `product`, with which an engine can work; raises `Failure` that names the first fault."""
    eras.of(product.version)
    _check_ports(product)
    _check_paths(product)
    if not _ROUTE.fullmatch(product.route):
        raise Failure(f"settings.route is {product.route!r}; it is letters, digits, points and dashes, 64 at most")
    if not product.database.url.startswith("jdbc:") or not product.database.url.isprintable():
        raise Failure("settings.database.url is no address of a database; it begins with jdbc:")
    return product


def _check_ports(product: ProductSettings) -> None:
    ports = product.connectors
    if not 1 <= len(ports) <= MOST_CONNECTORS:
        raise Failure(f"settings.connectors has {len(ports)} ports; a node has 1 to {MOST_CONNECTORS}")
    for port in (*ports, product.jgroups):
        if not 1024 <= port <= 65535:
            raise Failure(f"settings: port {port} is not within 1024 and 65535; the engine is not run by root")
    if len({*ports, product.jgroups}) <= len(ports):
        raise Failure("settings: a port stands twice in connectors and jgroups; each needs its own")


def _check_paths(product: ProductSettings) -> None:
    for name, path in (("home", product.home), ("shared", product.shared), ("licence", product.licence)):
        parts = path.split("/")
        if not path.startswith("/") or ".." in parts or not path.isprintable() or not path.strip("/"):
            raise Failure(f"settings.{name} is {path!r}; a path from the root is needed, without ..")
        if not _PLAIN.fullmatch(path):
            raise Failure(f"settings.{name} is {path!r}; a path of letters, digits and . _ - is needed")
    if not product.licence.endswith(".lic"):
        raise Failure(f"settings.licence is {product.licence!r}; an engine takes a licence by its ending .lic")
    if f"{product.shared}/".startswith(f"{product.home.rstrip('/')}/"):
        raise Failure(f"settings.shared is {product.shared!r}, within the engine's home; the next version replaces it")
