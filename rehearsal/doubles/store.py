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
"""The file that a double stands for, by product, where it is the same for every cluster file."""

BY_FILE = ("axonivy", "kaazing", "wso2-as", "wso2-carbon")
"""The products whose double differs with what a cluster file wants: `stand_in` builds it."""


def names() -> list[str]:
    """Return the products that have a double."""
    return sorted((*ARTIFACTS, *BY_FILE))


def artifact(name: str) -> Path:
    """Return where the build of the double `name` stands, or would stand; its folder holds that one file."""
    if name in BY_FILE:
        raise BuildError(f"the double of {name} stands for what a cluster file wants: build it for one (stand_in)")
    if name not in ARTIFACTS:
        raise BuildError(f"there is no double of {name}; there are: {', '.join(names())}")
    return shelf(f"{name}-{content_hash(SOURCES / name)}") / ARTIFACTS[name]


def build(name: str, progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the artifact of the double `name`, building it first unless its very sources have been built before.

    The file appears whole or not at all, also when two builds run at once. Raises `BuildError`.
    """
    jar = artifact(name)
    if jar.exists():
        return jar
    progress(f"building the double of {name} with Maven (the first time, Maven fetches what it needs)")
    fill(jar.parent, lambda scratch: _build_in(scratch, name, jar))
    return jar


def shelf(name: str) -> Path:
    """Return the folder in which the build `name` is kept, or would be."""
    return places.cache() / "doubles" / name


def fill(folder: Path, make: Callable[[Path], Path]) -> None:
    """Let `make` make a folder within a scratch folder, and put what it returns in the place of `folder`.

    Nothing appears there unless `make` succeeds. If another filled it meanwhile, that stays.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as scratch:
        made = make(Path(scratch))
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # else another build of the same sources was quicker
                raise


def copied_sources(name: str, scratch: Path) -> Path:
    """Return a copy of the Maven project of the double `name`, in which Maven may write."""
    project = scratch / "project"
    for file in sources(SOURCES / name):
        copy = project / file.relative_to(SOURCES / name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return project


def content_hash(folder: Path) -> str:
    """Return 16 hex digits that change with any name or byte of the files below `folder`."""
    digest = hashlib.sha256()
    for file in sorted(sources(folder)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def sources(folder: Path) -> list[Path]:
    """Return the project's own files, without what an editor or a build by hand left (`target/`)."""
    return [file for file in [folder / "pom.xml", *(folder / "src").rglob("*")] if file.is_file()]


def _build_in(scratch: Path, name: str, jar: Path) -> Path:
    built = package(copied_sources(name, scratch), jar.parent.with_name(f"{jar.parent.name}.log"))
    if built.name != jar.name:
        raise BuildError(f"the double of {name} was built as {built.name}, it must be {jar.name}")
    made = scratch / "shelf"
    made.mkdir()
    built.rename(made / jar.name)
    return made
