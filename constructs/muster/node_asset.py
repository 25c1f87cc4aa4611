"""The Python package that runs on nodes, as one file in S3, with the packages that it needs there."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.spec.faults import Fault, SpecError
from muster.stored_object import StoredObject

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "assets" / "node"
"""What runs on a node: `user_data.sh` and the package `musternode`."""
PINS: Final = ROOT / "requirements.txt"
"""Which version of a package travels; its hash was checked when it was installed."""
TRAVELLING: Final = ("tomlkit",)
"""Packages that `musternode` imports and no distribution of Linux brings: pure Python, each at its pinned version."""

_LEFT_OUT: Final = frozenset({"__pycache__", "tests", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can name: real times would change the hash at each checkout."""


def user_data(source: Path) -> str:
    """Return the constant script with which every node begins, out of the folder `source`."""
    return (source / "user_data.sh").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Travelling:
    """An installed package that goes to nodes: the folder with its modules, and its licence."""

    folder: Path
    licence: Path


def travelling(pins: Path = PINS) -> tuple[Travelling, ...]:
    """Return the installed packages that go to nodes; raises `SpecError` if one is not as the file `pins` has it."""
    return tuple(_installed(name, pins) for name in TRAVELLING)


def _installed(name: str, pins: Path) -> Travelling:
    pinned = re.search(rf"^{re.escape(name)}==([^\s;\\]+)", pins.read_text(encoding="utf-8"), re.MULTILINE)
    want = pinned.group(1) if pinned else "no version"
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise _refusal(pins, name, want, "it is not installed") from None
    if found.version != want:
        raise _refusal(pins, name, want, f"{found.version} is installed")
    files = {file.as_posix(): Path(str(found.locate_file(file))) for file in found.files or ()}
    licence = next((path for file, path in files.items() if re.search(r"\.dist-info/(?:.*/)?LICENSE$", file)), None)
    module = files.get(f"{name}/__init__.py")
    if not licence or not module:
        raise _refusal(pins, name, want, "its files are not where a wheel puts them")
    return Travelling(module.parent, licence)


def _refusal(pins: Path, name: str, want: str, what: str) -> SpecError:
    advice = "remove the folder .venv, and ./muster makes it anew"
    return SpecError([Fault(pins.name, None, name, f"pins {want}, but {what}; {advice}")])


def pack(package: Path, *others: Travelling) -> bytes:
    """Return a zip file whose top level holds the folder `package`, and beside it `others`: modules and licence.

    The same files give the same bytes on every machine: fixed order, times and modes, and no compression, whose
    output differs between zlib's versions.
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, file in [*_own(package), *(pair for other in others for pair in _beside(other))]:
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = 3  # Unix, whatever packs it
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def _own(package: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(each for each in package.rglob("*") if each.is_file() and _belongs(each, package)):
        yield file.relative_to(package.parent).as_posix(), file


def _beside(other: Travelling) -> Iterator[tuple[str, Path]]:
    yield f"{other.folder.name}/LICENSE", other.licence
    for file in sorted(other.folder.rglob("*.py")):
        yield file.relative_to(other.folder.parent).as_posix(), file


def _belongs(file: Path, package: Path) -> bool:
    parts = file.relative_to(package).parts
    return not _LEFT_OUT.intersection(parts) and file.suffix != ".pyc" and not file.name.startswith(".")


class NodeAsset(Construct):
    """The package `musternode` with what travels with it, as a file asset; `stored` says where it is and its hash."""

    def __init__(self, scope: Construct, id_: str, *, package: Path) -> None:
        super().__init__(scope, id_)
        data = pack(package, *travelling())
        # the assembly's own folder outlives the synthesis, also where assets are not copied
        folder = Path(cdk.Stage.of(self).asset_outdir)  # type: ignore[union-attr]
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{package.name}.zip"
        file.write_bytes(data)
        asset = assets.Asset(self, "File", path=str(file))
        self.stored = StoredObject(
            asset.s3_bucket_name, asset.s3_object_key, hashlib.sha256(data).hexdigest(), file.name
        )
