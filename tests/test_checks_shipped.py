"""What nodes log and measure arrives: every verdict, and what is counted of an account's logs and metrics."""

import datetime
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.account import Account
from rehearsal.checks import shipped
from rehearsal.checks.result import valid
from rehearsal.checks.scene import Member, Scene
from rehearsal.checks.shipped import METRICS, Shipped, judge

NODE, PRODUCT = "/muster/x/node", "/muster/x/product"
WHOLE = [Shipped(member, what, 1) for member in "ab" for what in (NODE, PRODUCT, METRICS)]


def test_a_word_of_each_member_in_each_group_and_recent_metrics_are_valid() -> None:
    told = f"what 2 members say arrives in {NODE}, {PRODUCT}, and so do metrics of Muster"
    assert judge(WHOLE) == valid(told)


@pytest.mark.parametrize("what", [NODE, PRODUCT, METRICS])
def test_what_has_not_arrived_is_invalid_and_named(what: str) -> None:
    found = judge([*(each for each in WHOLE if each != Shipped("b", what, 1)), Shipped("b", what, 0)])
    assert (found.verdict, found.detail) == ("invalid", f"nothing of b in {what}")


def test_a_member_whose_metrics_nobody_looked_for_leaves_it_unknown() -> None:
    found = judge([each for each in WHOLE if each != Shipped("b", METRICS, 1)])
    assert (found.verdict, found.detail) == ("unknown", f"nobody looked for {METRICS} of b")


def test_an_empty_record_is_unknown() -> None:
    assert judge([]).verdict == "unknown"
    assert shipped.CHECK.result([]).verdict == "unknown"


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account(region="eu-west-1")
    made.start()
    for group in (NODE, PRODUCT):
        made.client("logs").create_log_group(logGroupName=group)
    yield made
    made.stop()


class Node:
    """A member's host, which sends what it is told to log, if it `ships`; and metrics of `age` seconds ago."""

    def __init__(self, account: Account, *, ships: bool = True, age: float = 0.0) -> None:
        self._account, self._ships = account, ships
        logs = account.client("logs")
        for group in (NODE, PRODUCT):
            logs.create_log_stream(logGroupName=group, logStreamName="a")
            self._put(group, "begins")
        at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age)
        dimensions = [{"Name": "Cluster", "Value": "x"}, {"Name": "Node", "Value": "a"}]
        data = [{"MetricName": "MemoryUsed", "Dimensions": dimensions, "Value": 1.0, "Timestamp": at}]
        account.client("cloudwatch").put_metric_data(Namespace="Muster", MetricData=data)

    def scene(self) -> Scene:
        """Return the scene with this member alone."""
        about = SimpleNamespace(ports=lambda _: [])
        cluster = SimpleNamespace(name="x", about=about)
        members = [Member("a", "10.64.0.10", "i-a", "mu-a")]
        made = SimpleNamespace(cluster=cluster, members=members, client=self._account.client, run_in=self.run_in)
        return cast("Scene", made)

    def run_in(self, _member: Member, command: list[str], *, within: float) -> str:
        """Log what systemd says of the unit."""
        assert within
        if self._ships:
            self._put(NODE, f"{command[3].partition('=')[2]}: Started")
        return ""

    def _put(self, group: str, text: str) -> None:
        at = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
        events: list[Any] = [{"timestamp": at, "message": text}]
        self._account.client("logs").put_log_events(logGroupName=group, logStreamName="a", logEvents=events)


def test_what_arrives_is_counted(account: Account) -> None:
    assert list(shipped.record(Node(account).scene())) == [
        Shipped("a", NODE, 1),
        Shipped("a", PRODUCT, 1),
        Shipped("a", METRICS, 1),
    ]


def test_what_was_said_before_is_no_sign_of_a_word_said_now(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "WITHIN", 0.1)
    assert Shipped("a", NODE, 0) in shipped.record(Node(account, ships=False).scene())


def test_metrics_that_are_old_do_not_count(account: Account) -> None:
    assert Shipped("a", METRICS, 0) in shipped.record(Node(account, age=shipped.RECENT + 5).scene())


def test_a_stream_that_is_not_there_holds_nothing(account: Account) -> None:
    node = Node(account)
    account.client("logs").delete_log_stream(logGroupName=PRODUCT, logStreamName="a")
    assert Shipped("a", PRODUCT, 0) in shipped.record(node.scene())
