"""The files that a review is synthesized with, of applications and what else: the real ones, else stand-ins."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from muster.artifact_file import CERTIFICATE, VARIABLE

_STAND_INS: Final = {".pem": CERTIFICATE, ".crt": CERTIFICATE, ".lic": b"none"}
"""What stands in for a file by the end of its name, where an empty one would be refused."""

_NAMED: Final = (
    ("artifact", "file"),
    ("database", "seed", "file"),
    ("wso2", "trust"),
    ("wso2as", "trust"),
    ("axonivy", "licence"),
)
"""The fields that name a file on this machine."""


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
        target.write_bytes(_STAND_INS.get(target.suffix, b""))
    return bool(found)


def _named(file: Path) -> list[str]:
    """Return the paths that `file` gives for what it names; none where it cannot be read."""
    try:
        value = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError):
        return []
    found = [_at(value, *keys) for keys in _NAMED]
    return [each for each in found if isinstance(each, str)]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
