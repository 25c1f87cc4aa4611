"""The nightly backup of the repository and the way back, with real Subversion."""

import gzip
import logging
import os
import shutil
import subprocess
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from musternode.aws import sha256_of
from musternode.failure import Failure
from musternode.subversion import backup, mirror, repository, restoring, standing, tools
from musternode.subversion.standing import Standing
from musternode.subversion.words import Role
from musternode.waiting import poll
from tests.subversion_support import COMMIT, Node, committing, local, names, needs_svn, node_in, put, svn

pytestmark = needs_svn
BUCKET, PREFIX, AT = "muster-as-backups", "artifacts", 1_900_000_000.0
KEY = "artifacts/2030-03-17T174640Z-r2.svndump.gz"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Return a committing node with a folder and a file."""
    with committing(tmp_path / "node") as made:
        put(made, "webapps")
        svn(COMMIT, "checkout", made.url, str(tmp_path / "work"))
        (tmp_path / "work/webapps/käse.war").write_bytes(os.urandom(200_000))
        local("add", str(tmp_path / "work/webapps/käse.war"))
        svn(COMMIT, "commit", "--message", "a product's", str(tmp_path / "work"))
        yield made


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a client of S3 with the stack's bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with mock_aws():
        client = boto3.client("s3", "eu-west-1")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture
def kept(node: Node, tmp_path: Path) -> Path:
    """Return a backup of two revisions; there are three now."""
    file = tmp_path / "kept.svndump.gz"
    backup.take(node.place).file.rename(file)
    put(node, "later")
    return file


def contents(node: Node) -> list[str]:
    """Return a dump of the repository but for its identity."""
    argv = ["svnadmin", "dump", "--quiet", str(node.place.repository)]
    text = subprocess.run(argv, capture_output=True, check=True).stdout.decode("latin-1")
    return [line for line in text.splitlines() if not line.startswith("UUID: ")]


def brings(source: Path) -> Callable[[Path], None]:
    """Return what fetches `source`."""

    def fetch(to: Path) -> None:
        shutil.copyfile(source, to)

    return fetch


def test_a_backup_says_what_it_is_and_leaves_nothing_on_the_volume(
    node: Node, bucket: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.INFO, "musternode"):
        key = backup.send(node.place, bucket, BUCKET, PREFIX, AT, "as")
    assert key == KEY
    held = bucket.get_object(Bucket=BUCKET, Key=key)
    (tmp_path / "fetched").write_bytes(held["Body"].read())
    uuid = repository.uuid(node.place.repository, "")
    assert held["Metadata"] == {
        "sha256": sha256_of(tmp_path / "fetched"),
        "cluster": "as",
        "revision": "2",
        "uuid": uuid,
    }
    assert {each.name for each in node.place.data.iterdir()} == {"artifacts", "standing.json"}
    assert f"backup {KEY}: " in caplog.text


def test_a_restored_repository_is_equal_but_for_its_identity(node: Node, tmp_path: Path) -> None:
    before, uuid = contents(node), repository.uuid(node.place.repository, "")
    dump = tmp_path / "dump.gz"
    backup.take(node.place).file.rename(dump)
    restoring.restore(node.place, node, brings(dump), sha256_of(dump))
    assert contents(node) == before
    assert repository.uuid(node.place.repository, "") != uuid


def test_a_restored_repository_is_that_of_the_backup_takes_commits_and_the_old_one_is_kept(
    node: Node, kept: Path
) -> None:
    restoring.restore(node.place, node, brings(kept), sha256_of(kept))
    assert names(node) == ["webapps/"]
    put(node, "new")
    (aside,) = node.place.data.glob("artifacts.aside-*")
    assert "later/" in local("list", repository.uri(aside))
    assert standing.load(node.place) == Standing(Role.COMMITTING, 2)


def test_a_working_copy_of_revisions_that_are_no_more_is_refused(node: Node, kept: Path, tmp_path: Path) -> None:
    svn(COMMIT, "update", str(tmp_path / "work"))
    restoring.restore(node.place, node, brings(kept), sha256_of(kept))
    with pytest.raises(Failure, match="UUID"):
        svn(COMMIT, "update", str(tmp_path / "work"))


def test_a_mirror_follows_a_restored_repository(node: Node, kept: Path, tmp_path: Path) -> None:
    with node_in(tmp_path / "copy") as copy:
        mirror.bring(copy.place, node.source)
        restoring.restore(node.place, node, brings(kept), sha256_of(kept))
        mirror.bring(copy.place, node.source)
        copy.start()
        assert names(copy) == ["webapps/"]


def test_a_backup_is_of_one_revision_while_commits_go_on(node: Node) -> None:
    going, made = threading.Event(), [0]

    def write() -> None:
        while not going.is_set():
            put(node, f"n{made[0]}")
            made[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert poll(lambda: made[0] > 3, within=30, every=0.01)
        taken = backup.take(node.place)
        last = made[0]
        assert poll(lambda: made[0] > last + 1, within=30, every=0.01)
    finally:
        going.set()
        thread.join()
    loaded = restoring.load(node.place, taken.file)
    assert repository.youngest(loaded, "") == taken.revision < node.youngest()


def cut(whole: bytes) -> bytes:
    """Return a dump that ends in its midst."""
    return gzip.compress(gzip.decompress(whole)[:-5000])


def flipped(whole: bytes) -> bytes:
    """Return a dump one byte of whose last file is another."""
    plain = bytearray(gzip.decompress(whole))
    plain[-5000] ^= 1
    return gzip.compress(bytes(plain))


@pytest.mark.parametrize("spoil", [cut, flipped, lambda whole: whole[:-5000], lambda _: b"", lambda _: b"no gzip"])
def test_a_dump_that_is_not_whole_changes_nothing(node: Node, kept: Path, spoil: Callable[[bytes], bytes]) -> None:
    kept.write_bytes(spoil(kept.read_bytes()))
    with pytest.raises(Failure, match=r"the dump .* cannot be used"):
        restoring.restore(node.place, node, brings(kept), sha256_of(kept))
    assert names(node) == ["later/", "webapps/"]
    assert standing.load(node.place).term == 1
    assert list(node.place.data.glob("*aside*")) == []


def test_a_backup_of_another_hash_changes_nothing(node: Node, kept: Path) -> None:
    with pytest.raises(Failure, match="another hash"):
        restoring.restore(node.place, node, brings(kept), "f" * 64)
    assert names(node) == ["later/", "webapps/"]


def test_nothing_is_restored_into_a_mirror(node: Node, kept: Path, tmp_path: Path) -> None:
    with node_in(tmp_path / "copy") as copy:
        mirror.bring(copy.place, node.source)
        with pytest.raises(Failure, match="is a mirror"):
            restoring.restore(copy.place, copy, brings(kept), sha256_of(kept))
        assert copy.youngest() == 3


def test_a_restore_can_be_repeated(node: Node, kept: Path) -> None:
    for _ in range(2):
        restoring.restore(node.place, node, brings(kept), sha256_of(kept))
    assert names(node) == ["webapps/"]


def test_a_repository_that_is_broken_is_not_backed_up(node: Node, bucket: Any) -> None:
    revision = node.place.repository / "db/revs/0/2"
    revision.chmod(0o600)
    content = bytearray(revision.read_bytes())
    content[1000] ^= 1
    revision.write_bytes(bytes(content))
    with pytest.raises(Failure):
        backup.send(node.place, bucket, BUCKET, PREFIX, AT, "as")
    assert bucket.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_dump_that_ends_too_early_is_no_backup(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tools.into

    def shorter(argv: list[str], to: Path, owner: str) -> None:
        whole(["0:1" if each == "0:2" else each for each in argv], to, owner)

    monkeypatch.setattr(backup, "into", shorter)
    with pytest.raises(Failure, match="ends at revision 1, not at 2"):
        backup.take(node.place)


def test_a_bucket_that_takes_nothing_is_one_sentence_and_leaves_nothing(node: Node, bucket: Any) -> None:
    bucket.delete_bucket(Bucket=BUCKET)
    with pytest.raises(Failure, match=r"s3:PutObject on arn:aws:s3:::muster-as-backups/artifacts/.* failed"):
        backup.send(node.place, bucket, BUCKET, PREFIX, AT, "as")
    assert {each.name for each in node.place.data.iterdir()} == {"artifacts", "standing.json"}


def test_a_volume_without_room_is_one_sentence(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=0))
    with pytest.raises(Failure, match=r"has not .* MiB free"):
        backup.take(node.place)


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="`sleep 60` ended with -9"):
        tools.into(["sleep", "60"], tmp_path / "x", "", within=0.2)


@given(first=st.floats(0, 4e9), second=st.floats(0, 4e9))
def test_keys_sort_by_time(first: float, second: float) -> None:
    keys = [backup.key_of(PREFIX, float(int(at)), 7)[:30] for at in sorted((first, second))]
    assert keys == sorted(keys)
