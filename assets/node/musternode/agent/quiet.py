"""Words of the agent about itself: they are in the journal that it ships, so a fault that lasts is said seldom."""

import logging
import time
from typing import Callable, Dict, Set

log = logging.getLogger(__name__)
EVERY = 600.0
"""Seconds between two words on the same fault."""


class Quiet:
    """Says a fault once and again only after `EVERY` seconds, and the end of each that was said."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: Dict[str, float] = {}
        self._open: Set[str] = set()

    def fault(self, what: str, sentence: str) -> None:
        """Say `sentence` about `what` unless that was done a short while ago."""
        now = self._clock()
        if now - self._said.get(what, -EVERY) >= EVERY:
            self._said[what] = now
            self._open.add(what)
            log.warning("%s: %s", what, sentence[:300])

    def fine(self, what: str) -> None:
        """Say that `what` works again if its fault was said and this was not."""
        if what in self._open:
            self._open.remove(what)
            log.info("%s: works again", what)
