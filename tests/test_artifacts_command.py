"""`muster artifacts`: backups are listed, and an order goes by the bucket to the node that commits, which answers."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from muster.names import parameter_name, stack_name
from musternode.aws import sha256_of
from musternode.subversion import backup as node_backup
from musternode.subversion import loading, orders, shelf
from musternode.subversion.keeping import Keeper
from musternode.subversion.words import Role
from operations.artifacts import backups as backup_command
from operations.artifacts import restore as restore_command
from operations.artifacts import store
from operations.aws import Aws
from operations.dumps import Backup, moment
from operations.errors import Failure
from operations.observed import SeenInstance
from tests.aws_help import moto as moto
from tests.subversion_support import Node, committing, names, needs_svn, put
from tests.wso2_as_support import GIVEN, SERVER, server

BUCKET, PREFIX, SHA = "muster-as-backups", "artifacts/", "f" * 64


@dataclass
class World:
    """An account in which a cluster of WSO2 AS is deployed, as far as the commands look at it."""

    aws: Aws
    file: Path

    def tell(self, **settings: Any) -> None:
        """Make the deployed settings say this."""
        artifacts = {"url": "", "append": True, "backup": {"bucket": BUCKET, "prefix": "artifacts", "hour": 2}}
        value = {"settings": {"committer": "a", "artifacts": artifacts, **settings}}
        name = parameter_name("as")
        self.aws("ssm").put_parameter(Name=name, Value=json.dumps(value), Type="String", Overwrite=True)

    def put(self, key: str, body: bytes, **metadata: str) -> None:
        self.aws("s3").put_object(Bucket=BUCKET, Key=PREFIX + key, Body=body, Metadata=metadata)

    def back_up(self, name: str) -> str:
        self.put(name, b"x" * 99, sha256=SHA)
        return PREFIX + name

    def ordered(self) -> shelf.Order | None:
        """Return the order as the node reads it."""
        return shelf.Shelf(lambda: self.aws("s3"), BUCKET, "artifacts").order()

    def backups(self) -> int:
        return backup_command.backups(self.file, lambda _: self.aws)

    def restore(self, at: str | None = None, **more: Any) -> int:
        options: dict[str, Any] = {"yes": True, "wait": False, "ask": nobody, **more}
        return restore_command.restore(self.file, at, connect=lambda _: self.aws, **options)


def nobody(_: str) -> bool:
    raise AssertionError("nobody is to be asked")


@pytest.fixture
def world(moto: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    template = {"Resources": {"Backups": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}}}}
    moto("cloudformation").create_stack(StackName=stack_name("as"), TemplateBody=json.dumps(template))
    runs(monkeypatch, a="running")
    made = World(moto, written(tmp_path, SERVER))
    made.tell()
    return made


def written(folder: Path, fields: Any) -> Path:
    (folder / "artifacts").mkdir(exist_ok=True)
    (folder / SERVER["artifact"]["file"]).write_bytes(b"not really a zip")
    (folder / "as.yaml").write_text(json.dumps(fields))
    return folder / "as.yaml"


def runs(monkeypatch: pytest.MonkeyPatch, **states: str) -> None:
    """Let instances be in these states."""
    found = {name: SeenInstance("i-1", name, state, "t", "ami", "", "") for name, state in states.items()}
    monkeypatch.setattr(restore_command, "own_and_strays", lambda *_: (found, []))


def test_backups_are_listed_the_newest_first_and_nothing_else(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.backups() == 1
    assert "there is no backup in s3://muster-as-backups/artifacts/; node a makes one" in capsys.readouterr().out
    for name in ("1.svndump.gz", "2.svndump.gz", "other.txt"):
        world.back_up(name)
    assert world.backups() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == [f"{PREFIX}2.svndump.gz", f"{PREFIX}1.svndump.gz"]


def test_the_order_is_what_the_node_reads(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.back_up("2.svndump.gz")
    key = world.back_up("1.svndump.gz")
    assert world.restore("1.svndump.gz") == 0
    order = world.ordered()
    assert order is not None
    assert (order.node, order.key, order.sha256) == ("a", key, SHA)
    assert "what was deployed or deleted since" in capsys.readouterr().out
    world.restore("1.svndump.gz")
    assert world.ordered() != order, "a second order is another one"


def test_both_sides_have_the_same_names() -> None:
    assert (store.ORDER, store.ANSWER) == (shelf.ORDER, shelf.ANSWER)
    assert backup_command.SUFFIX == loading.SUFFIX
    assert (orders.WORKING, orders.DONE) == ("working", "done")


def test_the_newest_backup_of_a_time_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    day = datetime(2030, 3, 17, 2, tzinfo=UTC)
    made = [Backup(f"{PREFIX}{age}.svndump.gz", day - timedelta(days=age), 1) for age in range(3)]
    monkeypatch.setattr(backup_command, "listed", lambda _: made)
    found = store.store_of(world.file, lambda _: world.aws)
    for at, age in {"2030-03-17T02:00": 0, "2030-03-17 01:59": 1, "2030-03-16T03:00+00:00": 1, None: 0}.items():
        assert backup_command.chosen(found, at) == made[age], at
    with pytest.raises(Failure, match="no backup as old as 2030-03-01") as refused:
        backup_command.chosen(found, "2030-03-01")
    assert refused.value.code == 2


def test_a_time_is_in_utc_unless_it_says_another_zone() -> None:
    assert moment("2030-03-17T02:00") == moment("2030-03-17T03:00+01:00") == datetime(2030, 3, 17, 2, tzinfo=UTC)
    assert moment("2030-03-17T020000Z-r2.svndump.gz") is None


def not_a_nodes(world: World, _: pytest.MonkeyPatch) -> None:
    world.put("1.svndump.gz", b"x")


def stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.back_up("1.svndump.gz")
    runs(monkeypatch, a="stopped", b="running")


def absent(world: World, _: pytest.MonkeyPatch) -> None:
    world.back_up("1.svndump.gz")
    world.tell(committer="d")


def none_made(world: World, _: pytest.MonkeyPatch) -> None:
    world.tell(artifacts={"url": "", "append": True})


REFUSED: list[tuple[Callable[[World, pytest.MonkeyPatch], object], str]] = [
    (not_a_nodes, "was not put there by a node"),
    (stopped, "instance of node a, which commits, is stopped"),
    (absent, "node d, which commits, is absent"),
    (none_made, "set database.backup and deploy"),
    (lambda *_: None, "there is no backup in s3://muster-as-backups/artifacts/"),
]


@pytest.mark.parametrize(("harm", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_restore_that_cannot_be_is_refused_before_the_order(
    world: World, monkeypatch: pytest.MonkeyPatch, harm: Callable[[World, pytest.MonkeyPatch], object], words: str
) -> None:
    harm(world, monkeypatch)
    with pytest.raises(Failure, match=words):
        world.restore()
    assert world.ordered() is None


def test_a_backup_that_is_not_there_is_bad_input(world: World) -> None:
    world.back_up("1.svndump.gz")
    with pytest.raises(Failure, match=r"there is no backup 9; see ./muster artifacts backups") as refused:
        world.restore("9")
    assert refused.value.code == 2


@pytest.mark.parametrize("product", ["given", "other"])
def test_a_cluster_that_makes_no_repository_is_bad_input(world: World, tmp_path: Path, product: str) -> None:
    given = server({"artifacts": GIVEN})
    other = {**SERVER, "product": "wso2-carbon", "wso2": {"kernel": "4.4.1"}, "wso2as": None, "balancer": None}
    other |= {"nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}}}
    fields = given if product == "given" else {name: each for name, each in other.items() if each is not None}
    world.file = written(tmp_path, fields)
    with pytest.raises(Failure, match="makes no repository of artifacts") as refused:
        world.backups()
    assert refused.value.code == 2


def test_an_operator_who_does_not_want_it_orders_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.back_up("1.svndump.gz")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert world.restore(yes=False, ask=lambda _: False) == 1
    assert world.ordered() is None


def test_a_node_that_never_answers_is_one_sentence(world: World) -> None:
    world.back_up("1.svndump.gz")
    with pytest.raises(Failure, match=r"the node has not answered; see ./muster artifacts backups"):
        world.restore(wait=True, within=0.2)


class Bench:
    """The committing node, which lives in a thread."""

    node: Node

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.over = world, threading.Event()
        self.dump = folder / "kept.svndump.gz"
        self.thread = threading.Thread(target=self.live)

    def live(self) -> None:
        place = self.node.place
        keeper = Keeper("a", place, self.node, lambda: Role.COMMITTING, None)
        obeys = orders.Orders("a", place, shelf.Shelf(lambda: self.world.aws("s3"), BUCKET, "artifacts"))
        while not self.over.wait(0.1):
            keeper.look()
            obeys.step()


@pytest.fixture
def bench(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(restore_command, "EVERY", 0.1)
    made = Bench(world, tmp_path)
    with committing(tmp_path / "node") as made.node:
        put(made.node, "webapps")
        node_backup.take(made.node.place).file.rename(made.dump)
        put(made.node, "later")
        world.put("1.svndump.gz", made.dump.read_bytes(), sha256=sha256_of(made.dump))
        made.thread.start()
        try:
            yield made
        finally:
            made.over.set()
            made.thread.join()


@needs_svn
def test_an_order_goes_to_the_node_and_the_command_tells_how_it_went(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.world.restore(wait=True, within=60) == 0
    assert names(bench.node) == ["webapps/"]
    out = capsys.readouterr().out
    assert "working: artifacts/1.svndump.gz is fetched and read" in out
    assert "done: the repository has revision 1, in term 2" in out
    bench.world.backups()
    assert "done: the repository has revision 1" in capsys.readouterr().out


@needs_svn
def test_an_order_that_cannot_be_carried_out_is_a_failure_here(bench: Bench) -> None:
    bench.world.put("1.svndump.gz", b"no dump at all", sha256=sha256_of(bench.dump))
    with pytest.raises(Failure, match="nothing was restored: the backup has another hash"):
        bench.world.restore(wait=True, within=60)
    assert names(bench.node) == ["later/", "webapps/"]
