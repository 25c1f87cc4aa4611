"""Certificates that a product trusts beside its own, as the stack has them."""

import os
from collections.abc import Mapping

from constructs import Construct

from muster.artifact_file import CERTIFICATE
from muster.published_file import PublishedFile
from muster.spec import Cluster


class Trust(PublishedFile):
    """The PEM file `path`, which `field` of the cluster file names, published as a file asset.

    Raises `SpecError` too if it holds no certificate, or a private key: what is published here many may read.
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
        super().__init__(
            scope,
            id_,
            cluster=cluster,
            field=field,
            path=path,
            what="the certificates",
            key="trust",
            fault=_fault,
            environment=environment,
        )


def _fault(data: bytes) -> str | None:
    if b"PRIVATE KEY-----" in data:
        return "holds a private key, want certificates alone"
    return None if CERTIFICATE in data else f"holds no {CERTIFICATE.decode()}, want certificates in PEM"
