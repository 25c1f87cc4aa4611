"""`muster h2 status`: the witness item and each node's last words, in plain words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from operations.aws import Aws
from operations.dumps import NoBackups
from operations.errors import Failure
from operations.h2.backups import listed, shelf_of
from operations.h2.item import Item
from operations.h2.nodes import SHOWN, instances, said
from operations.h2.pair import Connect, Pair, pair_of, show

OLD: Final = timedelta(hours=49)
"""Age of the newest backup from which on it is a fault: two nights, and an hour for the making."""


def status(file: Path, connect: Connect = Aws) -> int:
    """Show the pair of `file` as far as it is known from outside. Return 0 if it is whole, else 1. Raises `Failure`.

    There is no way to ask the nodes: what they say of themselves is what their logs have brought, seconds late.
    """
    pair = pair_of(file, connect)
    seen = pair.witness.read()
    show(seen.item)
    states = instances(pair)
    for node in sorted(pair.cluster.nodes):
        _show_node(pair, node, states.get(node, "not there"))
    if fault := _fault(pair, seen.item) or _show_backup(pair):
        print(f"not well: {fault}")
    return 1 if fault else 0


def _show_node(pair: Pair, node: str, state: str) -> None:
    print(f"node {node}: its instance is {state}; its gate said last, by CloudWatch Logs:")
    lines = [f"{line.at:%Y-%m-%d %H:%M:%S} UTC {line.text}" for line in said(pair, node)[-SHOWN:]]
    for line in lines or ["nothing that is known"]:
        print(f"  {line}")


def _show_backup(pair: Pair) -> str:
    """Show the newest backup; return what is wrong with it. A cluster that makes none has nothing to show."""
    try:
        found = listed(pair, shelf_of(pair))
    except NoBackups:
        return ""
    except Failure as fault:
        print(f"its backups are not known: {fault}")
        return ""
    if not found:
        print("there is no backup yet")
        return ""
    newest = found[0]
    print(f"the newest backup is {newest.key} of {newest.at:%Y-%m-%d %H:%M:%S} UTC")
    old = datetime.now(UTC) - newest.at > OLD
    return "the newest backup is older than two nights; the nodes' logs say why" if old else ""


def _fault(pair: Pair, item: Item | None) -> str:
    """Return what is wrong by the witness alone, empty if nothing is."""
    if item is None:
        return "there is no witness item (a new pair makes it once both nodes run)"
    if item.paused:
        return "the pair is paused"
    if item.ordered:
        return "a restore is under way"
    out = sorted(set(pair.cluster.present_nodes) - item.members)
    return f"node {' and node '.join(out)} is out of the pair; it comes in again by itself once it runs" if out else ""
