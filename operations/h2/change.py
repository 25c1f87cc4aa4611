"""`muster h2 adopt`, `force`, `pause`, `resume`: who serves, when the nodes cannot know it or must not decide it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from operations.aws import Aws
from operations.errors import Failure
from operations.h2.item import Item
from operations.h2.nodes import highest_epoch, instances
from operations.h2.pair import Ask, Connect, Pair, confirmed, existing, lost_race, pair_of, show, show_change


def adopt(file: Path, node: str, *, yes: bool, ask: Ask, connect: Connect = Aws) -> int:
    """Make the witness item that is missing: `node` alone has the data that counts. Return 0 when done.

    Its epoch is above any that the nodes can have counted: AWS's clock in seconds, or the highest that they have told.
    Raises `Failure`.
    """
    pair = pair_of(file, connect)
    pair.node(node)
    seen = pair.witness.read()
    if seen.item is not None:
        return _adopted(pair, seen.item, node)
    show(None)
    if not confirmed(_adopt_warning(pair, node), yes=yes, ask=ask):
        return 1
    epoch = 1 + max(int(seen.at.timestamp()), highest_epoch(pair))
    if not pair.witness.create(Item(epoch, frozenset({node}), node, forced=True)):
        raise lost_race(pair)
    show_change(None, pair)
    return 0


def _adopted(pair: Pair, item: Item, node: str) -> int:
    show(item)
    if item.members == {node}:
        print(f"nothing to do: node {node} is the one member")
        return 0
    raise Failure(
        f"there is a witness item, so there is nothing to adopt; if its members cannot serve: ./muster h2 force "
        f"{pair.typed} --node {node}"
    )


def _adopt_warning(pair: Pair, node: str) -> list[str]:
    other = pair.other(node)
    return [
        f"node {node} will serve what its disk holds, and node {other} will copy it.",
        f"  lost is whatever only node {other}'s copy has: all that was acknowledged while node {node} was no member.",
        f"  node {other}'s files are kept on its volume as .stale-EPOCH, the newest two.",
        "  a pair that has not formed yet makes its item once both nodes run; with this one it never forms.",
    ]


def force(file: Path, node: str, *, yes: bool, ask: Ask, connect: Connect = Aws) -> int:
    """Make `node` the one member, whatever its disk holds. Return 0 when done. Raises `Failure`."""
    pair = pair_of(file, connect)
    pair.node(node)
    item = existing(pair, pair.witness.read())
    show(item)
    if item.members == {node} and item.forced and item.ordered is None:
        print(f"nothing to do: node {node} is the one member by an operator's word")
        return 0
    if not confirmed([*_force_warning(pair, item, node)], yes=yes, ask=ask):
        return 1
    wanted = replace(item, epoch=item.epoch + 1, members=frozenset({node}), leader=node, forced=True, restore=None)
    if not pair.witness.replace(item.epoch, wanted):
        raise lost_race(pair)
    show_change(item, pair)
    return 0


def _force_warning(pair: Pair, item: Item, node: str) -> Iterable[str]:
    other = pair.other(node)
    yield f"node {node} will serve what its disk holds, alone; node {other} is shut out until it has copied that."
    if other in item.members:
        yield f"  lost is whatever only node {other} has: it is a member, and may have acknowledged writes that node"
        yield f"  {node}'s disk lacks. If node {other} can be started, start it: the pair then settles by itself."
    else:
        yield f"  lost is what node {node}'s disk lacks of what it had acknowledged: its last second, or more if the"
        yield "  volume is not the one that it had."
    if instances(pair).get(other) == "running":
        yield f"  node {other}'s instance is running: switch it off first unless its database is known to be down."
    if order := item.ordered:
        yield f"  the order to restore {order.key} becomes void; a restore that is already under way ends first."


def pause(file: Path, *, paused: bool, connect: Connect = Aws) -> int:
    """Pause the pair, or let it go on. Return 0 when done. Raises `Failure`."""
    pair = pair_of(file, connect)
    item = existing(pair, pair.witness.read())
    show(item)
    if item.paused is paused:
        print(f"nothing to do: the pair is {'paused' if paused else 'not paused'}")
        return 0
    if not pair.witness.pause(paused=paused):
        raise lost_race(pair)
    print(_paused(pair) if paused else "the nodes take note within seconds, and do what they have put off")
    show_change(item, pair)
    return 0


def _paused(pair: Pair) -> str:
    return (
        "while the pair is paused, clients notice nothing as long as both databases run; if one ends, both "
        f"applications get errors from the database until ./muster h2 resume {pair.typed}"
    )
