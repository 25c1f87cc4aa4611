"""What Muster must know about a product: data, and pure functions of a cluster file. No CDK here."""

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from muster.fields import Block
from muster.products.hosts import Hosts
from muster.products.made_database import MadeDatabase

if TYPE_CHECKING:
    from muster.spec.model import Cluster


class Reach(Enum):
    """Who may reach a port."""

    MEMBERS = "members"
    """The other nodes of the cluster."""
    BALANCER = "balancer"
    """The load balancer."""
    NOBODY = "nobody"
    """Nobody but the node itself."""


class Discovery(Enum):
    """With what leave a member finds the others by the EC2 API (`ec2:DescribeInstances`)."""

    NONE = "none"
    """With none: nothing asks that API."""
    OWN_ROLE = "own role"
    """With that of the instance's own role."""
    ROLE_ALONE = "role alone"
    """With that of a role which may do nothing else, and which the instance's own role assumes."""
    USER = "user"
    """With that of a user who may do nothing else, by a key in a secret."""


@dataclasses.dataclass(frozen=True)
class Port:
    """A TCP port that a node listens on; `name` stands in the settings document, `field` in the cluster file.

    `asked` are the ports that others try there, where they try more than this one: they must be refused at once, as a
    try that vanishes costs seconds.
    """

    name: str
    number: int
    field: str
    reach: Reach
    asked: range | None = None


@dataclasses.dataclass(frozen=True)
class Secret:
    """A user name and a generated password; `name` is its key in the settings document, `id` its construct id.

    `plain`: the password has letters and digits alone, for files in which other characters say something else.
    """

    name: str
    id: str
    username: str
    purpose: str
    plain: bool = False


def no_database(_: "Cluster") -> MadeDatabase | None:
    """Return None: of this product no file asks for a database."""
    return None


@dataclasses.dataclass(frozen=True)
class Product:
    """One product.

    `ports`, `settings`, `java`, `discovery`, `ways_out`, `trust`, `licence`, `given_secrets`, `shared_files`, `admin`
    and `users` are pure functions of the cluster file: `java` gives the versions that the product runs with, wherever
    they come from; `ways_out` the TCP ports that a node must reach outside of the cluster beside its system's, but not
    those of files or a database that all nodes share and that are made with them; `trust` the path of the certificates
    that the block's `trust` names, `licence` the one of the licence that its `licence` names; `given_secrets` the ARNs
    of secrets that are the user's own, by their keys in the settings document; `shared_files` the id of the file system
    of EFS that nodes share, or `efs` for one that is made with the cluster;
    `admin` the path below which the product is administered, `users` the one of its users' requests, each None where
    there is none. `leads` tells whether the file wants administration to reach the node alone that leads the pair.
    `serving` and `readiness` name the port that users reach and the one whose /ready the balancer asks. `secured` names
    the one that they reach where the balancer speaks HTTPS to nodes, whatever certificate they have; where it is
    `serving` too, there is no other way.
    `defaults` is merged below what a cluster file says, and gets that: raw values, of whatever kind. By them a product
    says, too, by which cookie the balancer keeps its users on a node, and what it speaks to nodes. `memory` is what a
    node needs at least, in GiB. A `pair` is two nodes over one H2 database, which has a witness.

    `weighed` gives the ports on which each node, by name, takes users' requests, where that is not the one of `serving`
    on all of them; absent nodes count too. `idle` gives the seconds after which the balancer ends a connection on which
    nothing comes, None for AWS's 60.

    `grouped`: nodes are not all alike, and each has a group in the cluster file. `hosts` gives the host names by which
    the balancer then tells the groups apart, None where every node answers whatever comes. `made_database` is the one
    that is made with the cluster, None where there is none. `keepers` are the nodes that have the repository
    of artifacts which they make, first the one that commits: none where there is no such repository. `reserved` names
    the nodes that alone may read a secret, by the secret: all others have a role without it.

    `field` is the name of the product's block in a cluster file. `archive` is what the name of the application's file
    ends with. For a new cluster file, `example` is that file's name, `start` what the block says in a region from the
    first, and `examples` what stands at those of its fields (dotted) that have no default.
    """

    name: str
    title: str
    field: str
    block: type[Block]
    nodes: range
    java: Callable[["Cluster"], tuple[int, ...]]
    defaults: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    serving: str
    secured: str
    readiness: str
    secrets: tuple[Secret, ...]
    ports: Callable[["Cluster"], tuple[Port, ...]]
    settings: Callable[["Cluster"], Mapping[str, Any]]
    memory: float
    example: str
    archive: str
    start: Callable[[str], Mapping[str, Any]] | None = None
    examples: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    discovery: Callable[["Cluster"], Discovery] = lambda _: Discovery.NONE
    ways_out: Callable[["Cluster"], tuple[int, ...]] = lambda _: ()
    trust: Callable[["Cluster"], str | None] = lambda _: None
    licence: Callable[["Cluster"], str | None] = lambda _: None
    given_secrets: Callable[["Cluster"], Mapping[str, str]] = lambda _: {}
    shared_files: Callable[["Cluster"], str | None] = lambda _: None
    admin: Callable[["Cluster"], str] | None = None
    users: Callable[["Cluster"], str] | None = None
    leads: Callable[["Cluster"], bool] = lambda _: False
    pair: bool = False
    weighed: Callable[["Cluster"], Mapping[str, tuple[int, ...]]] | None = None
    idle: Callable[["Cluster"], int | None] = lambda _: None
    grouped: bool = False
    hosts: Callable[["Cluster"], Hosts | None] = lambda _: None
    made_database: Callable[["Cluster"], MadeDatabase | None] = no_database
    keepers: Callable[["Cluster"], tuple[str, ...]] = lambda _: ()
    reserved: Callable[["Cluster"], Mapping[str, tuple[str, ...]]] = lambda _: {}

    @property
    def makes_databases(self) -> bool:
        """Whether a file of this product may ask for a database, so that one may be left of an earlier file."""
        return self.made_database is not no_database

    def served(self, cluster: "Cluster") -> str:
        """Return the name of the port that users reach: `serving`, or `secured` where that is asked for."""
        return self.secured if cluster.balancer.to_nodes == "https" else self.serving

    def port(self, cluster: "Cluster", name: str) -> int:
        """Return the number of the port named `name`."""
        return next(port.number for port in self.ports(cluster) if port.name == name)

    def ports_for(self, cluster: "Cluster", reach: Reach) -> tuple[Port, ...]:
        """Return the ports that `reach` may reach, in the product's order."""
        return tuple(port for port in self.ports(cluster) if port.reach is reach)

    def made_secrets(self, cluster: "Cluster") -> tuple[Secret, ...]:
        """Return the secrets that are made with the cluster: in place of some of them a file may give the user's."""
        given = self.given_secrets(cluster)
        return tuple(secret for secret in self.secrets if secret.name not in given)

    def targets(self, cluster: "Cluster") -> Mapping[str, tuple[int, ...]]:
        """Return the ports on which the balancer sends users' requests to each node, by the node's name."""
        if self.weighed:
            return self.weighed(cluster)
        return dict.fromkeys(cluster.nodes, (self.port(cluster, self.served(cluster)),))
