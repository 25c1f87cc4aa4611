"""What the gate process does to the data beside the pair's own work, on real H2 1.4.199 and an emulated bucket."""

import dataclasses
import gzip
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from musternode import host
from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.h2 import data, rotation
from musternode.h2.data import Data
from musternode.h2.events import Disk
from musternode.h2.faults import H2Error
from musternode.h2.order import Order
from musternode.h2.pair_state import Phase, Rules, State
from musternode.h2.rotation import Wanted
from musternode.h2.witness import Item
from musternode.host import Host, Identity
from musternode.paths import Paths
from musternode.settings import Backup, Seed
from musternode.system import Systemd
from musternode.waiting import poll
from tests.h2_alone import Alone, alone, shell
from tests.node_support import ADMIN, USER, settings

BUCKET = "muster-as400-backups"
RUN = "run-of-h2"


class Application:
    """An application whose first run as administrator makes, or alters, its schema."""

    def __init__(self, statement: str = "CREATE TABLE T(ID IDENTITY, V VARCHAR)") -> None:
        self.statement = statement

    def make_schema(self, url: str) -> None:
        """Run once."""
        shell(url, ADMIN, self.statement)


@dataclasses.dataclass
class Node:
    """A node with the data side of its gate process."""

    alone: Alone
    this: Host
    data: Data
    state: State
    bucket: Any

    def keys(self) -> list[str]:
        """Return the keys of the backups."""
        found = self.bucket.list_objects_v2(Bucket=BUCKET, Prefix="h2/").get("Contents", [])
        return [each["Key"] for each in found]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """Return a node that leads its pair and has no data yet."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with mock_aws(), alone(tmp_path / "var/lib/muster") as made:
        bucket = boto3.client("s3", "eu-west-1")
        bucket.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        paths, wanted = Paths(tmp_path), settings(made.database.pair.local[1])
        (tmp_path / "opt/muster").mkdir(parents=True)
        (tmp_path / "opt/muster/h2.jar").symlink_to(made.shop.tools.jar)
        host.save_credentials(paths, {"admin": ADMIN, "application": USER})
        product = dataclasses.replace(wanted.settings, backup=Backup(BUCKET, "h2", 2))
        this = Host(Identity("a", "/p"), dataclasses.replace(wanted, settings=product), paths, Systemd())
        item = Item(7, frozenset("ab"), "a")
        rules = Rules(me="a", peer="b", lowest=True)
        state = State(rules, "boot", phase=Phase.IN, seen=item, known=True, run=RUN, gate=True, disk=Disk("held", 7))
        one = Node(made, this, None, state, bucket)  # type: ignore[arg-type]
        monkeypatch.setattr(Host, "application", lambda _: Application())
        one.data = Data(lambda: one.this, lambda: one.state, "")
        yield one
        if one.data._sending is not None:
            one.data._sending.join(30)  # the next test's bucket has the same name


def seeded(node: Node) -> Node:
    node.data.seed(node.alone.database)
    return node


def with_seed(node: Node, kind: str, content: bytes, name: str) -> None:
    """Have the settings name a seed."""
    node.bucket.put_object(Bucket=BUCKET, Key=name, Body=content)
    seed = Seed(kind, BUCKET, name, hashlib.sha256(content).hexdigest())
    product = dataclasses.replace(node.this.settings.settings, seed=seed)
    node.this = dataclasses.replace(node.this, settings=dataclasses.replace(node.this.settings, settings=product))


def test_without_a_seed_the_application_makes_the_data_and_both_users_have_rights(node: Node) -> None:
    seeded(node)
    assert node.alone.database.disk().kind == "seeded"
    assert node.alone.query("SELECT CAST(COUNT(*) AS VARCHAR) FROM T", USER) == ["0"]
    names = node.alone.query("SELECT CAST(NAME AS VARCHAR) FROM INFORMATION_SCHEMA.USERS ORDER BY NAME")
    assert names == ["AS400GATEWAY", "AS400GATEWAY_2", "SA"]


def test_a_seed_is_fetched_used_and_removed_and_the_application_alters_it(node: Node) -> None:
    with_seed(node, "script", b"CREATE TABLE OLD(N INT);\nINSERT INTO OLD VALUES(5);\n", "old/dump.sql")
    seeded(node)
    assert node.alone.query("SELECT CAST(N AS VARCHAR) FROM OLD", USER) == ["5"]
    assert node.alone.query("SELECT CAST(COUNT(*) AS VARCHAR) FROM T", USER) == ["0"]
    assert list((node.this.paths.data / "seed").iterdir()) == []
    assert not (node.this.paths.databases / data.WORK).exists()


def test_a_seed_of_another_hash_is_refused(node: Node) -> None:
    with_seed(node, "script", b"CREATE TABLE OLD(N INT);\n", "dump.sql")
    node.bucket.put_object(Bucket=BUCKET, Key="dump.sql", Body=b"other")
    with pytest.raises(Failure, match="has sha256"):
        seeded(node)
    assert node.alone.database.disk().kind == "empty"


def test_the_leader_makes_a_backup_once_a_night(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    seeded(node)
    with caplog.at_level(logging.INFO, "musternode"):
        node.data.look(node.alone.database)
        assert poll(node.keys, within=30)
        assert poll(lambda: node.data._last.at(), within=30)
    assert f"backup {node.keys()[0]}: " in caplog.text
    node.data._not_before = 0.0
    node.data.look(node.alone.database)
    assert len(node.keys()) == 1
    assert list(node.this.paths.databases.glob(".backup*")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"seen": Item(7, frozenset("ab"), "b")},
        {"phase": Phase.LENDING},
        {"phase": Phase.WAITING},
        {"gate": False},
        {"run": ""},
        {"seen": Item(7, frozenset("a"), "a")},
    ],
    ids=["does not lead", "lends", "waits", "is shut", "has no server", "waits for the other to come back"],
)
def test_no_backup_is_made_by_a_node_that(change: dict[str, Any], node: Node) -> None:
    """The backup of the leader, above, is the control."""
    seeded(node)
    node.state = dataclasses.replace(node.state, **change)
    node.data.look(node.alone.database)
    assert node.data._sending is None
    assert node.data._not_before == 0.0


def test_a_node_that_has_been_alone_for_long_makes_backups(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded(node)
    monkeypatch.setattr(data, "LONE", 0.0)
    node.state = dataclasses.replace(node.state, seen=Item(7, frozenset("a"), "a"))
    node.data.look(node.alone.database)
    assert poll(node.keys, within=30)


def test_each_time_alone_is_counted_anew(node: Node) -> None:
    seeded(node)
    for epoch in (7, 9):
        node.state = dataclasses.replace(node.state, seen=Item(epoch, frozenset("a"), "a"))
        node.data.look(node.alone.database)
        assert node.data._sending is None
        node.data._lone_since -= data.LONE
    node.data.look(node.alone.database)
    assert poll(node.keys, within=30), "the control"


def test_a_backup_that_fails_is_told_and_tried_again_later(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    seeded(node)
    node.bucket.delete_bucket(Bucket=BUCKET)
    node.data.look(node.alone.database)
    assert poll(lambda: "the nightly backup failed: s3:PutObject" in caplog.text, within=30)
    assert node.data._last.at() == 0.0
    node.data.look(node.alone.database)  # not at once
    assert caplog.text.count("the nightly backup failed") == 1


def test_an_order_is_carried_out_from_the_bucket_of_the_settings(node: Node) -> None:
    seeded(node)
    content = gzip.compress(b"CREATE TABLE KEPT(N INT);\nINSERT INTO KEPT VALUES(3);\n")
    node.bucket.put_object(Bucket=BUCKET, Key="h2/x.sql.gz", Body=content)
    order = Order("h2/x.sql.gz", hashlib.sha256(content).hexdigest(), 9)
    node.data.restore(node.alone.database, order)
    assert node.alone.query("SELECT CAST(N AS VARCHAR) FROM KEPT", USER) == ["3"]
    assert node.alone.database.disk().epoch == 9
    wrong = dataclasses.replace(order, sha256="0" * 64)
    with pytest.raises(Failure, match="has sha256"):
        node.data.restore(node.alone.database, wrong)
    assert node.alone.query("SELECT CAST(N AS VARCHAR) FROM KEPT", USER) == ["3"]


def test_the_wanted_user_is_let_in_by_the_server_and_the_former_one_still_is(node: Node) -> None:
    seeded(node)
    wanted = Credentials("as400gateway_2", "fresh; '\"")
    with pytest.raises(H2Error, match="Wrong user name or password"):
        node.alone.query("CALL '1'", wanted)
    rotation.save(data.wanted_file(node.this), Wanted(wanted, "v1"))
    node.data.look(node.alone.database)
    assert node.alone.query("SELECT CAST(COUNT(*) AS VARCHAR) FROM T", wanted) == ["0"]
    assert node.alone.query("CALL '1'", USER) == ["1"]


def test_a_jar_that_alters_its_schema_does_so_as_administrator_on_a_node_that_is_alone(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: H2 refuses schemas to the application's user, and numbered columns to anybody in a cluster."""
    seeded(node)
    altering = "ALTER TABLE T ADD W INT; CREATE SCHEMA V2; CREATE TABLE V2.T2(ID IDENTITY, V VARCHAR)"
    with node.alone.wire(USER) as session, pytest.raises(H2Error, match="Admin rights"):
        session.execute("CREATE SCHEMA V2")
    with node.alone.wire() as session:
        session.execute(f"SET CLUSTER '{node.alone.database.pair.list}'")
        with pytest.raises(H2Error, match="auto-increment") as refused:
            session.execute("CREATE TABLE T2(ID IDENTITY)")
    assert refused.value.code == 50100
    monkeypatch.setattr(Host, "application", lambda _: Application(altering))
    data.migrate(node.this, node.alone.database, "")
    with node.alone.wire(USER) as session:
        session.execute("INSERT INTO V2.T2(V) VALUES('new')", "INSERT INTO T(V, W) VALUES('x', 1)")
    assert len(node.keys()) == 1  # of before the change
    assert b"V2" not in gzip.decompress(node.bucket.get_object(Bucket=BUCKET, Key=node.keys()[0])["Body"].read())
