"""What a member tells the wait handle of its generation: a pure function of what it knows."""

from dataclasses import dataclass
from typing import Callable, Optional

from . import report
from .report import Body
from .settings import Settings
from .standing import Standing
from .state import LEFT, OPEN, SERVING, SHUT, State

LEAVING = 60.0
"""Seconds for which a member that serves alone gives the other one the time to leave before it reports."""
UNREACHED = 30.0
"""Seconds for which the peer's database port may stay silent although its gate process says that it is open."""


@dataclass(frozen=True)
class Known:
    """What decides: this member's state and how the pair stands (None: the gate process does not answer).

    `lived` are the seconds since this member began, `late` is whether the time-out is near. `unreached` are the seconds
    for which the peer's open gate could not be connected to, `obstacle` is what its answer was instead of rows.
    """

    own: State
    pair: Optional[Standing]
    lived: float
    late: bool
    unreached: float = 0.0
    obstacle: str = ""


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
    if known.unreached > UNREACHED:
        return report.failure(node, unreached(node, settings, known.unreached))
    if not known.late:
        return None
    sentence = _waiting(node, settings, known, complaint)
    return None if sentence is None else report.failure(node, sentence)


def unreached(node: str, settings: Settings, seconds: float) -> str:
    """Return the sentence for a peer whose gate is open but does not answer."""
    other, port = settings.peer_of(node), settings.ports.crossed(settings.ports.database)
    return (
        f"node {node} cannot reach the database of node {other.name} at {other.address} port {port} for {seconds:.0f} "
        f"s, though its peer port answers; look at the rule for TCP {port} of the shared security group "
        f"muster-{settings.cluster}"
    )


def _done(node: str, settings: Settings, known: Known) -> bool:
    own, peer = known.own, known.pair.peer_state if known.pair else None
    if not own.formed or own.phase != SERVING:
        return False
    if settings.alone(node):
        return peer is None or peer.phase == LEFT or peer.database == SHUT or known.lived > LEAVING
    return peer is not None and peer.phase == SERVING and peer.generation == settings.generation


def _waiting(node: str, settings: Settings, known: Known, complaint: Callable[[], str]) -> Optional[str]:
    own, pair = known.own, known.pair
    if pair is None:
        return f"node {node}: its gate process does not answer; see `journalctl -u muster-gate` there"
    if known.unreached:
        return unreached(node, settings, known.unreached)
    if own.database == OPEN and not own.healthy:
        return f"node {node}: {complaint()}"
    doing = f"node {node} ({own.phase}{', ' if pair.doing else ''}{pair.doing})"
    if settings.alone(node):
        return f"{doing} is alone by the cluster file and does not serve yet{_witness(pair)}"
    if known.obstacle:
        return f"{doing}: the pair does not answer as one yet: {known.obstacle}"
    clause = _waits_for(node, settings, pair, min(pair.silent, known.lived))
    return None if clause is None else f"{doing} waits for {clause}{_witness(pair)}"


def _witness(pair: Standing) -> str:
    return f"; its witness cannot be read: {pair.witness}" if pair.witness else ""


def _waits_for(node: str, settings: Settings, pair: Standing, silent: float) -> Optional[str]:
    """Return for whom this member waits, as a clause; None if the peer has a cause of its own, which it reports.

    `silent` are the seconds for which the peer is known not to have answered.
    """
    other, peer = settings.peer_of(node), pair.peer
    name, port = other.name, settings.ports.crossed(settings.ports.peer)
    if peer is None:
        return (
            f"node {name}: no answer from {other.address} port {port} for {silent:.0f} s; look at the console and "
            f"journal of node {name}, and whether the shared security group lets its members reach each other on TCP "
            f"{port}"
        )
    state = peer.state
    if peer.failure or (state is not None and state.failure):
        return None
    if state is None:
        return f"node {name} at {other.address}: its member does not answer; see `journalctl -u muster-member` there"
    if state.alone:
        return f"node {name}: it serves alone by generation {state.generation}, not {settings.generation} yet"
    if state.generation != settings.generation:
        return f"node {name}: it is at generation {state.generation}, not {settings.generation}"
    return f"node {name} at {other.address}: it is {state.phase}, its database is {state.database}"
