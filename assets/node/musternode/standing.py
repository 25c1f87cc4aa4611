"""How the pair stands, in the gate process's words: `pair.json`, which it writes at each change and each second."""

from dataclasses import dataclass
from typing import Any, Mapping, Optional

from . import state
from .paths import Paths
from .state import State

STALE = 3.0
"""Seconds after which a gate process that has said nothing no longer answers, and a peer's last word is no word."""


@dataclass(frozen=True)
class Peer:
    """What the peer's gate process said last: is its gate open, its settings' generation, its member's state."""

    gate: bool
    generation: str
    failure: str
    state: Optional[State]


@dataclass(frozen=True)
class Standing:
    """What the gate process of this node says. `peer` is None if the peer has been silent for `silent` seconds.

    `failure` is why this node cannot be a member, `doing` a clause about what it does, `witness` why the witness
    cannot be read; each is empty if there is nothing to say. `leader` is the node that the witness names.
    """

    phase: str = "starting"
    gate: bool = False
    disk: str = state.EMPTY
    leader: str = ""
    failure: str = ""
    doing: str = ""
    witness: str = ""
    silent: float = 0.0
    peer: Optional[Peer] = None

    @property
    def peer_open(self) -> bool:
        """Whether the peer's gate lets clients in."""
        return self.peer is not None and self.peer.gate

    @property
    def peer_state(self) -> Optional[State]:
        """What the peer's member says, if the peer is heard."""
        return None if self.peer is None else self.peer.state

    @property
    def reachable(self) -> bool:
        """Whether clients on this node reach the database somewhere."""
        return self.gate or self.peer_open


def look(paths: Paths) -> Optional[Standing]:
    """Return how the pair stands now, or None if the gate process of this node does not answer."""
    value = state.load(paths.public / "pair.json")
    return None if value is None or state.stale(value, STALE) else read(value)


def peer(paths: Paths) -> Optional[State]:
    """Return what the peer's member says now, or None if it is not heard."""
    found = look(paths)
    return None if found is None else found.peer_state


def read(value: Mapping[str, Any]) -> Standing:
    """Return the standing in the object of `pair.json`; a value of another kind counts as none."""
    silent, witness = _seconds(value, "silent"), _text(value, "witness")
    return Standing(
        phase=_text(value, "phase") or "starting",
        gate=_text(value, "gate") == state.OPEN,
        disk=_text(value, "disk") or state.EMPTY,
        leader=_text(value, "leader"),
        failure=_text(value, "failure"),
        doing=_text(value, "doing"),
        witness="" if witness == "ok" else witness,
        silent=silent,
        peer=_peer(value.get("peer")) if silent <= STALE else None,
    )


def _peer(value: Any) -> Optional[Peer]:
    if not isinstance(value, Mapping):
        return None
    return Peer(
        gate=_text(value, "gate") == state.OPEN,
        generation=_text(value, "generation"),
        failure=_text(value, "failure"),
        state=state.read(value.get("state")),
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _seconds(value: Mapping[str, Any], key: str) -> float:
    found = value.get(key)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else 0.0
