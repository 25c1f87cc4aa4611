"""What members on Carbon tell each other beside their state: whom each sees."""

from typing import Any

from ..servers import peers
from ..state import State
from .sight import Word


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    said = {"id": word.id, "sees": dict(word.sees), "left": list(word.left), "seen": sorted(word.seen)}
    return peers.body(own, said)


def _word(value: Any) -> Word:
    sees = {str(address): str(one) for address, one in value["sees"].items()}
    return Word(str(value["id"]), sees, tuple(map(str, value["left"])), frozenset(map(str, value["seen"])))


read = peers.reader(_word)
