"""The doubles that exist and where their builds are kept."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from rehearsal import places
from rehearsal.doubles.maven import BuildError, package

SOURCES = Path(__file__).parent

ARTIFACTS = {"as400gateway": "as400-common-api-1.0.0.jar"}
"""The file that each double stands for, by product."""


def names() -> list[str]:
    """Return the products that have a double."""
    return sorted(ARTIFACTS)


def artifact(name: str) -> Path:
    """Return where the build of the double `name` stands, or would stand; its folder holds that one file."""
    if name not in ARTIFACTS:
        raise BuildError(f"there is no double of {name}; there are: {', '.join(names())}")
    return places.cache() / "doubles" / f"{name}-{content_hash(SOURCES / name)}" / ARTIFACTS[name]


def build(name: str, progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the artifact of the double `name`, building it first unless its very sources have been built before.

    The file appears whole or not at all, also when two builds run at once. Raises `BuildError`.
    """
    jar = artifact(name)
    if jar.exists():
        return jar
    progress(f"building the double of {name} with Maven (the first time, Maven fetches what it needs)")
    jar.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=jar.parent.parent) as scratch:
        _build_in(Path(scratch), name, jar)
    return jar


def content_hash(folder: Path) -> str:
    """Return 16 hex digits that change with any name or byte of the files below `folder`."""
    digest = hashlib.sha256()
    for file in sorted(_sources(folder)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _build_in(scratch: Path, name: str, jar: Path) -> None:
    project, shelf = scratch / "project", scratch / "shelf"
    for file in _sources(SOURCES / name):
        copy = project / file.relative_to(SOURCES / name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    built = package(project, jar.parent.parent / f"{jar.parent.name}.log")
    if built.name != jar.name:
        raise BuildError(f"the double of {name} was built as {built.name}, it must be {jar.name}")
    shelf.mkdir()
    built.rename(shelf / jar.name)
    try:
        shelf.rename(jar.parent)
    except OSError:
        if not jar.exists():  # else another build of the same sources was quicker
            raise


def _sources(folder: Path) -> list[Path]:
    """Return the project's own files, without what an editor or a build by hand left (`target/`)."""
    return [file for file in [folder / "pom.xml", *(folder / "src").rglob("*")] if file.is_file()]
