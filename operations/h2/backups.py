"""`muster h2 backups` and `restore`: the nightly dumps in the stack's bucket, and the order to go back to one."""

import json
from dataclasses import replace
from pathlib import Path

from muster.names import parameter_name
from operations import dumps
from operations.aws import Aws, Missing
from operations.dumps import Backup, NoBackups, Shelf
from operations.errors import Failure
from operations.h2.item import Item, Restore
from operations.h2.nodes import instances
from operations.h2.pair import Ask, Connect, Pair, confirmed, existing, lost_race, pair_of, show, show_change

SUFFIX = ".sql.gz"


def backups(file: Path, connect: Connect = Aws) -> int:
    """List the backups of the pair of `file`, the newest first. Return 0, or 1 if there is none. Raises `Failure`."""
    pair = pair_of(file, connect)
    shelf = shelf_of(pair)
    return dumps.show(listed(pair, shelf), shelf, "the leader")


def shelf_of(pair: Pair) -> Shelf:
    """Return where the settings document says that backups lie. Raises `NoBackups`, or another `Failure`."""
    try:
        text = pair.aws.call("ssm", "get_parameter", Name=parameter_name(pair.cluster.name))["Parameter"]["Value"]
        value = json.loads(text)["settings"]["backup"]
        return Shelf(str(value["bucket"]), f"{value['prefix']}/")
    except Missing as missing:
        raise Failure(f"the settings document {parameter_name(pair.cluster.name)} is not there: deploy it") from missing
    except (ValueError, KeyError, TypeError) as fault:
        raise NoBackups("the deployed cluster makes no backups: set database.backup and deploy") from fault


def listed(pair: Pair, shelf: Shelf) -> list[Backup]:
    """Return all backups, the newest first. Raises `Failure`."""
    return dumps.listed(pair.aws, shelf, SUFFIX)


def restore(file: Path, backup: str | None, node: str | None, *, yes: bool, ask: Ask, connect: Connect = Aws) -> int:
    """Order that the leader, or `node`, restores `backup`, or the newest one. Return 0 when ordered. Raises `Failure`.

    Members and epoch change with the same write: who serves now is shut out, and nobody but that node can go on.
    """
    pair = pair_of(file, connect)
    item = existing(pair, pair.witness.read())
    show(item)
    target = pair.node(node or item.leader)
    shelf = shelf_of(pair)
    chosen = dumps.chosen(listed(pair, shelf), shelf, backup, f"./muster h2 backups {pair.typed}")
    if item.ordered and item.ordered.key == chosen.key and item.members == {target}:
        print(f"nothing to do: that is ordered; see ./muster h2 status {pair.typed}")
        return 0
    if item.paused:
        raise Failure(f"the pair is paused, so that nobody would restore: ./muster h2 resume {pair.typed} first")
    if (state := instances(pair).get(target, "not there")) != "running":
        raise Failure(f"the instance of node {target} is {state}, so nobody would restore: start it, or name the other")
    order = Restore(chosen.key, dumps.sha256(pair.aws, shelf, chosen), item.epoch + 1)
    if not confirmed(_warning(pair, chosen, target), yes=yes, ask=ask):
        return 1
    _order(pair, item, target, order)
    return 0


def _order(pair: Pair, item: Item, target: str, order: Restore) -> None:
    wanted = replace(item, epoch=order.epoch, members=frozenset({target}), leader=target, forced=False, restore=order)
    if not pair.witness.replace(item.epoch, wanted):
        raise lost_race(pair)
    show_change(item, pair)
    print(f"node {target} tells how it goes on: ./muster h2 status {pair.typed}")


def _warning(pair: Pair, backup: Backup, target: str) -> list[str]:
    other = pair.other(target)
    return [
        f"node {target} will put its files aside and make the database of {backup.key};",
        f"  it serves nobody meanwhile, and node {other} is shut out until it has copied the result.",
        f"  lost is whatever was written since {backup.at:%Y-%m-%d %H:%M:%S} UTC. Both nodes' files stay on their",
        "  volumes as .stale-EPOCH, the newest two.",
        f"  to go back before it is done: ./muster h2 force {pair.typed} --node {target}",
    ]
