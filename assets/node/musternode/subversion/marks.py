"""What a node keeps of orders to restore, on the data volume: one that is to be finished, and the last that ended."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from ..failure import Failure
from ..files import sync_folder
from .place import Place, write


@dataclass(frozen=True)
class Mark:
    """A restore that is to be finished: the order's `id`, and the `term` in which the other history begins."""

    id: str
    term: int


def put(place: Place, wanted: Mark) -> None:
    """Leave the mark, which lasts."""
    write(mark(place), json.dumps({"id": wanted.id, "term": wanted.term}), place.owner)


def marked(place: Place) -> Optional[Mark]:
    """Return the mark, None if there is none; raises `Failure` for one that cannot be read."""
    try:
        value = json.loads(mark(place).read_text())
        return Mark(str(value["id"]), int(value["term"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise Failure(f"{mark(place)} cannot be read, so nobody knows what the repository is to be: {fault}") from None


def end(place: Place, id_: str, fault: str) -> None:
    """Take the mark away: the order `id_` has ended, with `fault`, empty for none."""
    note(place, id_, fault)
    mark(place).unlink()
    sync_folder(place.data)


def ended(place: Place) -> Tuple[str, str]:
    """Return the id of the last order that has ended here, empty if none has, and its fault, empty if it was done."""
    try:
        value = json.loads(_last(place).read_text())
        return str(value["id"]), str(value["fault"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""


def note(place: Place, id_: str, fault: str) -> None:
    """Keep that the order `id_` has ended, with `fault`, empty for none: it is not carried out again."""
    write(_last(place), json.dumps({"id": id_, "fault": fault}), place.owner)


def mark(place: Place) -> Path:
    """Return the mark's file."""
    return place.data / "restore.json"


def _last(place: Place) -> Path:
    return place.data / "restored.json"
