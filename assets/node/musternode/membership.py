"""What a member of the pair does next: pure functions of what it knows."""

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from .state import State


class Action(Enum):
    """What a member whose database is not in use does."""

    WAIT = "wait"
    SEED = "seed"
    SERVE = "serve"
    COPY = "copy"


@dataclass(frozen=True)
class Own:
    """What decides on the own side: is whole data on the disk, and is this the lowest ordinal."""

    held: bool
    lowest: bool


def decide(own: Own, peer: Optional[State]) -> Action:
    """Return what a member does whose database is not in use; `peer` is None if the other cannot be asked.

    Nothing is ever served or made without the peer's word: its copy may be the newer one.
    """
    if peer is None:
        return Action.WAIT
    if peer.source:
        return Action.COPY
    if own.held and not peer.held:
        return Action.SERVE
    if own.held == peer.held and own.lowest:
        return Action.SERVE if own.held else Action.SEED
    return Action.WAIT


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
    if peer.generation != own.generation:
        return f"node {name}: it is at generation {peer.generation}, not {own.generation}"
    return f"node {name} at {address}: it is {peer.phase}, its database is {peer.database}"
