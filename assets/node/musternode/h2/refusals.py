"""The log of what the gate refuses: one line each, and never so many that they hide the rest of the journal."""

import logging
from typing import Callable

LINES = 10
"""Lines within one period."""
PERIOD = 10.0
"""Seconds."""
log = logging.getLogger(__name__)


class Refusals:
    """Says at most `LINES` refusals in a period of `PERIOD` seconds, then how many more there were."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = -PERIOD
        self._said = 0
        self._unsaid = 0

    def say(self, client: str, why: str) -> None:
        """Log that `client` was refused. `why` is one printable line without a secret."""
        self.summarise()
        if self._clock() - self._since >= PERIOD:
            self._since, self._said = self._clock(), 0
        if self._said < LINES:
            self._said += 1
            log.warning("the gate refused %s: %s", client, why)
        else:
            self._unsaid += 1

    def summarise(self) -> None:
        """Log once the period is over how many refusals in it were not said."""
        if self._unsaid and self._clock() >= self._since + PERIOD:
            log.warning("the gate refused %d more within %d s", self._unsaid, PERIOD)
            self._unsaid = 0
