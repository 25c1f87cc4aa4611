"""What the engines' members tell each other beside their state: whom each sees."""

import json
from dataclasses import asdict
from typing import FrozenSet, Optional, Tuple

from .. import state
from ..state import State

Word = FrozenSet[str]
"""The addresses of the wanted members that one sees, itself among them while its engine is healthy."""


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    return json.dumps({**asdict(own), "seen": sorted(word)}).encode("ascii")


def read(text: bytes) -> Optional[Tuple[State, Word]]:
    """Return state and word in an answer, or None if it is none."""
    try:
        value = json.loads(text)
        found, seen = state.read(value), value["seen"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if found is None or not isinstance(seen, list) or not all(isinstance(one, str) for one in seen):
        return None
    return found, frozenset(seen)
