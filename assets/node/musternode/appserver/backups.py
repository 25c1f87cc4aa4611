"""The nightly backup of the repository that is made, by the node that commits."""

import logging
import threading
import time
from typing import Callable, Optional

from ..failure import unexpected
from ..h2.backup import Last, due

log = logging.getLogger(__name__)
AGAIN = 600.0
"""Seconds until a backup that failed is tried again."""


class Backups:
    """Makes one a night, each in a thread of its own: it takes as long as the repository is large.

    `send(at)` makes one and returns its key. `clock` counts seconds since 1970.
    """

    def __init__(
        self, send: Callable[[float], str], last: Last, hour: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._send, self._last, self._hour, self._clock = send, last, hour, clock
        self._tried = 0.0
        self._thread: Optional[threading.Thread] = None

    def look(self) -> None:
        """Begin one if it is due."""
        now = self._clock()
        if (self._thread and self._thread.is_alive()) or now - self._tried < AGAIN:
            return
        if due(now, self._last.at(), self._hour):
            self._tried = now
            self._thread = threading.Thread(target=self.make, args=(now,), name="backup", daemon=True)
            self._thread.start()

    def make(self, at: float) -> None:
        """Make one; raises nothing."""
        try:
            log.info("the repository of artifacts is backed up as %s", self._send(at))
            self._last.note()
        except Exception as fault:
            log.error("the repository of artifacts was not backed up: %s", unexpected(fault))  # noqa: TRY400
