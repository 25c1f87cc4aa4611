"""Certificates that a product trusts beside its own, as the stack has them."""

from muster.artifact_file import CERTIFICATE
from muster.published_file import PublishedFile


class Trust(PublishedFile):
    """A PEM file.

    Raises `SpecError` too if it holds no certificate, or a private key: what is published here many may read.
    """

    WHAT, KEY = "the certificates", "trust"

    @staticmethod
    def fault(data: bytes) -> str | None:
        """Return what is wrong with `data`, or None."""
        if b"PRIVATE KEY-----" in data:
            return "holds a private key, want certificates alone"
        return None if CERTIFICATE in data else f"holds no {CERTIFICATE.decode()}, want certificates in PEM"
