"""The applications' files that a review is synthesized with: the real ones where they are, else stand-ins."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from muster.artifact_file import VARIABLE


def gather(files: Sequence[Path], folder: Path) -> list[str]:
    """Fill `folder` so that every cluster file of `files` finds its artifact; return the names of the stand-ins.

    Both sides of a comparison then take the same file where it is not in version control. A stand-in is empty: what
    is in a file matters to a deployment alone.
    """
    folder.mkdir()
    wanted: dict[str, list[Path]] = {}
    for file in files:
        if (artifact := _artifact(file)) and (name := PurePosixPath(artifact).name):
            wanted.setdefault(name, []).append(file.parent / artifact)
    return [name for name, places in sorted(wanted.items()) if not _place(folder / name, places)]


def _place(target: Path, places: list[Path]) -> bool:
    elsewhere = os.environ.get(VARIABLE)
    found = [each for each in [*places, *([Path(elsewhere) / target.name] if elsewhere else [])] if each.is_file()]
    if found:
        target.symlink_to(found[0].resolve())
    else:
        target.touch()
    return bool(found)


def _artifact(file: Path) -> str | None:
    """Return the path that `file` gives for its artifact; None where it gives none, or cannot be read."""
    try:
        value = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        found = value["artifact"]["file"]
    except (OSError, ValueError, LookupError, TypeError, YAMLError):
        return None
    return found if isinstance(found, str) else None
