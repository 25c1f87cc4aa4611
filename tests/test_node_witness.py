"""The witness's item: written on conditions alone, and never a yes or a no that was not AWS's."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend

from musternode.h2 import witness, witness_calls
from musternode.h2.witness import Item, Unreachable, Witness

TABLE, REGION = "as400-witness", "eu-west-1"
BOTH = Item(1, frozenset("ab"), "a")
ALONE = Item(2, frozenset("b"), "b", taken=1_700_000_000.0)
ANSWERED = "after-call.dynamodb."
ASKED = "before-call.dynamodb."
LOST = ReadTimeoutError(endpoint_url="https://dynamodb")


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run an empty table, and yield the administrator's client."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


PATIENT = 30.0
"""Seconds: a client is made within the time of a call, and that takes some while a machine is busy."""


@pytest.fixture
def node_a() -> Witness:
    """Return the witness as node a sees it; how long a call may last is asked of others."""
    return Witness(TABLE, REGION, "a", longest=PATIENT)


def stored(table: Any) -> dict[str, Any]:
    """Return the item as it lies in the table."""
    found: dict[str, Any] = table.get_item(TableName=TABLE, Key={"id": {"S": "witness"}})["Item"]
    return found


def on(asker: Witness, event: str, action: Callable[[], object], *, times: int = 1) -> None:
    """Do `action` at the next `times` of `event` in the asker's client; raising, it takes the answer away."""
    left = [None] * times

    def hook(**_: Any) -> None:
        if left:
            left.pop()
            action()

    asker._calls._client().meta.events.register(event, hook)


def raising(fault: Exception) -> Callable[[], object]:
    """Return an action that raises `fault`."""

    def action() -> object:
        raise fault

    return action


def refused(code: str, status: int = 400) -> ClientError:
    """Return an error as botocore raises it."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")


def test_a_table_without_the_item_reads_as_none(node_a: Witness) -> None:
    assert node_a.read().item is None


@given(
    epoch=st.integers(0, 10**12),
    members=st.frozensets(st.sampled_from("abc"), min_size=1),
    taken=st.floats(0, 4e9),
    forced=st.booleans(),
)
def test_what_is_written_is_read_back_whole(epoch: int, members: frozenset[str], taken: float, forced: bool) -> None:
    item = Item(epoch, members, min(members), taken, forced=forced)
    answer = {"Item": witness._attributes(item, "nonce")}
    assert Witness._item(Witness.__new__(Witness), answer) == item


def test_a_pause_outlives_the_writes_of_nodes_that_do_not_know_of_it(node_a: Witness) -> None:
    assert not node_a.pause(True)
    assert node_a.create(BOTH)
    assert node_a.pause(True)
    assert node_a.replace(BOTH.epoch, replace(BOTH, epoch=BOTH.epoch + 1))
    assert node_a.read().item == replace(BOTH, epoch=BOTH.epoch + 1, paused=True)


def test_the_first_item_is_created_once(node_a: Witness) -> None:
    assert node_a.create(BOTH)
    assert not Witness(TABLE, REGION, "b", longest=PATIENT).create(replace(BOTH, leader="b"))
    assert node_a.read().item == BOTH


def test_an_item_is_replaced_at_its_epoch_alone(node_a: Witness) -> None:
    node_a.create(BOTH)
    assert not node_a.replace(0, ALONE)
    assert node_a.read().item == BOTH
    assert node_a.replace(1, ALONE)
    assert node_a.read().item == ALONE


def test_a_missing_item_is_not_replaced(node_a: Witness) -> None:
    assert not node_a.replace(1, ALONE)
    assert node_a.read().item is None


def test_of_two_that_race_exactly_one_wins(node_a: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB writes an item by one request after the other; its double in this process must be made to."""
    honest, one_at_a_time = DynamoDBBackend.update_item, threading.Lock()

    def update_item(*given: Any, **named: Any) -> Any:
        with one_at_a_time:
            return honest(*given, **named)

    monkeypatch.setattr(DynamoDBBackend, "update_item", update_item)
    node_a.create(BOTH)
    start, won = threading.Barrier(2), []
    askers = {"a": node_a, "b": Witness(TABLE, REGION, "b", longest=PATIENT)}

    def take(node: str) -> None:
        start.wait()
        if askers[node].replace(1, Item(2, frozenset(node), node)):
            won.append(node)

    threads = [threading.Thread(target=take, args=(node,)) for node in askers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert node_a.read().item == Item(2, frozenset(won), won[0])


def test_attributes_of_a_newer_version_are_kept(node_a: Witness, table: Any) -> None:
    node_a.create(BOTH)
    table.update_item(
        TableName=TABLE,
        Key={"id": {"S": "witness"}},
        UpdateExpression="SET wish = :r",
        ExpressionAttributeValues={":r": {"S": "order"}},
    )
    assert node_a.replace(1, ALONE)
    assert stored(table)["wish"] == {"S": "order"}


def test_the_clock_is_the_one_of_the_answer() -> None:
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Tue, 14 Nov 2023 22:13:20 GMT"}}}
    assert witness_calls.date_of(answer) == 1_700_000_000.0


@pytest.mark.parametrize("text", [None, "", "yesterday"])
def test_without_a_date_the_clock_is_this_hosts(text: str | None) -> None:
    headers = {} if text is None else {"date": text}
    assert witness_calls.date_of({"ResponseMetadata": {"HTTPHeaders": headers}}) == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize("lost", [LOST, refused("InternalServerError", 500)], ids=["time-out", "fault-of-the-service"])
def test_a_write_whose_answer_got_lost_was_done(node_a: Witness, lost: Exception) -> None:
    node_a.create(BOTH)
    on(node_a, ANSWERED + "UpdateItem", raising(lost))
    assert node_a.replace(1, ALONE)
    assert node_a.read().item == ALONE


def test_a_creation_whose_answer_got_lost_was_done(node_a: Witness) -> None:
    on(node_a, ANSWERED + "UpdateItem", raising(LOST))
    assert node_a.create(BOTH)


def test_a_write_that_was_lost_on_its_way_is_neither_yes_nor_no(node_a: Witness) -> None:
    node_a.create(BOTH)
    on(node_a, ASKED + "UpdateItem", raising(LOST))
    with pytest.raises(Unreachable, match=r"UpdateItem on the table as400-witness .* the write has not happened yet"):
        node_a.replace(1, ALONE)
    assert node_a.read().item == BOTH


def test_a_creation_that_was_lost_on_its_way_is_neither_yes_nor_no(node_a: Witness) -> None:
    on(node_a, ASKED + "UpdateItem", raising(LOST))
    with pytest.raises(Unreachable, match="the write has not happened yet"):
        node_a.create(BOTH)


def test_a_lost_answer_hides_no_winner_of_before(node_a: Witness) -> None:
    node_a.create(BOTH)
    other = Witness(TABLE, REGION, "b", longest=PATIENT)
    on(node_a, ASKED + "UpdateItem", lambda: other.replace(1, ALONE))
    on(node_a, ASKED + "UpdateItem", raising(LOST))
    assert not node_a.replace(1, Item(2, frozenset("a"), "a"))
    assert node_a.read().item == ALONE


def test_a_lost_answer_hides_no_write_of_after(node_a: Witness) -> None:
    node_a.create(BOTH)
    other = Witness(TABLE, REGION, "b", longest=PATIENT)
    on(node_a, ANSWERED + "UpdateItem", lambda: other.replace(2, replace(ALONE, epoch=3)))
    on(node_a, ANSWERED + "UpdateItem", raising(LOST))
    assert not node_a.replace(1, Item(2, frozenset("a"), "a"))


def test_a_lost_answer_is_not_settled_by_a_read_that_fails(node_a: Witness) -> None:
    node_a.create(BOTH)
    on(node_a, ANSWERED + "UpdateItem", raising(LOST))
    on(node_a, ASKED + "GetItem", raising(LOST))
    with pytest.raises(Unreachable, match="GetItem"):
        node_a.replace(1, ALONE)


def test_after_a_write_that_never_left_nothing_is_read(node_a: Witness) -> None:
    node_a.create(BOTH)
    reads: list[None] = []
    on(node_a, ASKED + "GetItem", lambda: reads.append(None))
    on(node_a, ASKED + "UpdateItem", raising(ConnectTimeoutError(endpoint_url="https://dynamodb")))
    with pytest.raises(Unreachable, match="had no answer: Connect timeout"):
        node_a.replace(1, ALONE)
    assert reads == []


DENIED = "node a: AccessDenied: its role lacks a statement that allows dynamodb:GetItem on the table as400-witness"
ON = "node a: dynamodb:GetItem on the table as400-witness"
TO = "https://x"
SENTENCES: Mapping[str, tuple[Exception, str]] = {
    "denied": (refused("AccessDeniedException"), DENIED),
    "expired": (refused("ExpiredTokenException"), f"{ON} failed: the role's credentials are not valid (ExpiredToken"),
    "throttled": (refused("ThrottlingException"), f"{ON} is throttled (ThrottlingException)"),
    "busy": (refused("RequestLimitExceeded"), f"{ON} is throttled (RequestLimitExceeded)"),
    "absent": (refused("ResourceNotFoundException"), f"{ON} failed: there is no such table in eu-west-1"),
    "other": (refused("ValidationException"), f"{ON} failed: An error occurred (ValidationException)"),
    "broken": (refused("InternalServerError", 500), f"{ON} failed: An error occurred (InternalServerError)"),
    "away": (EndpointConnectionError(endpoint_url=TO), f"{ON} had no answer: Could not connect to the endpoint"),
    "unknown": (NoCredentialsError(), f"{ON} had no answer: Unable to locate credentials"),
    "late": (ReadTimeoutError(endpoint_url=TO), f"{ON} had no answer: Read timeout on endpoint URL"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_a_read_that_fails_says_action_and_table_in_one_sentence(node_a: Witness, case: str) -> None:
    fault, sentence = SENTENCES[case]
    on(node_a, ASKED + "GetItem", raising(fault))
    with pytest.raises(Unreachable) as raised:
        node_a.read()
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_a_throttled_write_is_unreachable_and_was_not_done(node_a: Witness) -> None:
    node_a.create(BOTH)
    on(node_a, ASKED + "UpdateItem", raising(refused("ThrottlingException")))
    with pytest.raises(Unreachable, match="UpdateItem on the table as400-witness is throttled"):
        node_a.replace(1, ALONE)
    assert node_a.read().item == BOTH


def test_nothing_is_tried_twice(node_a: Witness) -> None:
    asked: list[None] = []
    on(node_a, "before-send.dynamodb.GetItem", lambda: asked.append(None), times=9)
    on(node_a, "before-send.dynamodb.GetItem", raising(EndpointConnectionError(endpoint_url="https://x")), times=9)
    with pytest.raises(Unreachable):
        node_a.read()
    assert len(asked) == 1


def test_credentials_that_come_late_are_found(node_a: Witness) -> None:
    on(node_a, ASKED + "GetItem", raising(NoCredentialsError()), times=9)
    with pytest.raises(Unreachable):
        node_a.read()
    assert node_a.read().item is None  # asked by another client


def test_a_call_ends_in_time_whatever_the_resolver_does() -> None:
    hurried, free = Witness(TABLE, REGION, "a", longest=0.3), threading.Event()
    on(hurried, ASKED + "GetItem", lambda: free.wait(20))
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"had no answer: not within 0\.3 s"):
        hurried.read()
    free.set()
    assert time.monotonic() - began < 5


def test_an_item_that_is_not_whole_is_no_answer(node_a: Witness, table: Any) -> None:
    table.put_item(TableName=TABLE, Item={"id": {"S": "witness"}, "epoch": {"N": "1"}})
    with pytest.raises(Unreachable, match="is not whole"):
        node_a.read()


def test_a_server_that_does_not_answer_costs_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(Unreachable, match="Read timeout"):
            Witness(TABLE, REGION, "a").read()
        assert time.monotonic() - began < 5
