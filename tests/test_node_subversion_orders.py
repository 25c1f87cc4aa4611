"""An order to restore on its way through the bucket to the node that commits, with real Subversion and S3 by moto."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from musternode.aws import sha256_of
from musternode.subversion import loading, marks, restoring, standing
from musternode.subversion.backup import take
from musternode.subversion.keeping import Keeper
from musternode.subversion.orders import EVERY, Orders
from musternode.subversion.shelf import ANSWER, ORDER, VALID, Order, Shelf, read
from musternode.subversion.words import Role, Step
from musternode.waiting import poll
from tests.subversion_support import Node, committing, names, needs_svn, put

pytestmark = needs_svn
BUCKET, PREFIX, KEY = "muster-as-backups", "artifacts", "artifacts/1.svndump.gz"


class Bench:
    """A committing node and the bucket; `now` is added to the clock."""

    def __init__(self, node: Node, client: Any, dump: Path) -> None:
        self.node, self.client, self.now = node, client, 0.0
        self.sha256 = sha256_of(dump)
        client.upload_file(str(dump), BUCKET, KEY)
        self.begin()

    def begin(self) -> None:
        """Begin anew, as the member's process does."""
        shelf = Shelf(lambda: self.client, BUCKET, PREFIX, lambda: time.time() + self.now)
        self.orders = Orders("a", self.node.place, shelf)
        self.keeper = Keeper("a", self.node.place, self.node, lambda: Role.COMMITTING, None)

    def order(self, id_: str = "one", **changes: str) -> None:
        value = {"id": id_, "node": "a", "key": KEY, "sha256": self.sha256, **changes}
        self.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{ORDER}", Body=json.dumps(value).encode())

    def answer(self) -> tuple[str, str, str]:
        """Return id, state and what is said, all empty for none."""
        try:
            value = json.loads(self.client.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{ANSWER}")["Body"].read())
        except ClientError:
            return "", "", ""
        return value["id"], value["state"], value["said"]

    def term(self) -> int:
        return standing.load(self.node.place).term


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with mock_aws(), committing(tmp_path / "node") as node:
        client = boto3.client("s3", "eu-west-1")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        put(node, "webapps")
        dump = tmp_path / "kept.svndump.gz"
        take(node.place).file.rename(dump)
        shutil.rmtree(loading.work(node.place))
        put(node, "later")
        yield Bench(node, client, dump)


def test_an_order_is_carried_out_once_and_answered(bench: Bench) -> None:
    bench.order()
    bench.orders.step()
    assert bench.answer() == ("one", "working", f"{KEY} is fetched and read")
    assert names(bench.node) == ["later/", "webapps/"]
    assert bench.keeper.look() is Step.NOTHING
    bench.orders.step()
    assert bench.answer() == ("one", "done", "the repository has revision 1, in term 2")
    assert names(bench.node) == ["webapps/"]
    bench.begin()
    for _ in range(2):
        bench.orders.step()
        bench.keeper.look()
    assert bench.term() == 2


def test_it_goes_on_where_a_process_ended_in_the_midst(bench: Bench) -> None:
    bench.order()
    loading.empty(restoring.beside(bench.node.place), "")
    bench.begin()
    bench.keeper.look()
    bench.orders.step()
    bench.begin()  # it ended before the keeper's look
    bench.keeper.look()
    bench.orders.step()
    assert (names(bench.node), bench.term(), bench.answer()[1]) == (["webapps/"], 2, "done")


def test_the_next_order_is_another_one(bench: Bench) -> None:
    for id_ in ("one", "two"):
        bench.order(id_)
        bench.orders.step()
        bench.keeper.look()
    assert bench.term() == 3


@pytest.mark.parametrize(
    "changes", [{"node": "b"}, {"key": "other/1.svndump.gz"}, {"id": ""}], ids=["node", "folder", "no id"]
)
def test_an_order_for_another_one_is_left_alone(bench: Bench, changes: dict[str, str]) -> None:
    bench.order(**changes)
    bench.orders.step()
    assert (marks.marked(bench.node.place), bench.answer()[0]) == (None, "")


def test_an_order_that_is_an_hour_old_is_void(bench: Bench) -> None:
    bench.order()
    bench.now = VALID + 60
    bench.orders.step()
    assert marks.marked(bench.node.place) is None
    bench.now = VALID - 60
    bench.orders.step()
    assert marks.marked(bench.node.place) is not None


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"sha256": "f" * 64}, "another hash"), ({"key": "artifacts/gone.svndump.gz"}, r"s3:GetObject on .* failed")],
)
def test_an_order_that_cannot_be_carried_out_is_answered_and_not_tried_again(
    bench: Bench, changes: dict[str, str], said: str
) -> None:
    bench.order(**changes)
    bench.orders.step()
    id_, state, why = bench.answer()
    assert (id_, state) == ("one", "failed")
    assert re.search(said, why)
    bench.client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{ANSWER}")
    bench.order()  # as if the cause had gone
    bench.orders.step()
    assert (names(bench.node), marks.marked(bench.node.place)) == (["later/", "webapps/"], None)


def test_a_bucket_that_takes_no_answer_keeps_nobody_from_the_restore(bench: Bench) -> None:
    bench.order()
    put_object = bench.client.put_object
    bench.client.put_object = lambda **_: (_ for _ in ()).throw(OSError("no answer"))
    bench.orders.step()
    bench.keeper.look()
    assert names(bench.node) == ["webapps/"]
    bench.client.put_object = put_object
    bench.orders.step()
    assert bench.answer()[1] == "done"


def test_a_bucket_without_an_order_or_out_of_reach_is_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.orders.step()
    bench.client.get_object = lambda **_: (_ for _ in ()).throw(
        ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
    )
    bench.orders.step()
    assert caplog.records == []
    assert marks.marked(bench.node.place) is None


def test_looks_are_seconds_apart_and_make_nobody_wait(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now, steps = [0.0], list[float]()
    orders = Orders("a", bench.node.place, Shelf(lambda: None, BUCKET, PREFIX), lambda: now[0])
    monkeypatch.setattr(orders, "step", lambda: steps.append(now[0]))
    for now[0] in (0.0, EVERY - 1, EVERY, EVERY + 1, 2 * EVERY):
        orders.look()
        assert poll(lambda: orders._thread is not None and not orders._thread.is_alive(), within=10, every=0.01)
    assert steps == [0.0, EVERY, 2 * EVERY]


@given(
    st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(lambda each: json.dumps(each).encode())
)
def test_whatever_lies_there_is_an_order_or_none(content: bytes) -> None:
    assert read(content) is None


@given(st.tuples(*[st.text(min_size=1)] * 4))
def test_an_order_is_read_as_it_was_written(words: tuple[str, str, str, str]) -> None:
    order = Order(*words)
    assert read(json.dumps(vars(order)).encode()) == order
