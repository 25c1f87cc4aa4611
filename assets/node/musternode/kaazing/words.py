"""What gateways' members tell each other beside their state: whom each sees, and whether its run has merged."""

from dataclasses import dataclass
from typing import Any, FrozenSet

from ..servers import peers
from ..state import State


@dataclass(frozen=True)
class Word:
    """What a member says: the addresses that it takes for members, itself among them; whether its run has merged."""

    seen: FrozenSet[str] = frozenset()
    merged: bool = False


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    return peers.body(own, {"seen": sorted(word.seen), "merged": word.merged})


def _word(value: Any) -> Word:
    return Word(frozenset(map(str, value["seen"])), value["merged"] is True)


read = peers.reader(_word)
