"""Which part of a cluster that came apart goes on: pure functions of what its members say now.

Muster decides that, not the engine, whose merging is slow: by the EC2 API it tries eight ports of each address (three
in 3.x), one after the other, and waits 5 s for each that nobody answers (Hazelcast's AbstractJoiner,
SPLIT_BRAIN_CONN_TIMEOUT_MILLIS); and one whose Java stood still comes back with all those in mind that have put it out.
12 to 153 s were seen with three members on 5.3.6.
"""

from typing import AbstractSet, Dict, FrozenSet, Iterable, Mapping, Optional, Tuple

from .sight import Word

FIRST, LONGEST = 15.0, 300.0
"""Seconds after which a product in a losing part begins anew: the first time, and the longest if that does not help."""
QUIET = 5.0
"""Seconds without a change of what it sees before it does: what the others say may be as old."""

Views = Mapping[str, AbstractSet[str]]
"""By the addresses of members whose engines run: whom each sees."""


def views(
    own: str, seen: FrozenSet[str], words: Mapping[str, Word], wanted: AbstractSet[str]
) -> Dict[str, FrozenSet[str]]:
    """Return whom the `wanted` members see: the one at `own`, and those whose words were heard just now."""
    heard = {address: word.seen & wanted for address, word in words.items() if word.id and address in wanted}
    return {**heard, own: seen} if seen else {}


def parted(own: str, left: Iterable[str], words: Mapping[str, Word]) -> FrozenSet[str]:
    """Return those that the member at `own` saw leave (`left`), and those that say that it left.

    With others it has not come apart: they begin, and are about to be one.
    """
    return frozenset(left) | {address for address, word in words.items() if own in word.left}


def beaten(
    own: str,
    seeing: Views,
    ordinals: Mapping[str, int],
    others: Iterable[str],
    first: AbstractSet[str] = frozenset(),
) -> bool:
    """Return whether the member at `own` is in a part that must give way to one of the `others`, which it parted from.

    The part with more of the members `first` goes on, then the larger one; of equal ones the one whose members all know
    of the split, for what they were asked since stands there; then that of the lowest of the `ordinals` (by address).
    """
    if own not in seeing:
        return False
    mine = _weight(together(own, seeing), seeing, ordinals, first)
    apart = (other for other in others if other in seeing and own not in seeing[other])
    return any(_weight(together(other, seeing), seeing, ordinals, first) > mine for other in apart)


def together(own: str, seeing: Views) -> FrozenSet[str]:
    """Return the member at `own` with those that it sees and that see it."""
    return frozenset({own}) | {other for other in seeing[own] if own in seeing.get(other, ())}


def _weight(
    part: FrozenSet[str], seeing: Views, ordinals: Mapping[str, int], first: AbstractSet[str]
) -> Tuple[int, int, bool, int]:
    aware = all(other in part or other not in seeing for member in part for other in seeing[member])
    return len(part & first), len(part), aware, -min(ordinals[member] for member in part)


class Patience:
    """Counts for how long something has been so without a break, and bears it twice as long after each time."""

    def __init__(self) -> None:
        self._seconds = FIRST
        self._since: Optional[float] = None

    def lost(self, so: bool, now: float) -> bool:
        """Return whether it has been `so` for too long at `now` (seconds of any clock that never goes back)."""
        if not so:
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= self._seconds

    def double(self) -> None:
        """Begin to count anew, for twice as long."""
        self._since, self._seconds = None, min(LONGEST, 2 * self._seconds)

    def renew(self) -> None:
        """Be as patient as in the beginning."""
        self._seconds = FIRST
