"""The application's file: found on this machine, or in S3."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.spec import ArtifactFile, ArtifactInS3, Cluster
from muster.stored_object import StoredObject

VARIABLE = "MUSTER_ARTIFACTS"
"""Environment variable: the folder in which an artifact that is missing beside its cluster file is looked up."""


def find(cluster: Cluster, artifact: ArtifactFile, environment: Mapping[str, str]) -> Path:
    """Return the artifact's file: relative to the cluster file, else by its name in the folder of `VARIABLE`.

    Says on standard error when it takes the second. Raises `SpecError` without either.
    """
    wanted = cluster.folder / artifact.file
    if wanted.is_file():
        return wanted
    if folder := environment.get(VARIABLE):
        instead = Path(folder) / wanted.name
        if instead.is_file():
            sys.stderr.write(f"{artifact.file} does not exist; taking {instead} from {VARIABLE}\n")
            return instead
    where = f"{folder} ({VARIABLE})" if folder else f"{VARIABLE}, which is not set"
    what = f"no such file: {wanted}, and none of that name in {where}; want the application's .jar there"
    raise cluster.refusal("artifact.file", what)


class Artifact(Construct):
    """The application's .jar, published as a file asset or referred to in S3; `stored` says where it is."""

    def __init__(
        self, scope: Construct, id_: str, *, cluster: Cluster, environment: Mapping[str, str] = os.environ
    ) -> None:
        super().__init__(scope, id_)
        if isinstance(cluster.artifact, ArtifactInS3):
            bucket, _, key = cluster.artifact.s3.partition("/")
            self.stored = StoredObject(bucket, key, cluster.artifact.sha256, key.rpartition("/")[2])
            return
        file = find(cluster, cluster.artifact, environment)
        asset = assets.Asset(self, "File", path=str(file.resolve()))
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        self.stored = StoredObject(asset.s3_bucket_name, asset.s3_object_key, sha256, file.name)
