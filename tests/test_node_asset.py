"""The package that runs on nodes, as one file."""

import hashlib
import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from muster import node_asset
from muster.node_asset import SOURCE, Travelling, pack, travelling
from muster.spec import SpecError


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


@pytest.fixture
def other(tmp_path: Path) -> Travelling:
    """Return an installed package with its licence elsewhere."""
    folder = tmp_path / "site" / "other"
    for name in ("__init__.py", "inner/part.py", "py.typed", "__pycache__/x.cpython-311.pyc"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    licence = tmp_path / "site" / "other-1.dist-info" / "LICENSE"
    licence.parent.mkdir()
    licence.write_text("free", encoding="utf-8")
    return Travelling(folder, licence)


def test_what_travels_lies_beside_the_package_with_its_licence(package: Path, other: Travelling) -> None:
    data = pack(package, other)
    assert names(data)[2:] == ["other/LICENSE", "other/__init__.py", "other/inner/part.py"]
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.read("other/LICENSE") == b"free"


def test_times_and_caches_of_what_travels_change_nothing(package: Path, other: Travelling) -> None:
    before = pack(package, other)
    os.utime(other.folder / "__init__.py", (0, 10**9))
    (other.folder / "__pycache__" / "y.pyc").write_bytes(b"more")
    assert pack(package, other) == before


def test_tomlkit_travels_whole() -> None:
    data = pack(SOURCE / "musternode", *travelling())
    assert {"tomlkit/LICENSE", "tomlkit/__init__.py", "tomlkit/parser.py"} <= set(names(data))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert b"Permission is hereby granted" in archive.read("tomlkit/LICENSE")


@pytest.mark.parametrize(
    ("pins", "sentence"),
    [
        ("tomlkit==0.0.1 \\\n    --hash=sha256:00\n", "tomlkit: pins 0.0.1, but "),
        ("tomlkit-extras==1\n", "tomlkit: pins no version, but "),
    ],
)
def test_another_version_than_the_pinned_one_does_not_travel(tmp_path: Path, pins: str, sentence: str) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(pins, encoding="utf-8")
    with pytest.raises(SpecError, match=r"is installed; remove the folder \.venv") as refused:
        travelling(file)
    assert str(refused.value).startswith(f"requirements.txt: {sentence}")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(node_asset, "TRAVELLING", ("no-such-package",))
    file = tmp_path / "requirements.txt"
    file.write_text("no-such-package==1.0 ; python_version > '3'\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"no-such-package: pins 1\.0, but it is not installed"):
        travelling(file)


def test_the_package_of_this_repository_is_small() -> None:
    """It is fetched at each node's first start and stored without compression."""
    data = pack(SOURCE / "musternode", *travelling())
    assert "musternode/__init__.py" in names(data)
    assert len(data) < 1_400_000
