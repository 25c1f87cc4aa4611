"""The package that runs on nodes, as one file."""

import hashlib
import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from muster.node_asset import SOURCE, pack


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package with what belongs to it and what does not."""
    folder = tmp_path / "musternode"
    for name in ("__init__.py", "h2/pair.py", "tests/test_x.py", "__pycache__/x.cpython-311.pyc", "x.pyc", ".hidden"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    return folder


def names(data: bytes) -> list[str]:
    """Return what a zip file holds, in its order."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.namelist()


def test_holds_the_package_at_the_top_level_without_tests_and_caches(package: Path) -> None:
    assert names(pack(package)) == ["musternode/__init__.py", "musternode/h2/pair.py"]


def test_files_arrive_byte_for_byte(package: Path) -> None:
    (package / "h2" / "pair.py").write_bytes(b"\x00\xff\r\n")
    with zipfile.ZipFile(BytesIO(pack(package))) as archive:
        assert archive.read("musternode/h2/pair.py") == b"\x00\xff\r\n"


def test_times_modes_and_the_order_of_writing_change_nothing(package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "musternode"
    (other / "h2").mkdir(parents=True)
    for name in ("h2/pair.py", "__init__.py"):
        shutil.copyfile(package / name, other / name)
        (other / name).chmod(0o700)
        os.utime(other / name, (0, 10**9))
    assert pack(other) == pack(package)


def test_any_change_of_a_file_changes_the_hash(package: Path) -> None:
    before = hashlib.sha256(pack(package)).digest()
    (package / "h2" / "pair.py").write_text("h2/pair.pz", encoding="utf-8")
    assert hashlib.sha256(pack(package)).digest() != before


def test_the_package_of_this_repository_is_small() -> None:
    """It is fetched at each node's first start and stored without compression."""
    data = pack(SOURCE / "musternode")
    assert "musternode/__init__.py" in names(data)
    assert len(data) < 505_000
