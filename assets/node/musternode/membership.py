"""What a member of the pair does next: pure functions of what it knows."""

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from .state import EMPTY, HELD, OLD, OPEN, SERVING, State

_RANK = {EMPTY: 0, OLD: 1, HELD: 2}


class Action(Enum):
    """What a member whose database is not in use does."""

    WAIT = "wait"
    SEED = "seed"
    SERVE = "serve"
    COPY = "copy"


@dataclass(frozen=True)
class Own:
    """What decides on the own side: what is on the disk, and is this the lowest ordinal.

    One is `alone` whose peer is absent by the settings in force; one that is absent itself by them `leaves`.
    """

    disk: str
    lowest: bool
    alone: bool = False
    leaves: bool = False


def decide(own: Own, peer: Optional[State]) -> Action:
    """Return what a member does whose database is not in use; `peer` is None if the other cannot be asked.

    Nothing is ever served or made without the peer's word, for its copy may be the newer one, unless the cluster file
    says that there is no peer.
    """
    if peer is None:
        return Action.SERVE if own.alone and own.disk != EMPTY else Action.WAIT
    ahead = _RANK.get(own.disk, 0) - _RANK.get(peer.disk, 0)
    if own.leaves:
        return Action.SERVE if ahead > 0 and not peer.source else Action.WAIT  # for the other one to copy
    if peer.alone and not own.alone:
        return Action.WAIT  # it can be copied once it has been told that it is no longer alone
    if peer.source:
        return Action.COPY
    if ahead > 0 or (ahead == 0 and (own.lowest or own.alone)):
        return _first(own)
    return Action.WAIT


def _first(own: Own) -> Action:
    """Return what the member does whose data counts; one that is alone makes no first data: two form a pair."""
    if own.disk != EMPTY:
        return Action.SERVE
    return Action.WAIT if own.alone else Action.SEED


def may_leave(own: State, peer: Optional[State]) -> bool:
    """Return whether a member that is to be absent can be done without: the other one serves alone by the same word."""
    if peer is None or peer.generation != own.generation:
        return False
    return peer.alone and peer.database == OPEN and peer.phase == SERVING


class Hold(Enum):
    """What a member whose database is in use does about the peer's copying."""

    KEEP = "keep"
    BEGIN = "begin"
    RELEASE = "release"
    BREAK = "break"


def hold(own: State, peer: Optional[State], silent: float, patience: float) -> Hold:
    """Return what the source does; `silent` is for how many seconds the peer has not answered.

    A hold that does not end by the peer's word that it has copied is broken: what the peer's tool left behind on the
    source (H2 has no read timeout, and an exclusive session lasts as long as its connection) must go with it.
    """
    if not own.holds:
        if own.alone:
            return Hold.KEEP  # a copy would be of another server list than the one that this node's clients use
        wanted = peer is not None and peer.wants not in {"", own.released, own.broke}
        return Hold.BEGIN if wanted else Hold.KEEP
    if peer is None:
        return Hold.BREAK if silent > patience else Hold.KEEP
    if peer.copied == own.holds:
        return Hold.RELEASE
    return Hold.KEEP if peer.wants == own.holds else Hold.BREAK


def waits_for(own: State, peer: Optional[State], address: str, port: int, name: str, silent: float) -> Optional[str]:
    """Return for whom and what this member waits, as a clause of a sentence; None if for nobody."""
    if peer is None:
        return (
            f"node {name}: no answer from {address} port {port} for {silent:.0f} s; look at the console and journal of "
            f"node {name}, and whether the shared security group lets its members reach each other on TCP {port}"
        )
    if peer.failure:
        return None
    if peer.alone:
        return f"node {name}: it serves alone by generation {peer.generation}, not {own.generation} yet"
    if peer.generation != own.generation:
        return f"node {name}: it is at generation {peer.generation}, not {own.generation}"
    return f"node {name} at {address}: it is {peer.phase}, its database is {peer.database}"
