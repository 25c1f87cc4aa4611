"""Whose turn it is in a rolling change, and what cannot be changed that way: pure functions of settings and words."""

from typing import Mapping, Optional, Sequence

from ..state import SERVING, State
from .settings import Settings


def is_turn(own: Settings, node: str, wanted: str, peers: Mapping[str, State], new: Optional[Settings] = None) -> bool:
    """Return whether `node` may apply generation `wanted`: all members of lower ordinals serve it already.

    `peers` are the states that members say of themselves, by name; `new` is the document, if this program can read it.
    Members that the document does not want are not waited for; nor are those that have not been there before: they have
    begun with it.
    """
    if own.leaves(node) or (new is not None and new.leaves(node)):
        return True
    return awaited(own, node, wanted, peers, new) is None


def awaited(
    own: Settings, node: str, wanted: str, peers: Mapping[str, State], new: Optional[Settings] = None
) -> Optional[str]:
    """Return the name of the first member that `node` waits for with generation `wanted`, or None."""
    for one in own.others(node):
        stays = new is None or not new.leaves(one.name)
        if stays and one.ordinal < own.member(node).ordinal and not _serves(peers.get(one.name), wanted):
            return one.name
    return None


def refusal(old: Settings, new: Settings) -> Optional[str]:
    """Return why `new` cannot be applied to running members one after the other, or None if it can."""
    fixed = {
        "the domain": (old.settings.domain, new.settings.domain),
        "the members' port": (old.ports.member, new.ports.member),
        "the peer port": (old.ports.peer, new.ports.peer),
        "the product's home": (old.settings.home, new.settings.home),
    }
    for what, (before, after) in fixed.items():
        if before != after:
            return f"{what} of running members cannot be changed one after the other; deploy a new cluster for it"
    if _line(old) != _line(new):
        return (
            f"the kernel of running members cannot be changed to {new.settings.kernel} one after the other: Hazelcast "
            f"{old.settings.engine} and {new.settings.engine} form no cluster; deploy a new one for it"
        )
    for one in old.present:
        moved = [new_one for new_one in new.present if new_one.name == one.name and new_one.address != one.address]
        if moved:
            return f"the address of node {one.name} can be changed only while it is absent"
    return None


def _line(chosen: Settings) -> Sequence[str]:
    """Return the first two numbers of the engine: members of one cluster have them in common (Hazelcast's manual)."""
    return chosen.settings.engine.split(".")[:2]


def _serves(peer: Optional[State], wanted: str) -> bool:
    return peer is not None and peer.generation == wanted and peer.phase == SERVING
