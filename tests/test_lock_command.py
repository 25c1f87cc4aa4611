"""`muster lock` as a user meets it, and what commands that need AWS say without it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from muster.spec import load, lock_path, locked, read_lock, write_lock
from operations import ROOT
from operations.errors import Failure
from operations.files import save_lock
from operations.lock import lock_file
from tests.conftest import JAR, WriteCluster
from tests.lock_help import launched


@pytest.fixture
def file(tmp_path: Path, write_cluster: WriteCluster) -> Path:
    """Return a cluster file of its own folder, with its artifact."""
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / JAR).write_bytes(b"one")
    file = tmp_path / "mine.yaml"
    file.write_text(write_cluster().read_text())
    return file


def test_writes_the_lock_and_tells_each_node(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lock_file(file, check=False) == 0
    said = capsys.readouterr().out
    assert "  node a: 10.64.0.10 in eu-west-1a, t4g.medium, image not pinned\n" in said
    assert f"{lock_path(file)} is written; commit it beside mine.yaml" in said
    lock = read_lock(file)
    assert lock
    assert lock.artifact == hashlib.sha256(b"one").hexdigest()


def test_takes_the_artifact_from_where_the_stack_does(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (file.parent / "artifacts" / JAR).unlink()
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / JAR).write_bytes(b"two")
    monkeypatch.setenv("MUSTER_ARTIFACTS", str(elsewhere))
    lock_file(file, check=False)
    lock = read_lock(file)
    assert lock
    assert lock.artifact == hashlib.sha256(b"two").hexdigest()
    assert f"taking {elsewhere / JAR} from MUSTER_ARTIFACTS" in capsys.readouterr().err


def test_a_second_time_it_is_right_and_not_a_byte_changes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock_file(file, check=False)
    before = lock_path(file).read_bytes()
    assert lock_file(file, check=False) == lock_file(file, check=True) == 0
    assert lock_path(file).read_bytes() == before
    assert capsys.readouterr().out.count("mine.lock.json is right") == 2


def test_check_tells_and_writes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lock_file(file, check=True) == 1
    assert not lock_path(file).exists()
    lock_file(file, check=False)
    file.write_text(file.read_text().replace('"eu-west-1b"', '"eu-west-1b", "present": false'))
    assert lock_file(file, check=True) == 1
    assert "  node b: is absent\n" in capsys.readouterr().out
    lock = read_lock(file)
    assert lock
    assert lock.nodes["b"].present


def test_a_refusal_tells_each_fault_and_writes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lock(file, launched(load(file)))
    before = lock_path(file).read_bytes()
    file.write_text(file.read_text().replace("eu-west-1b", "eu-west-1c").replace("t4g.medium", "t4g.large"))
    with pytest.raises(Failure) as failure:
        lock_file(file, check=False)
    assert failure.value.code == 2
    assert str(failure.value) == (
        f"{file} is refused: 2 faults, listed above "
        f"(nothing of it deployed yet? then delete {lock_path(file)} and run this again)"
    )
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["instance.type", "nodes.b.zone"]
    assert lock_path(file).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", denied)
    with pytest.raises(Failure, match="Permission denied: the lock file is as it was"):
        lock_file(file, check=False)


@pytest.mark.parametrize(
    "command",
    [["bump"], ["roll", "--yes"], ["status"], ["guard"], ["leftovers"], ["unprotect", "--node", "a"]],
    ids=str,
)
def test_without_credentials_every_command_ends_in_one_line(command: list[str], file: Path) -> None:
    lock_file(file, check=False)
    file.write_text(file.read_text().replace("t4g.medium", "t4g.large") if command[0] == "roll" else file.read_text())
    nobody = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "operations", *command, str(file)],
        cwd=ROOT,
        env={**environment, **nobody, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("muster: there are no complete AWS credentials here: log in")
    assert len(done.stderr.splitlines()) == 1


def test_a_damaged_lock_file_ends_with_2_before_aws_is_asked(file: Path) -> None:
    lock_path(file).write_text("<<<<<<< HEAD\n")
    done = subprocess.run(
        [sys.executable, "-m", "operations", "roll", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "holds the marks of a merge conflict" in done.stderr


def test_a_lock_that_cannot_be_written_is_named_and_no_temporary_file(file: Path) -> None:
    lock_path(file).symlink_to("/proc/lock.json")
    with pytest.raises(Failure) as failure:
        save_lock(file, locked(None, load(file)))
    assert str(failure.value).startswith(f"{lock_path(file)}: ")
    assert str(failure.value).endswith(": the lock file is as it was")
