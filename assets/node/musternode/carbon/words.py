"""What members on Carbon tell each other beside their state: whom each sees."""

from typing import Any, Mapping

from ..servers import peers
from ..state import State
from .sight import Word


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    return peers.body(own, said(word))


def said(word: Word) -> Mapping[str, Any]:
    """Return `word` as a JSON value."""
    return {"id": word.id, "sees": dict(word.sees), "left": list(word.left), "seen": sorted(word.seen)}


def word(value: Any) -> Word:
    """Return the word in a JSON value; raises `TypeError`, `KeyError` or `AttributeError` if it is none."""
    sees = {str(address): str(one) for address, one in value["sees"].items()}
    return Word(str(value["id"]), sees, tuple(map(str, value["left"])), frozenset(map(str, value["seen"])))


read = peers.reader(word)
