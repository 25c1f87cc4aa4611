"""The real H2, from Maven Central: the one that AS400Gateway ships, and the newest."""

import functools
import os
from pathlib import Path

from rehearsal import places
from rehearsal.doubles import maven

VERSIONS = ("1.4.199", "2.4.240")
"""Those that are pinned; the first is the product's."""


def artifact(version: str) -> str:
    """Return the name of the jar as Maven takes it."""
    return f"com.h2database:h2:{version}"


@functools.cache
def jar(version: str = VERSIONS[0]) -> Path:
    """Return the jar of that H2, fetched by Maven unless it is there. Raises `BuildError`."""
    folder = places.cache()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"h2-{os.getpid()}.log"
    try:
        return maven.fetched(artifact(version), log)
    finally:
        log.unlink(missing_ok=True)
