"""Whose turn it is in a rolling change: pure functions of settings and words."""

from typing import Mapping, Optional

from ..state import SERVING, State
from .settings import Document


def is_turn(own: Document, node: str, wanted: str, peers: Mapping[str, State], new: Optional[Document] = None) -> bool:
    """Return whether `node` may apply generation `wanted`: all members of lower ordinals serve it already.

    `peers` are the states that members say of themselves, by name; `new` is the document, if this program can read it.
    Members that the document does not want are not waited for; nor are those that have not been there before: they have
    begun with it.
    """
    if own.leaves(node) or (new is not None and new.leaves(node)):
        return True
    return awaited(own, node, wanted, peers, new) is None


def awaited(
    own: Document, node: str, wanted: str, peers: Mapping[str, State], new: Optional[Document] = None
) -> Optional[str]:
    """Return the name of the first member that `node` waits for with generation `wanted`, or None."""
    for one in own.others(node):
        stays = new is None or not new.leaves(one.name)
        if stays and one.ordinal < own.member(node).ordinal and not _serves(peers.get(one.name), wanted):
            return one.name
    return None


def _serves(peer: Optional[State], wanted: str) -> bool:
    return peer is not None and peer.generation == wanted and peer.phase == SERVING
