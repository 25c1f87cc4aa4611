"""Whether the others have gone on without this member: a pure function of what it has seen and what they say now.

Engines that discover by the EC2 API are slow to merge after a split: they try eight ports of each address (three in
3.x), one after the other, and wait 5 s for each that nobody answers (Hazelcast's AbstractJoiner,
SPLIT_BRAIN_CONN_TIMEOUT_MILLIS), up to 70 s for a look of one member at two. And a member whose Java stood still for
longer than the heartbeat comes back with those in mind that have put it out, so that by its own count the others are
to join it. 12 to 153 s were seen with 5.3.6.
"""

from typing import Iterable, Mapping, Optional

from .sight import Sight, Word

PATIENCE = 25.0
"""Seconds for the engine to mend it by itself: it begins a look every 10 s, and may find the others first."""


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
