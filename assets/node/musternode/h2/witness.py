"""The witness: one DynamoDB item that says who is a member of the pair, changed by conditional writes alone."""

import secrets
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, Mapping, Optional

from . import order
from .order import Order
from .witness_calls import LONGEST, Calls, Unanswered, Unreachable, date_of

__all__ = ["Item", "Read", "Unreachable", "Witness"]

_FIELDS = ("epoch", "members", "leader", "taken", "forced", "by")
"""What a write sets. `paused` and `restore` are the operator's alone: a node's write never changes them."""


@dataclass(frozen=True)
class Item:
    """What the witness holds: who serves, who leads, and how often that has changed.

    `taken` is when a member last took over by itself, in seconds since 1970 of AWS's clock; 0.0 = never.
    A pair that is `paused` changes nothing by itself. `forced`: the members are an operator's word, not the nodes'.
    `restore` is an operator's order, in force for its own epoch alone. `members` is never empty.
    """

    epoch: int
    members: FrozenSet[str]
    leader: str
    taken: float = 0.0
    paused: bool = False
    forced: bool = False
    restore: Optional[Order] = None


@dataclass(frozen=True)
class Read:
    """One consistent read: the item, None if there is none, and AWS's clock at the answer, in whole seconds."""

    item: Optional[Item]
    date: float


class Witness:
    """The item of `table`, as `node` reads and writes it. Threads may share it; no call lasts above `longest` seconds.

    A write whose answer got lost lasts two calls. Nothing is tried twice: who asks decides what an unreachable witness
    means, and asks again. A write is judged by the epoch, which its caller raises, and keeps attributes that this
    version does not know.
    """

    def __init__(self, table: str, region: str, node: str, *, longest: float = LONGEST) -> None:
        self._table, self._node = table, node
        self._calls = Calls(table, region, node, longest=longest)

    def read(self) -> Read:
        """Return the item as the last write left it; raises `Unreachable`."""
        answer = self._calls.get()
        return Read(self._item(answer), date_of(answer))

    def create(self, item: Item) -> bool:
        """Write the first item and return whether there was none; raises `Unreachable`, as `replace` does."""
        return self._write(item, None)

    def replace(self, epoch: int, item: Item) -> bool:
        """Write `item` in place of the one with `epoch`; return False if that is not the epoch any more.

        If the answer gets lost, a read settles it: True if it was this write, False if another one came before or
        after it. Raises `Unreachable` if that read fails too, or shows that the write has not happened yet: it still
        may, and who reads the witness later sees whether it has.
        """
        return self._write(item, epoch)

    def pause(self, paused: bool) -> bool:
        """Say whether the pair changes nothing by itself; return False if there is no item. Raises `Unreachable`."""
        return self._calls.update(
            UpdateExpression="SET paused = :paused",
            ConditionExpression="attribute_exists(id)",
            ExpressionAttributeValues={":paused": {"BOOL": paused}},
        )

    def _write(self, item: Item, seen: Optional[int]) -> bool:
        nonce = f"{self._node}:{secrets.token_hex(8)}"
        values = {f":{name}": value for name, value in _attributes(item, nonce).items()}
        if seen is not None:
            values[":seen"] = {"N": str(seen)}
        try:
            return self._calls.update(
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in _FIELDS),
                ConditionExpression="attribute_not_exists(id)" if seen is None else "#epoch = :seen",
                ExpressionAttributeNames={f"#{name}": name for name in _FIELDS},
                ExpressionAttributeValues=values,
            )
        except Unanswered as lost:
            return self._settled(nonce, seen, lost)

    def _settled(self, nonce: str, seen: Optional[int], lost: Unanswered) -> bool:
        answer = self._calls.get()
        if answer.get("Item", {}).get("by") == {"S": nonce}:
            return True
        found = self._item(answer)
        if seen == (None if found is None else found.epoch):
            raise Unreachable(f"{lost}; the write has not happened yet")
        return False

    def _item(self, answer: Mapping[str, Any]) -> Optional[Item]:
        """Return the item in `answer`; one that is not whole says nothing, so it is as good as out of reach."""
        found = answer.get("Item")
        if not found:
            return None
        try:
            return Item(
                epoch=int(found["epoch"]["N"]),
                members=frozenset(found["members"]["SS"]),
                leader=str(found["leader"]["S"]),
                taken=float(found.get("taken", {"N": "0"})["N"]),
                paused=found.get("paused", {"BOOL": False})["BOOL"] is True,
                forced=found.get("forced", {"BOOL": False})["BOOL"] is True,
                restore=order.read(found.get("restore")),
            )
        except (KeyError, TypeError, ValueError) as fault:
            raise Unreachable(
                f"node {self._node}: the witness's item in the table {self._table} is not whole ({fault!r})"
            ) from None


def _attributes(item: Item, nonce: str) -> Dict[str, Any]:
    return {
        "epoch": {"N": str(item.epoch)},
        "members": {"SS": sorted(item.members)},
        "leader": {"S": item.leader},
        "taken": {"N": repr(float(item.taken))},
        "forced": {"BOOL": item.forced},
        "by": {"S": nonce},
    }
