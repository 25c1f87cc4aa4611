"""The blocks of the cluster file about machines: nodes, instances, and the application's file."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, Tag

from muster.addresses import Address
from muster.aws_ids import Ami
from muster.aws_names import Architecture, ArchitectureField, InstanceType, S3Object, Sha256, Zone, architecture
from muster.checking import Check, checked, one_of
from muster.fields import Block, GroupField, Os, Truth, Volume, default_of_the_product, path_fault

ARTIFACT: Final = "the application's file: {file: PATH} or {s3: bucket/key, sha256: HASH}"
ARCHIVES: Final = (".jar", ".zip")
"""What the name of an application's file ends with: of each product one of these."""
FILE: Final = f"the path of a {' or '.join(ARCHIVES)} whose name has only letters, digits and . _ -"


def _file_fault(value: str) -> str | None:
    name = value.rpartition("/")[2]
    plain = name.isascii() and name.replace(".", "").replace("_", "").replace("-", "").isalnum()
    if not plain or not name.endswith(ARCHIVES) or not name[0].isalnum() or len(name) > 100:
        return "whose name is not such"
    return path_fault(value)


class Node(Block):
    """A member machine of the cluster."""

    zone: Zone
    """The availability zone in which the node runs."""
    present: Truth = True
    """Whether its instance runs. An absent node keeps its place, its address and its data volume."""
    address: Address | None = None
    """The node's address, in an existing VPC alone: an unused one of its zone's node subnet."""


class GroupedNode(Node):
    """A node of a product whose nodes are not all alike."""

    group: GroupField | None = None
    """What the node is for: `mgt` has the console and deploys, `worker` answers users. Needed."""


class Instance(Block):
    """What every node runs on."""

    type: InstanceType
    """The instance type of every node."""
    os: Os = "amazon-linux-2023"
    """The operating system of the image."""
    java: Annotated[int, one_of(8, 11, 17, 21), Field(json_schema_extra=default_of_the_product)] = 17
    """The version of Java, from the operating system's packages. The default is the product's."""
    ami: Ami | None = None
    """An image of your own in place of the pinned one of `os`, which it must run."""
    architecture_of_image: ArchitectureField | None = Field(default=None, alias="architecture")
    """What your own image is built for, to be compared with the instance type."""
    volume: Volume = 20
    """The size in GiB of each node's data volume, which can grow later but not shrink."""

    @property
    def architecture(self) -> Architecture:
        """The processor architecture that `type` says."""
        return architecture(self.type)


class ArtifactFile(Block):
    """A file on this machine."""

    file: Annotated[str, checked(_file_fault, FILE, pattern=r"^(.*/)?[A-Za-z0-9][A-Za-z0-9._-]*\.(jar|zip)$")]
    """The path of the application's .jar, or of the product's .zip, relative to the cluster file."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.file.rpartition("/")[2]


class ArtifactInS3(Block):
    """A file in S3 with its hash."""

    s3: S3Object
    """Where the application's .jar or the product's .zip lies: bucket/key."""
    sha256: Sha256
    """The SHA-256 of the file, which each node compares."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.s3.rpartition("/")[2]


ARTIFACT_KINDS: Final[Mapping[str, type[Block]]] = {"<file>": ArtifactFile, "<s3>": ArtifactInS3}
"""By the mark that pydantic puts into the location of an error."""


def _kind_of_artifact(value: Any) -> str:
    return "<s3>" if isinstance(value, dict) and {"s3", "sha256"} & set(value) else "<file>"


Artifact = Annotated[
    Annotated[ArtifactFile, Tag("<file>")] | Annotated[ArtifactInS3, Tag("<s3>")],
    Check(ARTIFACT),
    Discriminator(_kind_of_artifact),
]
