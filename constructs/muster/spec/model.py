"""The cluster file as typed, unchangeable values."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import Discriminator, Field, PrivateAttr, Tag, create_model

from muster.aws_names import Ami, Architecture, Certificate, InstanceType, Region, S3Object, Sha256, Zone, architecture
from muster.fields import (
    Block,
    Cidr,
    ClusterName,
    Cookie,
    DatabaseName,
    Hours,
    NodeName,
    Os,
    Port,
    Scheme,
    Timeout,
    checked,
    one_of,
)
from muster.products import PRODUCTS, Product
from muster.spec.faults import Fault, SpecError
from muster.spec.reading import Document

BlockT = TypeVar("BlockT", bound=Block)
ARTIFACT = "the application's .jar: {file: PATH} or {s3: bucket/key, sha256: HASH}"
FILE = "the path of a .jar whose name has only letters, digits and . _ -"


def _file_fault(value: str) -> str | None:
    name = value.rpartition("/")[2]
    plain = name.isascii() and name.replace(".", "").replace("_", "").replace("-", "").isalnum()
    if not plain or not name.endswith(".jar") or not name[0].isalnum() or len(name) > 100:
        return "whose name is not such"
    return None if value.isprintable() else "which is not printable"


class Node(Block):
    """A member machine of the cluster."""

    zone: Zone


class Instance(Block):
    """What every node runs on; `ami` stands in place of the pinned image of `os`."""

    type: InstanceType
    os: Os = "amazon-linux-2023"
    java: Annotated[int, one_of(8, 11, 17, 21)] = 17
    ami: Ami | None = None

    @property
    def architecture(self) -> Architecture:
        """The processor architecture that `type` says."""
        return architecture(self.type)


class ArtifactFile(Block):
    """A .jar on this machine; its path is relative to the cluster file."""

    file: Annotated[str, Field(description=FILE), checked(_file_fault, FILE)]


class ArtifactInS3(Block):
    """A .jar in S3 with its hash."""

    s3: S3Object
    sha256: Sha256


ARTIFACT_KINDS: Final[Mapping[str, type[Block]]] = {"<file>": ArtifactFile, "<s3>": ArtifactInS3}
"""By the mark that pydantic puts into the location of an error."""


def _kind_of_artifact(value: Any) -> str:
    return "<s3>" if isinstance(value, dict) and {"s3", "sha256"} & set(value) else "<file>"


Artifact = Annotated[
    Annotated[ArtifactFile, Tag("<file>")] | Annotated[ArtifactInS3, Tag("<s3>")],
    Field(description=ARTIFACT),
    Discriminator(_kind_of_artifact),
]


class Stickiness(Block):
    """How long a user stays on one node, and by which cookie; `balancer` is the balancer's own."""

    cookie: Cookie = "balancer"
    hours: Hours = 8


class Balancer(Block):
    """The load balancer that users reach."""

    scheme: Scheme = "internal"
    certificate: Certificate | None = None
    stickiness: Stickiness = Stickiness()


class Network(Block):
    """The address range of the cluster's own VPC."""

    cidr: Cidr = "10.64.0.0/20"


class Formation(Block):
    """Seconds in which the cluster must have formed, else the deployment fails."""

    timeout: Timeout = 900


class Database(Block):
    """The H2 pair: database name, the port of its servers, and the port on which the members ask each other."""

    name: DatabaseName = "connections"
    port: Port = 9092
    peer_port: Port = 9093


class Cluster(Block):
    """One cluster file. The block of its product is read by `block`."""

    name: ClusterName
    product: Annotated[str, Field(description=" or ".join(PRODUCTS)), one_of(*PRODUCTS)]
    region: Region
    nodes: Annotated[Mapping[NodeName, Node], Field(description="a mapping of node names to {zone: ZONE}")]
    instance: Annotated[Instance, Field(description="a mapping such as {type: t4g.medium}")]
    artifact: Artifact
    balancer: Balancer = Balancer()
    network: Network = Network()
    formation: Formation = Formation()
    database: Database = Database()

    _document: Document | None = PrivateAttr(default=None)

    def block(self, kind: type[BlockT]) -> BlockT:
        """Return the block of this cluster's product; raises `TypeError` if `kind` is another product's."""
        value = getattr(self, self.product, None)
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
    blocks: dict[str, Any] = dict.fromkeys(PRODUCTS, (Any, None))
    if product:
        kind = PRODUCTS[product].block
        blocks = {product: (kind, kind())}
    return cast("type[Cluster]", create_model("Cluster", __base__=Cluster, **blocks))
