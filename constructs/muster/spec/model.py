"""The cluster file as typed, unchangeable values. Its larger blocks stand in modules of their own."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import Field, PrivateAttr, create_model

from muster.aws_ids import Account, KmsKey, PermissionBoundary
from muster.aws_names import Region
from muster.checking import Check, one_of
from muster.fields import (
    Block,
    ClusterName,
    Email,
    Group,
    NodeName,
    Protection,
    Retention,
    TagKey,
    TagValue,
    Timeout,
)
from muster.products import PRODUCTS, Product
from muster.spec.balancer import AdminRoute, Balancer, Domain, Stickiness
from muster.spec.database import SEED_KINDS, Backup, Database, Seed, SeedFile, SeedInS3
from muster.spec.faults import Fault, SpecError
from muster.spec.instance import ARTIFACT_KINDS, Artifact, ArtifactFile, ArtifactInS3, GroupedNode, Instance, Node
from muster.spec.network import ExistingVpc, Network, Subnet, VpcZone
from muster.spec.reading import Document
from muster.spec.updates import Updates

__all__ = [
    "UNION_KINDS",
    "AdminRoute",
    "Alarms",
    "Artifact",
    "ArtifactFile",
    "ArtifactInS3",
    "Backup",
    "Balancer",
    "Cluster",
    "Database",
    "Domain",
    "ExistingVpc",
    "Formation",
    "GroupedNode",
    "Instance",
    "Logs",
    "Network",
    "Node",
    "Seed",
    "SeedFile",
    "SeedInS3",
    "Stickiness",
    "Subnet",
    "Updates",
    "VpcZone",
    "file_model",
    "foreign",
    "grouped_nodes",
]

BlockT = TypeVar("BlockT", bound=Block)

UNION_KINDS: Mapping[str, type[Block]] = {**ARTIFACT_KINDS, **SEED_KINDS}
"""The blocks of fields that take one of two, by the mark that pydantic puts into the location of an error."""


NODES: Check = Check("a mapping of node names to {zone: ZONE}")
GROUPED_NODES: Check = Check("a mapping of node names to {zone: ZONE, group: GROUP}")


class Formation(Block):
    """How long a deployment waits."""

    timeout: Timeout = 900
    """Seconds in which the cluster must have formed, else the deployment fails."""


class Logs(Block):
    """The log groups of the nodes and of what runs on them."""

    retention: Retention = 30
    """Days after which log entries go."""


class Alarms(Block):
    """Who is told when something is wrong."""

    email: Email | None = None
    """The address to which alarms are sent, after its owner has confirmed it."""


class Cluster(Block):
    """One cluster file. The block of its product is read by `block`."""

    name: ClusterName
    """The cluster's name, in the names of all that it is made of; two clusters of one account differ in it."""
    account: Account | None = None
    """The account for which the file is meant: a deployment to another is refused, and so are another's ARNs."""
    product: Annotated[str, one_of(*PRODUCTS)]
    """The product that runs on the nodes."""
    region: Region
    """The region."""
    protection: Protection = "on"
    """`on`: deletion is refused. `lifted`: it keeps volumes' snapshots and access logs. `off`: it keeps nothing."""
    tags: Annotated[
        Mapping[TagKey, TagValue], Check("a mapping of tags such as {cost-center: '1234'}"), Field(default_factory=dict)
    ]
    """Tags of everything that is made, up to 40."""
    nodes: Annotated[Mapping[NodeName, Node], NODES]
    """The nodes. Each is known by its name; its place in the list means nothing."""
    instance: Annotated[Instance, Check("a mapping such as {type: t4g.medium}")]
    """What every node runs on."""
    artifact: Artifact
    """The application."""
    balancer: Balancer = Balancer()
    """The load balancer that users reach."""
    network: Network = Network()
    """Where the cluster lies."""
    formation: Formation = Formation()
    """How long a deployment waits."""
    logs: Logs = Logs()
    """The log groups of the nodes and of what runs on them."""
    alarms: Alarms = Alarms()
    """Who is told when something is wrong."""
    kms_key: KmsKey | None = None
    """Your own key for volumes, secrets, log groups and the alarms' topic. Without it AWS's own keys encrypt them."""
    permission_boundary: PermissionBoundary | None = None
    """A managed policy that bounds every role of the cluster."""
    database: Database = Database()
    """The H2 pair."""
    updates: Annotated[Updates | None, Check("a mapping such as {day: sunday, hour: 3}")] = None
    """When nodes install security updates by themselves. Without it they install none."""

    _document: Document | None = PrivateAttr(default=None)

    @property
    def protected(self) -> bool:
        """Whether data outlive a deletion: `protection` is on or lifted."""
        return self.protection != "off"

    @property
    def deletion_refused(self) -> bool:
        """Whether nothing that holds data, and not the stack, can be deleted: `protection` is on."""
        return self.protection == "on"

    @property
    def backed_up(self) -> bool:
        """Whether the database is dumped each night: `protection: off` keeps nothing, so it has no bucket for it."""
        return self.protected and self.database.backup.days > 0

    @property
    def present_nodes(self) -> tuple[str, ...]:
        """The names of the nodes whose instances run, sorted."""
        return tuple(sorted(name for name, node in self.nodes.items() if node.present))

    @property
    def groups(self) -> Mapping[str, Group]:
        """The group of each node that the file gives one, by the node's name, absent nodes too."""
        grouped = {name: node for name, node in self.nodes.items() if isinstance(node, GroupedNode)}
        return {name: node.group for name, node in grouped.items() if node.group}

    def block(self, kind: type[BlockT]) -> BlockT:
        """Return the block of this cluster's product; raises `TypeError` if `kind` is another product's."""
        value = getattr(self, self.about.field, None)
        if not isinstance(value, kind):
            raise TypeError(f"a cluster of {self.product} has no {kind.__name__}")
        return value

    @property
    def about(self) -> Product:
        """What Muster knows about this cluster's product."""
        return PRODUCTS[self.product]

    @property
    def folder(self) -> Path:
        """The folder of the cluster file, to which its paths are relative."""
        return Path(self._document.path).parent if self._document else Path()

    def refusal(self, field: str, what: str) -> SpecError:
        """Return the error that refuses `field` (dotted) in this cluster's file, with its line."""
        location = tuple(field.split("."))
        return SpecError([self._document.fault(location, what) if self._document else Fault("", None, field, what)])


@cache
def file_model(product: str | None) -> type[Cluster]:
    """Return the shape of a cluster file of `product`; of an unknown product its block may hold anything."""
    blocks: dict[str, Any] = {each.field: (Any, None) for each in PRODUCTS.values()}
    if product:
        about = PRODUCTS[product]
        blocks = {about.field: (about.block, Field(default=about.block(), description=about.block.__doc__))}
        if about.grouped:
            blocks["nodes"] = grouped_nodes()
    return cast("type[Cluster]", create_model("Cluster", __base__=Cluster, **blocks))


def grouped_nodes() -> tuple[Any, Any]:
    """Return the field `nodes`, as `create_model` takes it, where each node has a group."""
    meaning = Cluster.model_fields["nodes"].description
    return Annotated[Mapping[NodeName, GroupedNode], GROUPED_NODES], Field(description=meaning)


def foreign(product: Product) -> frozenset[str]:
    """Return the fields (dotted) that mean nothing for `product`: files of others have them."""
    fields = {"database": product.pair, "balancer.admin": product.admin is not None}
    return frozenset(name for name, meant in fields.items() if not meant)
