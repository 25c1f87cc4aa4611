"""What a member tells the wait handle of its generation: a pure function of what it knows."""

from dataclasses import dataclass
from typing import Callable, Optional

from . import report
from .membership import waits_for
from .report import Body
from .settings import Settings
from .state import OPEN, SERVING, SHUT, State

LEAVING = 60.0
"""Seconds for which a member that serves alone gives the other one the time to leave before it reports."""


@dataclass(frozen=True)
class Known:
    """Both states (`peer` None if it does not answer), since when in seconds, and whether the time-out is near."""

    own: State
    peer: Optional[State]
    silent: float
    lived: float
    late: bool


def verdict(node: str, settings: Settings, known: Known, complaint: Callable[[], str]) -> Optional[Body]:
    """Return the report that is due, or None; `complaint` says what is wrong with the application.

    A member that is to be absent reports nothing: nobody counts it. One that merely waits stays silent until the
    time-out is near, so that the cause is named by the node that has it.
    """
    if settings.leaves(node):
        return None
    if _done(node, settings, known):
        other = settings.peer_of(node).name
        return report.alone(node, other) if settings.alone(node) else report.success(node, len(settings.members))
    if known.own.failure:
        return report.failure(node, known.own.failure)
    return _waiting(node, settings, known, complaint) if known.late else None


def _done(node: str, settings: Settings, known: Known) -> bool:
    own, peer = known.own, known.peer
    if not own.formed or own.phase != SERVING:
        return False
    if settings.alone(node):
        return peer is None or peer.database == SHUT or known.lived > LEAVING
    return peer is not None and peer.phase == SERVING and peer.generation == settings.generation


def _waiting(node: str, settings: Settings, known: Known, complaint: Callable[[], str]) -> Optional[Body]:
    own, other = known.own, settings.peer_of(node)
    if own.database == OPEN and not own.healthy:
        return report.failure(node, f"node {node}: {complaint()}")
    if settings.alone(node):
        return report.failure(node, f"node {node} ({own.phase}) is alone by the cluster file and does not serve yet")
    clause = waits_for(own, known.peer, other.address, settings.ports.peer, other.name, known.silent)
    return None if clause is None else report.failure(node, f"node {node} ({own.phase}) waits for {clause}")
