"""The application's file as the stack has it: published from this machine, or in S3."""

import os
from collections.abc import Mapping

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.artifact_file import VARIABLE as VARIABLE
from muster.artifact_file import find, sha256_of
from muster.spec import ArtifactInS3, Cluster
from muster.stored_object import StoredObject


class Artifact(Construct):
    """The application's file, published as a file asset or referred to in S3; `stored` says where it is."""

    def __init__(
        self, scope: Construct, id_: str, *, cluster: Cluster, environment: Mapping[str, str] = os.environ
    ) -> None:
        super().__init__(scope, id_)
        if isinstance(cluster.artifact, ArtifactInS3):
            bucket, _, key = cluster.artifact.s3.partition("/")
            self.stored = StoredObject(bucket, key, cluster.artifact.sha256, key.rpartition("/")[2])
            return
        what = f"the application's {cluster.about.archive}"
        file = find(cluster, "artifact.file", cluster.artifact.file, what, environment)
        asset = assets.Asset(self, "File", path=str(file.resolve()))
        self.stored = StoredObject(asset.s3_bucket_name, asset.s3_object_key, sha256_of(file), file.name)
