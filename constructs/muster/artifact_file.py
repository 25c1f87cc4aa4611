"""The files on this machine that a cluster file names: where they are, and their hashes; without the CDK."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from muster.spec import Cluster

VARIABLE: Final = "MUSTER_ARTIFACTS"
"""Environment variable: the folder in which a file that is missing beside its cluster file is looked up by its name."""

CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
"""How a certificate begins in PEM."""


def find(cluster: Cluster, field: str, path: str, what: str, environment: Mapping[str, str]) -> Path:
    """Return the file `path` that `field` of the cluster file names: beside that, else by its name in `VARIABLE`.

    Says on standard error when it takes the second. Raises `SpecError` without either; `what` is the file in words.
    """
    if found := look(cluster, path, environment):
        return found
    folder = environment.get(VARIABLE)
    where = f"{folder} ({VARIABLE})" if folder else f"{VARIABLE}, which is not set"
    missing = f"no such file: {cluster.folder / path}, and none of that name in {where}"
    raise cluster.refusal(field, f"{missing}; want {what} there")


def look(cluster: Cluster, path: str, environment: Mapping[str, str]) -> Path | None:
    """Return the file like `find`, or None where it is in neither place."""
    wanted = cluster.folder / path
    if wanted.is_file():
        return wanted
    folder = environment.get(VARIABLE)
    instead = Path(folder) / wanted.name if folder else None
    if instead is None or not instead.is_file():
        return None
    sys.stderr.write(f"{path} does not exist; taking {instead} from {VARIABLE}\n")
    return instead


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of `file` in hexadecimal digits. Raises `OSError`."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
