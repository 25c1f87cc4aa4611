"""Whether this node commits, kept on the data volume: it outlives the process, the boot and the instance."""

import json
from dataclasses import dataclass

from .place import Place, write
from .words import Role


@dataclass(frozen=True)
class Standing:
    """A role and the term in which it was taken."""

    role: Role = Role.PASSIVE
    term: int = 0


def load(place: Place) -> Standing:
    """Return it; one that cannot be read is that of a mirror."""
    try:
        value = json.loads(place.standing.read_text())
        return Standing(Role(value["role"]), int(value["term"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Standing()


def keep(place: Place, standing: Standing) -> None:
    """Keep it."""
    write(place.standing, json.dumps({"role": standing.role.value, "term": standing.term}), place.owner)
