"""The database that a pair begins with, as the stack has it."""

import os
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.artifact_file import find, sha256_of
from muster.spec import Cluster, SeedInS3
from muster.spec.database import kind_of
from muster.stored_object import StoredObject


class Seed(Construct):
    """The file that `database.seed` names, published as a file asset or referred to in S3.

    `stored` is None without one, and `settings`, which nodes are told, empty. Raises `SpecError` if the file is nowhere
    to be found.
    """

    def __init__(
        self, scope: Construct, id_: str, *, cluster: Cluster, environment: Mapping[str, str] = os.environ
    ) -> None:
        super().__init__(scope, id_)
        self.stored = self._stored(cluster, environment)
        self.settings: Mapping[str, Any] = {}
        if self.stored:
            where = {"bucket": self.stored.bucket, "key": self.stored.key, "sha256": self.stored.sha256}
            self.settings = {"kind": kind_of(self.stored.name), **where}

    def _stored(self, cluster: Cluster, environment: Mapping[str, str]) -> StoredObject | None:
        seed = cluster.database.seed
        if seed is None:
            return None
        if isinstance(seed, SeedInS3):
            bucket, _, key = seed.s3.partition("/")
            return StoredObject(bucket, key, seed.sha256, key.rpartition("/")[2])
        file = find(cluster, "database.seed.file", seed.file, "the database", environment)
        asset = assets.Asset(self, "File", path=str(file.resolve()))
        return StoredObject(asset.s3_bucket_name, asset.s3_object_key, sha256_of(file), file.name)
