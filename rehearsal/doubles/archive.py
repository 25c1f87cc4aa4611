"""A product's ZIP: the same files give the same bytes on every machine."""

import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

TIME = (2024, 1, 1, 0, 0, 0)
"""The time of every file in a ZIP."""


def below(home: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each file below the folder `home`."""
    for file in home.rglob("*"):
        if file.is_file():
            yield file.relative_to(home).as_posix(), file.read_bytes()


def packed(
    scratch: Path, file_name: str, content: Iterable[tuple[str, bytes]], top: str, executable: Collection[str]
) -> Path:
    """Return a new folder in `scratch` that holds the ZIP `file_name` alone.

    `content` are paths and bytes, below `top` (which ends with a slash, or is empty); a path that ends with a slash is
    a folder. What ends with one of `executable` may be executed.
    """
    made = scratch / "shelf"
    made.mkdir()
    with zipfile.ZipFile(made / file_name, "w") as archive:
        for path, data in sorted(content):
            archive.writestr(_entry(f"{top}{path}", path.endswith(tuple(executable))), data)
    return made


def _entry(path: str, executable: bool) -> zipfile.ZipInfo:
    """Return a head that is the same on every machine; stored, because jars are packed already."""
    entry = zipfile.ZipInfo(path, TIME)
    entry.create_system = 3  # Unix: permissions count
    mode = 0o40755 if path.endswith("/") else 0o100755 if executable else 0o100644
    entry.external_attr = mode << 16
    return entry
