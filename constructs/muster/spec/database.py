"""The blocks of the cluster file about the H2 pair: its data, who takes over, and its backups."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Tag

from muster.aws_names import Sha256, s3_object
from muster.checking import Check, checked, whole_number
from muster.fields import Block, DatabaseName, Port, Truth, path_fault

SeedKind = Literal["file", "script"]
"""The product's own file, which is taken as it is, or a dump that H2's RUNSCRIPT reads."""

SUFFIXES: Final[Mapping[str, SeedKind]] = {".mv.db": "file", ".sql": "script", ".sql.gz": "script", ".zip": "script"}
"""What the end of a seed's name says of it."""

SEED: Final = "the database to begin with: {file: PATH} or {s3: bucket/key, sha256: HASH}"
_ENDS: Final = r"\.(mv\.db|sql|sql\.gz|zip)"
_WHAT: Final = ".mv.db, .sql, .sql.gz or .zip"
_FILE: Final = rf"(.*/)?[A-Za-z0-9][A-Za-z0-9._-]{{0,93}}{_ENDS}"
SEED_FILE: Final = f"the path of a {_WHAT} whose name has only letters, digits and . _ -"


def _seed_file_fault(value: str) -> str | None:
    if fault := path_fault(value):
        return fault
    if re.fullmatch(_FILE, value, re.ASCII | re.DOTALL):
        return None
    ends = value.lower().endswith(tuple(SUFFIXES))
    return "whose name is not such" if ends else "which is none of H2's files that a pair can begin with"


class SeedFile(Block):
    """A database on this machine."""

    file: Annotated[str, checked(_seed_file_fault, SEED_FILE, pattern=rf"^{_FILE}$")]
    """The path of the database, relative to the cluster file: H2's own file (.mv.db), or what its SCRIPT wrote."""


class SeedInS3(Block):
    """A database in S3 with its hash."""

    s3: Annotated[str, s3_object(_ENDS, _WHAT)]
    """Where the database lies: bucket/key."""
    sha256: Sha256
    """The SHA-256 of the file, which the node compares."""


SEED_KINDS: Final[Mapping[str, type[Block]]] = {"<seed file>": SeedFile, "<seed s3>": SeedInS3}
"""By the mark that pydantic puts into the location of an error."""


def _kind_of_seed(value: Any) -> str:
    in_s3 = isinstance(value, SeedInS3) or (isinstance(value, dict) and {"s3", "sha256"} & set(value))
    return "<seed s3>" if in_s3 else "<seed file>"


Seed = Annotated[
    Annotated[SeedFile, Tag("<seed file>")] | Annotated[SeedInS3, Tag("<seed s3>")],
    Check(SEED),
    Discriminator(_kind_of_seed),
]


def kind_of(name: str) -> SeedKind:
    """Return the kind of the seed whose file is called `name`, as the cluster file takes it."""
    return SUFFIXES[next(end for end in SUFFIXES if name.endswith(end))]


class Backup(Block):
    """The nightly dump of the database, kept in a bucket of the cluster's own."""

    days: Annotated[int, whole_number(0, 3650, "whole days from 0 (no backups) to 3650")] = 30
    """Days for which each dump is kept. With 0 none is made."""
    hour: Annotated[int, whole_number(0, 23, "an hour of the day (UTC) from 0 to 23")] = 2
    """The hour of the day, in UTC, after which the dump is made."""


class Database(Block):
    """The H2 pair."""

    name: DatabaseName = "connections"
    """The database's name, as the product's own URL has it."""
    port: Port = 9092
    """The port of the H2 servers."""
    peer_port: Port = 9093
    """The port on which the members ask each other."""
    tls: Truth = False
    """Whether the nodes speak TLS to each other, clients of the database and copies included. For a new cluster."""
    tls_port: Port = 9094
    """The port on which they then do, in place of the other two."""
    takeover_interval: Annotated[int, whole_number(0, 86400, "whole seconds from 0 to 86400 (a day)")] = 600
    """Seconds after a node took over by itself in which none does so again. With 0 nothing is waited for."""
    seed: Seed | None = None
    """The data to begin with. It is read when the cluster first forms, while all disks are empty, and never again."""
    backup: Backup = Backup()
    """The nightly dump. A cluster with `protection: off` has none: it keeps nothing."""
