"""The nightly backup of the repository and the way back, with real Subversion."""

import logging
import os
import shutil
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from musternode.aws import sha256_of
from musternode.failure import Failure
from musternode.subversion import backup, loading, repository, tools
from musternode.waiting import poll
from tests.subversion_support import COMMIT, Node, committing, local, needs_svn, put, svn

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
    loaded = loading.load(node.place, taken.file)
    assert repository.youngest(loaded, "") == taken.revision < node.youngest()


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
