"""A small file that a cluster file names and that nodes get, as the stack has it."""

import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.artifact_file import find, sha256_of
from muster.spec import Cluster
from muster.stored_object import StoredObject

LARGEST: Final = 1024 * 1024
"""Bytes of such a file: certificates and licences have some thousands."""


class PublishedFile(Construct):
    """The file `path`, which `field` of the cluster file names, published as a file asset.

    `WHAT` is the file in words. `stored` says where it is, `settings` is what nodes are told, under `KEY`. Raises
    `SpecError` if the file is nowhere to be found, is larger than `LARGEST`, or has a fault.
    """

    WHAT: ClassVar[str]
    KEY: ClassVar[str]

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: Cluster,
        field: str,
        path: str,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__(scope, id_)
        file = find(cluster, field, path, self.WHAT, environment)
        if reason := self._refused(file):
            raise cluster.refusal(field, f"{file}: {reason}")
        asset = assets.Asset(self, "File", path=str(file.resolve()))
        self.stored = StoredObject(asset.s3_bucket_name, asset.s3_object_key, sha256_of(file), file.name)
        self.settings: Mapping[str, Any] = {
            self.KEY: {"bucket": self.stored.bucket, "key": self.stored.key, "sha256": self.stored.sha256}
        }

    @staticmethod
    @abstractmethod
    def fault(data: bytes) -> str | None:
        """Return what is wrong with the content `data`, or None."""

    def _refused(self, file: Path) -> str | None:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            return f"is larger than {LARGEST // 1024} KiB, want {self.WHAT} alone"
        return self.fault(data)
