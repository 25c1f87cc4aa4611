"""What Maven may fetch: `maven.sha256`, in the form of sha256sum, by the paths of Maven's repository.

`python -m rehearsal.doubles.pinning` writes it anew, of what Maven fetches into an empty folder; review what changed.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

PINS = Path(__file__).with_name("maven.sha256")

OF_MAVEN = (".sha1", ".lastUpdated", "_remote.repositories", "resolver-status.properties", ".tmp", ".part", ".lock")
"""Ends of names of what Maven writes into its repository for itself and no build reads."""


def pinned(file: Path = PINS) -> dict[str, str]:
    """Return the hash of each file that may be in the repository, by its path."""
    lines = (line.partition("  ") for line in file.read_text(encoding="utf-8").splitlines())
    return {path: digest for digest, _, path in lines}


def hashes(repository: Path) -> dict[str, str]:
    """Return the sha256 of each file in `repository` but Maven's own, by its path."""
    files = sorted(file for file in repository.rglob("*") if file.is_file() and not file.name.endswith(OF_MAVEN))
    return {file.relative_to(repository).as_posix(): sha256(file) for file in files}


def others(found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return the paths of what was found and is not what is pinned, or not pinned at all."""
    return [path for path, digest in found.items() if wanted.get(path) != digest]


def written(found: Mapping[str, str]) -> str:
    """Return the text of a file that pins these."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(found.items()))


def sha256(file: Path) -> str:
    """Return the hash of one file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
