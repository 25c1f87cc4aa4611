"""Certificates that a product trusts beside its own, as the stack has them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.artifact_file import CERTIFICATE, find, sha256_of
from muster.spec import Cluster
from muster.stored_object import StoredObject

LARGEST: Final = 1024 * 1024
"""Bytes of the file; one certificate has some 2,000."""


class Trust(Construct):
    """The PEM file `path`, which `field` of the cluster file names, published as a file asset.

    `stored` says where it is, `settings` is what nodes are told. Raises `SpecError` if the file is nowhere to be found,
    holds no certificate, or holds a private key: what is published here many may read.
    """

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
        file = find(cluster, field, path, "the certificates", environment)
        if reason := _fault(file):
            raise cluster.refusal(field, f"{file}: {reason}")
        asset = assets.Asset(self, "File", path=str(file.resolve()))
        self.stored = StoredObject(asset.s3_bucket_name, asset.s3_object_key, sha256_of(file), file.name)
        self.settings: Mapping[str, Any] = {
            "trust": {"bucket": self.stored.bucket, "key": self.stored.key, "sha256": self.stored.sha256}
        }


def _fault(file: Path) -> str | None:
    with file.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        return f"is larger than {LARGEST // 1024} KiB, want certificates alone"
    if b"PRIVATE KEY-----" in data:
        return "holds a private key, want certificates alone"
    return None if CERTIFICATE in data else f"holds no {CERTIFICATE.decode()}, want certificates in PEM"
