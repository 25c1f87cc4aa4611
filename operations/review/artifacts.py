"""The files that a review is synthesized with, of applications and what else: the real ones, else stand-ins."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from muster.artifact_file import CERTIFICATE, VARIABLE


def gather(files: Sequence[Path], folder: Path) -> list[str]:
    """Fill `folder` so that every cluster file of `files` finds what it names; return the names of the stand-ins.

    Both sides of a comparison then take the same file where it is not in version control. A stand-in holds nothing that
    is used: what is in a file matters to a deployment alone.
    """
    folder.mkdir()
    wanted: dict[str, list[Path]] = {}
    for file in files:
        for path in _named(file):
            if name := PurePosixPath(path).name:
                wanted.setdefault(name, []).append(file.parent / path)
    return [name for name, places in sorted(wanted.items()) if not _place(folder / name, places)]


def _place(target: Path, places: list[Path]) -> bool:
    elsewhere = os.environ.get(VARIABLE)
    found = [each for each in [*places, *([Path(elsewhere) / target.name] if elsewhere else [])] if each.is_file()]
    if found:
        target.symlink_to(found[0].resolve())
    else:
        target.write_bytes(CERTIFICATE if target.suffix in {".pem", ".crt"} else b"")
    return bool(found)


def _named(file: Path) -> list[str]:
    """Return the paths that `file` gives for artifact, seed and certificates; none where it cannot be read."""
    try:
        value = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError):
        return []
    found = [_at(value, "artifact", "file"), _at(value, "database", "seed", "file"), _at(value, "wso2", "trust")]
    return [each for each in found if isinstance(each, str)]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
