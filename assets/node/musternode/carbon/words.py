"""What members on Carbon tell each other beside their state: whom each sees."""

import json
from dataclasses import asdict
from typing import Optional, Tuple

from .. import state
from ..state import State
from .sight import Word


def body(own: State, word: Word) -> bytes:
    """Return what this member says, as JSON."""
    said = {"id": word.id, "sees": dict(word.sees), "left": list(word.left), "seen": sorted(word.seen)}
    return json.dumps({**asdict(own), **said}).encode("ascii")


def read(text: bytes) -> Optional[Tuple[State, Word]]:
    """Return state and word in an answer, or None if it is none."""
    try:
        value = json.loads(text)
        found, sees = state.read(value), {str(address): str(one) for address, one in value["sees"].items()}
        word = Word(str(value["id"]), sees, tuple(map(str, value["left"])), frozenset(map(str, value["seen"])))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return None if found is None else (found, word)
