"""What the engines' members tell each other beside their state: whom each sees."""

from typing import Any, FrozenSet

from ..servers import peers
from ..state import State

Word = FrozenSet[str]
"""The addresses of the wanted members that one sees, itself among them while its engine is healthy."""


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    return peers.body(own, {"seen": sorted(word)})


def _word(value: Any) -> Word:
    seen = value["seen"]
    if not isinstance(seen, list) or not all(isinstance(one, str) for one in seen):
        raise TypeError
    return frozenset(seen)


read = peers.reader(_word)
