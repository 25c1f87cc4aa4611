"""The cluster file and its lock file: read, checked and planned without the CDK.

`load` returns a `Cluster` or raises `SpecError` with every fault at once; `locked` says what of it has been launched;
`plan` computes addresses and subnets from both.
"""

from muster.spec.database import SeedFile, SeedInS3, SeedKind
from muster.spec.faults import Fault, SpecError
from muster.spec.loading import load
from muster.spec.lock import PLACEHOLDER, Lock
from muster.spec.lock_file import cluster_lock, lock_path, read_lock, write_lock
from muster.spec.locking import locked, verify
from muster.spec.model import Artifact, ArtifactFile, ArtifactInS3, Cluster
from muster.spec.planning import Member, Plan, ZonePlan, plan

__all__ = [
    "PLACEHOLDER",
    "Artifact",
    "ArtifactFile",
    "ArtifactInS3",
    "Cluster",
    "Fault",
    "Lock",
    "Member",
    "Plan",
    "SeedFile",
    "SeedInS3",
    "SeedKind",
    "SpecError",
    "ZonePlan",
    "cluster_lock",
    "load",
    "lock_path",
    "locked",
    "plan",
    "read_lock",
    "verify",
    "write_lock",
]
