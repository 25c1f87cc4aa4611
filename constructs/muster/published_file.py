"""A small file that a cluster file names and that nodes get, as the stack has it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.artifact_file import find, sha256_of
from muster.spec import Cluster
from muster.stored_object import StoredObject

LARGEST: Final = 1024 * 1024
"""Bytes of such a file: certificates and licences have some thousands."""


class PublishedFile(Construct):
    """The file `path`, which `field` of the cluster file names, published as a file asset.

    `what` is the file in words, `fault` what is wrong with its content, or None. `stored` says where it is, `settings`
    is what nodes are told, under `key`. Raises `SpecError` if the file is nowhere to be found, is larger than
    `LARGEST`, or has a fault.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: Cluster,
        field: str,
        path: str,
        what: str,
        key: str,
        fault: Callable[[bytes], str | None],
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        file = find(cluster, field, path, what, environment)
        if reason := _refused(file, what, fault):
            raise cluster.refusal(field, f"{file}: {reason}")
        asset = assets.Asset(self, "File", path=str(file.resolve()))
        self.stored = StoredObject(asset.s3_bucket_name, asset.s3_object_key, sha256_of(file), file.name)
        self.settings: Mapping[str, Any] = {
            key: {"bucket": self.stored.bucket, "key": self.stored.key, "sha256": self.stored.sha256}
        }


def _refused(file: Path, what: str, fault: Callable[[bytes], str | None]) -> str | None:
    with file.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        return f"is larger than {LARGEST // 1024} KiB, want {what} alone"
    return fault(data)
