"""The Python package that runs on nodes, as one file in S3."""

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from muster.stored_object import StoredObject

SOURCE: Final = Path(__file__).resolve().parents[2] / "assets" / "node"
"""What runs on a node: `user_data.sh` and the package `musternode`."""

_LEFT_OUT: Final = frozenset({"__pycache__", "tests", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can name: real times would change the hash at each checkout."""


def user_data(source: Path) -> str:
    """Return the constant script with which every node begins, out of the folder `source`."""
    return (source / "user_data.sh").read_text(encoding="utf-8")


def pack(package: Path) -> bytes:
    """Return a zip file whose top level holds the folder `package`.

    The same files give the same bytes on every machine: fixed order, times and modes, and no compression, whose
    output differs between zlib's versions.
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(each for each in package.rglob("*") if each.is_file() and _belongs(each, package)):
            entry = zipfile.ZipInfo(file.relative_to(package.parent).as_posix(), _EARLIEST)
            entry.create_system = 3  # Unix, whatever packs it
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def _belongs(file: Path, package: Path) -> bool:
    parts = file.relative_to(package).parts
    return not _LEFT_OUT.intersection(parts) and file.suffix != ".pyc" and not file.name.startswith(".")


class NodeAsset(Construct):
    """The package `musternode` as a file asset; `stored` says where it is and its hash."""

    def __init__(self, scope: Construct, id_: str, *, package: Path) -> None:
        super().__init__(scope, id_)
        data = pack(package)
        # the assembly's own folder outlives the synthesis, also where assets are not copied
        folder = Path(cdk.Stage.of(self).asset_outdir)  # type: ignore[union-attr]
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{package.name}.zip"
        file.write_bytes(data)
        asset = assets.Asset(self, "File", path=str(file))
        self.stored = StoredObject(
            asset.s3_bucket_name, asset.s3_object_key, hashlib.sha256(data).hexdigest(), file.name
        )
