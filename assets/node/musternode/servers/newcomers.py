"""Members that a changed document adds: waited for before a second one of the others begins anew.

The first one that has taken the document over counts the added ones among all. While the next one restarts it would be
left without a majority, and nobody given users, if they were not there yet.
"""

from typing import Callable, Dict, Optional, Tuple

from ..settings import Node
from ..state import SERVING
from . import peers
from .member import Hears
from .settings import Document

LONGEST = 300.0
"""Seconds for which they are waited for at most: one that never comes is no reason to keep the others as they are."""
_read = peers.reader(lambda _: None)


def _ears(members: Tuple[Node, ...], port: int) -> Hears[None]:
    return peers.Peers(members, port, _read)


def added(own: Document, node: str, new: Optional[Document]) -> Tuple[Node, ...]:
    """Return the members of `new` that `own` has not, as far as `node` waits for them: the first to change does not."""
    if new is None or own.leaves(node) or new.leaves(node):
        return ()
    there = {one.name for one in own.present}
    stays = [one for one in own.present if not new.leaves(one.name)]
    first = min(stays, key=lambda one: one.ordinal)
    return () if first.name == node else tuple(one for one in new.present if one.name not in there)


def patience(formation_timeout: int) -> float:
    """Return the seconds for which they are waited for: the rest of the deployment's time is the other members'."""
    return min(LONGEST, formation_timeout / 3)


class Newcomers:
    """Listens to those that the document now pending adds."""

    def __init__(self, ears: Callable[[Tuple[Node, ...], int], Hears[None]] = _ears) -> None:
        self._ears = ears
        self._heard: Dict[str, Hears[None]] = {}

    def awaited(
        self, own: Document, node: str, generation: str, new: Optional[Document], known: float
    ) -> Tuple[str, ...]:
        """Return the names of those that do not serve yet, none once they have been waited for long enough.

        `known` are the seconds since this node first saw the document: all nodes wait at the same time.
        """
        members = added(own, node, new)
        if new is None or not members or known > patience(new.formation_timeout):
            return ()
        if generation not in self._heard:
            self._heard[generation] = self._ears(members, new.ports.peer)
            self._heard[generation].start()
        states = self._heard[generation].states()
        return tuple(one.name for one in members if one.name not in states or states[one.name].phase != SERVING)
