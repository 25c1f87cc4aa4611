"""A cluster of Axon.ivy in a cluster file, and the files that it names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy-AbCdEf"
LICENCE = b"licensee=nobody\n"

IVY: Mapping[str, Any] = {
    "name": "ivy",
    "product": "axonivy",
    "nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}},
    "artifact": {"file": "artifacts/ivy.zip"},
    "axonivy": {
        "version": "12.0.9",
        "licence": "artifacts/ivy.lic",
        "database": {"url": "jdbc:postgresql://db.example.org/ivy", "secret": SECRET},
        "shared": "efs",
    },
}
"""What the cluster file has otherwise than `BASE`."""


def ivy(block: Mapping[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    """Return the fields with those of `block` in the product's block, and `others` beside it."""
    return {**IVY, **others, "axonivy": {**IVY["axonivy"], **(block or {})}}


def write_named_files(folder: Path) -> None:
    """Write the files that the cluster file names into the folder in which it lies."""
    (folder / "artifacts").mkdir(exist_ok=True)
    (folder / "artifacts" / "ivy.zip").write_bytes(b"not really a zip")
    (folder / "artifacts" / "ivy.lic").write_bytes(LICENCE)
