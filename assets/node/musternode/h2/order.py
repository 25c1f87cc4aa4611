"""An operator's order to restore a backup: an attribute of the witness item, void as soon as the epoch has moved on."""

from dataclasses import dataclass
from typing import Any, FrozenSet, Mapping, Optional


@dataclass(frozen=True)
class Order:
    """Restore the object `key` of the backup bucket, whose content has `sha256`, by the word of `epoch` alone."""

    key: str
    sha256: str
    epoch: int


def read(attribute: Optional[Mapping[str, Any]]) -> Optional[Order]:
    """Return the order in the item's attribute `restore` as DynamoDB answers it, or None if there is none."""
    try:
        value = (attribute or {})["M"]
        return Order(str(value["key"]["S"]), str(value["sha256"]["S"]), int(value["epoch"]["N"]))
    except (KeyError, TypeError, ValueError):
        return None


def attribute(order: Order) -> Mapping[str, Any]:
    """Return `order` as DynamoDB's attribute."""
    return {"M": {"key": {"S": order.key}, "sha256": {"S": order.sha256}, "epoch": {"N": str(order.epoch)}}}


def pending(order: Optional[Order], *, epoch: int, members: FrozenSet[str], node: str, disk_epoch: int) -> bool:
    """Return whether `node` must carry `order` out before it serves anything, by the witness's `epoch` and `members`.

    Valid for the epoch alone with which it was written: members and epoch change together, so a node that came in, took
    over or was forced later has made it void without a word. Carried out once the disk bears the epoch's mark.
    """
    if order is None or order.epoch != epoch or members != frozenset({node}):
        return False
    return disk_epoch < epoch
