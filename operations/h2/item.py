"""The witness item as an operator reads and writes it: with his own credentials, and only on what he has seen."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from operations.aws import Aws, one_line
from operations.errors import Failure
from operations.observed import stack_resources

TABLE: Final = "AWS::DynamoDB::Table"
KEY: Final = {"id": {"S": "witness"}}
OPERATOR: Final = "operator:"
"""What the nonce of an operator's write begins with; a node's begins with the node's name."""


@dataclass(frozen=True)
class Restore:
    """An order to restore the backup `key`; void unless the item's epoch is `epoch`."""

    key: str
    sha256: str
    epoch: int


@dataclass(frozen=True)
class Item:
    """The witness item: which nodes serve, which of them leads, and how often that has changed."""

    epoch: int
    members: frozenset[str]
    leader: str
    taken: float = 0.0
    paused: bool = False
    forced: bool = False
    by: str = ""
    restore: Restore | None = None

    @property
    def ordered(self) -> Restore | None:
        """The order that holds now, or None."""
        return self.restore if self.restore is not None and self.restore.epoch == self.epoch else None


@dataclass(frozen=True)
class Seen:
    """One consistent read: the item, None if there is none, and AWS's clock then."""

    item: Item | None
    at: datetime


class Witness:
    """The item in the table of `stack`. Raises `Failure` if the stack has no such table."""

    def __init__(self, aws: Aws, stack: str) -> None:
        self._aws = aws
        tables = [each["PhysicalResourceId"] for each in stack_resources(aws, stack) if each["ResourceType"] == TABLE]
        if len(tables) != 1:
            raise Failure(f"the stack {stack} has {len(tables)} DynamoDB tables, not the one of an H2 pair: deploy it")
        self.table: str = tables[0]

    def read(self) -> Seen:
        """Return what the last write has left. Raises `Failure`."""
        answer = self._aws.call("dynamodb", "get_item", TableName=self.table, Key=KEY, ConsistentRead=True)
        return Seen(parsed(answer["Item"], self.table) if answer.get("Item") else None, clock(answer))

    def create(self, item: Item) -> bool:
        """Write `item` if there is none; return whether there was none. Raises `Failure`."""
        return self._write(item, "attribute_not_exists(id)", {})

    def replace(self, epoch: int, item: Item) -> bool:
        """Write `item` in place of the one of `epoch`; return False if another one came between. Raises `Failure`."""
        return self._write(item, "#epoch = :seen", {":seen": {"N": str(epoch)}})

    def pause(self, *, paused: bool) -> bool:
        """Say whether the pair changes nothing by itself; return False if there is no item. Raises `Failure`."""
        return self._update(
            UpdateExpression="SET paused = :paused",
            ConditionExpression="attribute_exists(id)",
            ExpressionAttributeValues={":paused": {"BOOL": paused}},
        )

    def _write(self, item: Item, condition: str, values: Mapping[str, Any]) -> bool:
        nonce = f"{OPERATOR}{secrets.token_hex(8)}"
        written = {**attributes(item), "by": {"S": nonce}}
        names = {f"#{name}": name for name in (*written, "restore")}
        sets = "SET " + ", ".join(f"#{name} = :{name}" for name in written)
        done = self._update(
            UpdateExpression=sets if "restore" in written else f"{sets} REMOVE #restore",
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in written.items()} | dict(values),
        )
        return done or self._was_ours(nonce)

    def _was_ours(self, nonce: str) -> bool:
        """Tell a race that was lost from a write whose answer was lost and that was then tried again."""
        item = self.read().item
        return item is not None and item.by == nonce

    def _update(self, **expressions: Any) -> bool:
        client = self._aws("dynamodb")
        with one_line():
            try:
                client.update_item(TableName=self.table, Key=KEY, **expressions)
            except client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def attributes(item: Item) -> dict[str, Any]:
    """Return the attributes of `item` that an operator writes; `paused` has a command of its own."""
    values: dict[str, Any] = {
        "epoch": {"N": str(item.epoch)},
        "members": {"SS": sorted(item.members)},
        "leader": {"S": item.leader},
        "taken": {"N": repr(float(item.taken))},
        "forced": {"BOOL": item.forced},
    }
    if (order := item.restore) is not None:
        fields = {"key": {"S": order.key}, "sha256": {"S": order.sha256}, "epoch": {"N": str(order.epoch)}}
        values["restore"] = {"M": fields}
    return values


def parsed(found: Mapping[str, Any], table: str) -> Item:
    """Return the item in DynamoDB's attributes `found`. Raises `Failure` for one that is not whole."""
    try:
        return Item(
            epoch=int(found["epoch"]["N"]),
            members=frozenset(found["members"]["SS"]),
            leader=str(found["leader"]["S"]),
            taken=float(found.get("taken", {"N": "0"})["N"]),
            paused=found.get("paused", {"BOOL": False})["BOOL"] is True,
            forced=found.get("forced", {"BOOL": False})["BOOL"] is True,
            by=str(found.get("by", {"S": ""})["S"]),
            restore=_order(found["restore"]["M"]) if "restore" in found else None,
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise Failure(f"the witness item in the table {table} is not whole ({fault!r})") from None


def _order(value: Mapping[str, Any]) -> Restore:
    return Restore(str(value["key"]["S"]), str(value["sha256"]["S"]), int(value["epoch"]["N"]))


def clock(answer: Mapping[str, Any]) -> datetime:
    """Return AWS's clock at `answer` by its header Date; without one, this machine's."""
    text = str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)
