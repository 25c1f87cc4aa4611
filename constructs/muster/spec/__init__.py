"""The cluster file: read, checked and planned without the CDK.

`load` returns a `Cluster` or raises `SpecError` with every fault at once; `plan` computes addresses and subnets.
"""

from muster.spec.faults import Fault, SpecError
from muster.spec.loading import load
from muster.spec.model import Artifact, ArtifactFile, ArtifactInS3, Cluster
from muster.spec.planning import Member, Plan, ZonePlan, plan

__all__ = [
    "Artifact",
    "ArtifactFile",
    "ArtifactInS3",
    "Cluster",
    "Fault",
    "Member",
    "Plan",
    "SpecError",
    "ZonePlan",
    "load",
    "plan",
]
