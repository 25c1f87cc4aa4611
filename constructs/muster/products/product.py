"""What Muster must know about a product: data, and pure functions of a cluster file. No CDK here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from muster.fields import Block, OperatingSystem

if TYPE_CHECKING:
    from muster.spec.model import Cluster


class Reach(Enum):
    """Who may reach a port."""

    MEMBERS = "members"
    """The other nodes of the cluster."""
    BALANCER = "balancer"
    """The load balancer."""


@dataclass(frozen=True)
class Port:
    """A TCP port that a node listens on; `name` stands in the settings document, `field` in the cluster file."""

    name: str
    number: int
    field: str
    reach: Reach


@dataclass(frozen=True)
class Secret:
    """A user name and a generated password; `name` is its key in the settings document, `id` its construct id."""

    name: str
    id: str
    username: str
    purpose: str


@dataclass(frozen=True)
class Product:
    """One product.

    `ports`, `settings`, `admin` and `users` are pure functions of the cluster file; `admin` gives the path below which
    the product is administered, `users` the one of its users' requests; each is None where there is none. `leads` tells
    whether the file wants administration to reach the node alone that leads the pair. `serving` and `readiness` name
    the port that users reach and the one whose /ready the balancer asks. `defaults` is merged below what a cluster file
    says. `memory` is what a node needs at least, in GiB. `example` is the file name of the application, for a new
    cluster file. A `pair` is two nodes over one H2 database, which has a witness.
    """

    name: str
    title: str
    block: type[Block]
    nodes: range
    java: Mapping[OperatingSystem, tuple[int, ...]]
    defaults: Mapping[str, Any]
    discovers_by_ec2_api: bool
    serving: str
    readiness: str
    secrets: tuple[Secret, ...]
    ports: Callable[["Cluster"], tuple[Port, ...]]
    settings: Callable[["Cluster"], Mapping[str, str]]
    memory: float
    example: str
    admin: Callable[["Cluster"], str] | None = None
    users: Callable[["Cluster"], str] | None = None
    leads: Callable[["Cluster"], bool] = lambda _: False
    pair: bool = False

    def port(self, cluster: "Cluster", name: str) -> int:
        """Return the number of the port named `name`."""
        return next(port.number for port in self.ports(cluster) if port.name == name)

    def ports_for(self, cluster: "Cluster", reach: Reach) -> tuple[Port, ...]:
        """Return the ports that `reach` may reach, in the product's order."""
        return tuple(port for port in self.ports(cluster) if port.reach is reach)
