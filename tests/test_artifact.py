"""Where the application's .jar is found."""

from pathlib import Path

import pytest

from muster.artifact_file import find
from muster.spec import ArtifactFile, SpecError, load

TEXT = (
    "name: x\nproduct: as400gateway\nregion: eu-west-1\n"
    "nodes: {a: {zone: eu-west-1a}, b: {zone: eu-west-1b}}\n"
    "instance: {type: t4g.medium}\nartifact: {file: files/app.jar}\n"
)


def found(folder: Path, environment: dict[str, str]) -> Path:
    """Return where the artifact of a cluster file in `folder` is found."""
    file = folder / "x.yaml"
    file.write_text(TEXT, encoding="utf-8")
    cluster = load(file)
    assert isinstance(cluster.artifact, ArtifactFile)
    return find(cluster, "artifact.file", cluster.artifact.file, "the application's .jar", environment)


def jar(folder: Path) -> Path:
    """Make an app.jar in `folder`."""
    folder.mkdir(exist_ok=True)
    file = folder / "app.jar"
    file.write_bytes(b"jar")
    return file


def test_is_found_beside_the_cluster_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = jar(tmp_path / "files")
    other = jar(tmp_path / "other").parent
    assert found(tmp_path, {"MUSTER_ARTIFACTS": str(other)}) == file
    assert "MUSTER_ARTIFACTS" not in capsys.readouterr().err


def test_is_taken_from_the_artifacts_folder_with_one_line_that_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = jar(tmp_path / "other")
    assert found(tmp_path, {"MUSTER_ARTIFACTS": str(other.parent)}) == other
    line = f"files/app.jar does not exist; taking {other} from MUSTER_ARTIFACTS"
    assert capsys.readouterr().err.splitlines().count(line) == 1


def test_is_refused_with_its_line_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as error:
        found(tmp_path, {})
    assert str(error.value) == (
        f"{tmp_path}/x.yaml:6: artifact.file: no such file: {tmp_path}/files/app.jar, and none of that name in "
        "MUSTER_ARTIFACTS, which is not set; want the application's .jar there"
    )


def test_is_refused_where_the_artifacts_folder_has_none_either(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none of that name in .*/none \(MUSTER_ARTIFACTS\)"):
        found(tmp_path, {"MUSTER_ARTIFACTS": str(tmp_path / "none")})
