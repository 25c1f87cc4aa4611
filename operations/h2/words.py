"""The state of the pair in plain words."""

from datetime import UTC, datetime

from operations.h2.item import OPERATOR, Item


def described(item: Item | None) -> list[str]:
    """Return lines that say what the witness item holds."""
    if item is None:
        return ["witness item: there is none"]
    lines = [f"witness item: epoch {item.epoch}, {_members(item)}, last written by {_author(item)}"]
    lines.append(f"  last automatic take-over: {_moment(item.taken) if item.taken else 'never'}")
    if item.paused:
        lines.append("  paused: nobody takes over, steps out or comes in again by itself")
    if item.forced:
        lines.append("  the members are an operator's word")
    if order := item.ordered:
        lines.append(f"  node {item.leader} is to restore the backup {order.key} before it serves")
    return lines


def _members(item: Item) -> str:
    names = sorted(item.members)
    if len(names) == 1:
        return f"node {names[0]} is the one member"
    return f"nodes {' and '.join(names)} are members, node {item.leader} leads"


def _author(item: Item) -> str:
    if item.by.startswith(OPERATOR):
        return "an operator"
    return f"node {item.by.partition(':')[0]}" if item.by else "nobody known"


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def change(before: Item | None, after: Item | None) -> list[str]:
    """Return lines that show the item before and after a command."""
    old, new = ([f"  {line}" for line in described(item)] for item in (before, after))
    return ["before:", *old, "after:", *new]
