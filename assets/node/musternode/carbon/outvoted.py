"""Whether the others have gone on without this member: a pure function of what it has seen and what they say now.

A member whose Java stood still for longer than the heartbeat is put out by the others and comes back with all of them
in mind. Engines merge a smaller part of a cluster into a larger one, and such a member counts those that have put it
out among its own part: now the one side waits for the other, now the other for the one (seen with 5.3.6: 12 to 153 s).
"""

from typing import Iterable, Mapping, Optional

from .sight import Sight, Word

PATIENCE = 25.0
"""Seconds for the engine to mend it by itself: parts look for each other every 10 s (hazelcast_properties)."""


def outvoted(sight: Sight, own: str, wanted: Iterable[str], words: Mapping[str, Word]) -> bool:
    """Return whether a majority of the `wanted` addresses says that the member at `own` has left, and has not come.

    `words` are what the others say now, by their addresses. It must have been with them in this run: one that has begun
    anew, or that never found them, gains nothing by another run. Of two, the one is right that saw the other leave; if
    both did, their engines know of the cut and mend it.
    """
    wanted = frozenset(wanted)
    known = {*sight.others, *sight.told, *sight.left}
    against = {address for address in known & wanted if _without(own, words.get(address))}
    if 2 * len(against) > len(wanted):
        return True
    return len(wanted) == 2 and bool(against) and not against & set(sight.left)


def _without(own: str, word: Optional[Word]) -> bool:
    """Return whether `word` is one of a member that runs, and that saw the one at `own` leave."""
    return word is not None and bool(word.id) and own in word.left and own not in word.seen


class Patience:
    """Counts for how long something has been so, without a break."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: Optional[float] = None

    def lost(self, so: bool, now: float) -> bool:
        """Return whether it has been `so` for too long at `now` (seconds of any clock that never goes back)."""
        if not so:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self._seconds
