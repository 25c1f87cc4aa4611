"""Log lines that a stranger can cause, kept few."""

import logging
import threading

from .clock import now


class Seldom:
    """Logs at most `most` lines in each `period` seconds and says afterwards how many it kept back."""

    def __init__(self, log: logging.Logger, *, most: int = 5, period: float = 60.0) -> None:
        self._log = log
        self._most = most
        self._period = period
        self._lock = threading.Lock()
        self._since = float("-inf")
        self._count = 0

    def warn(self, sentence: str) -> None:
        """Log `sentence` unless there were enough of its kind lately."""
        with self._lock:
            at, more = now(), 0
            if at - self._since >= self._period:
                more = max(0, self._count - self._most)
                self._since, self._count = at, 0
            self._count += 1
            quiet = self._count > self._most
        if more:
            self._log.warning("%d more lines like the last ones were kept back", more)
        if not quiet:
            self._log.warning("%s", sentence)
