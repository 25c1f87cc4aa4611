"""The application's file on this machine: where it is, and its hash; without the CDK."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from muster.spec import ArtifactFile, Cluster

VARIABLE: Final = "MUSTER_ARTIFACTS"
"""Environment variable: the folder in which an artifact that is missing beside its cluster file is looked up."""


def find(cluster: Cluster, artifact: ArtifactFile, environment: Mapping[str, str]) -> Path:
    """Return the artifact's file: relative to the cluster file, else by its name in the folder of `VARIABLE`.

    Says on standard error when it takes the second. Raises `SpecError` without either.
    """
    if found := look(cluster, artifact, environment):
        return found
    folder = environment.get(VARIABLE)
    where = f"{folder} ({VARIABLE})" if folder else f"{VARIABLE}, which is not set"
    what = f"no such file: {cluster.folder / artifact.file}, and none of that name in {where}"
    raise cluster.refusal("artifact.file", f"{what}; want the application's .jar there")


def look(cluster: Cluster, artifact: ArtifactFile, environment: Mapping[str, str]) -> Path | None:
    """Return the artifact's file like `find`, or None where it is in neither place."""
    wanted = cluster.folder / artifact.file
    if wanted.is_file():
        return wanted
    folder = environment.get(VARIABLE)
    instead = Path(folder) / wanted.name if folder else None
    if instead is None or not instead.is_file():
        return None
    sys.stderr.write(f"{artifact.file} does not exist; taking {instead} from {VARIABLE}\n")
    return instead


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of `file` in hexadecimal digits. Raises `OSError`."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
