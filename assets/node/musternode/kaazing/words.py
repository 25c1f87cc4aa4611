"""What gateways' members tell each other beside their state: whom each sees, and whether its run has merged."""

import json
from dataclasses import asdict, dataclass
from typing import FrozenSet, Optional, Tuple

from .. import state
from ..state import State


@dataclass(frozen=True)
class Word:
    """What a member says: the addresses that it takes for members, itself among them; whether its run has merged."""

    seen: FrozenSet[str] = frozenset()
    merged: bool = False


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    return json.dumps({**asdict(own), "seen": sorted(word.seen), "merged": word.merged}).encode("ascii")


def read(text: bytes) -> Optional[Tuple[State, Word]]:
    """Return state and word in an answer, or None if it is none."""
    try:
        value = json.loads(text)
        found, word = state.read(value), Word(frozenset(map(str, value["seen"])), value["merged"] is True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return None if found is None else (found, word)
