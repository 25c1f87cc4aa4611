"""What came of looking at one place for secrets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.canaries.search import Search


@dataclass(frozen=True)
class Looked:
    """A `place` that was looked through: how many `things` of `size` bytes in all, and what was `found`.

    A find says in which thing which canary stands, by their names. `values` is how many canaries were searched for.
    """

    place: str
    things: int
    size: int
    found: Sequence[str]
    values: int


def look(search: Search, place: str, things: Iterable[tuple[str, bytes]], *, packed: bool = False) -> Looked:
    """Look through `things`, each with its name; with `packed` also at what is in archives."""
    names, number, size = search.names_within if packed else search.names_in, 0, 0
    found: list[str] = []
    for what, data in things:
        number, size = number + 1, size + len(data)
        found += [f"{what} has {name}" for name in sorted(names(data))]
    return Looked(place, number, size, tuple(found), len(search.canaries))
