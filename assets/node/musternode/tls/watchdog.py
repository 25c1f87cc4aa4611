"""Ends a front that hangs, so that systemd begins it anew.

haproxy tells systemd when it is ready, not that it still works (doc/management.txt, "-Ws"): `WatchdogSec=` would end a
sound one.
"""

import logging
import time
from typing import Callable, Dict, NamedTuple, Optional, Protocol, Sequence, Tuple

from ..system import Services
from . import handshake

log = logging.getLogger(__name__)
EVERY = 5.0
"""Seconds between two looks."""
WITHIN = 2.0
"""Seconds that a front has for a handshake: the member that asks does nothing else meanwhile."""
MOST = 3
"""Looks in a row without an answer; one alone may be an instant in which the host stood still."""


class Watched(NamedTuple):
    """The front of `unit`, which must complete a handshake at `address`:`port`."""

    unit: str
    address: str
    port: int


class Listening(Protocol):
    """What a front is, of either kind."""

    @property
    def address(self) -> str:
        """Its node's."""

    @property
    def port(self) -> int:
        """Where it speaks TLS."""


def watched(unit: str, front: Optional[Listening]) -> Tuple[Watched, ...]:
    """Return the front of `unit`, nothing for None."""
    return () if front is None else (Watched(unit, front.address, front.port),)


class Watchdog:
    """Looks at each of `fronts`; one that is not running is systemd's, which begins it again by itself."""

    def __init__(
        self,
        fronts: Sequence[Watched],
        services: Services,
        clock: Callable[[], float] = time.monotonic,
        shown: Callable[[str, int, float], Optional[bytes]] = handshake.shown,
    ) -> None:
        self._fronts, self._services = fronts, services
        self._clock, self._shown = clock, shown
        self._due = 0.0
        self._silent: Dict[str, int] = dict.fromkeys((front.unit for front in fronts), 0)

    def look(self) -> None:
        """Look at all of them if that is due; one that has been silent too often is ended."""
        if self._clock() < self._due:
            return
        for front in self._fronts:
            self._look_at(front)
        self._due = self._clock() + EVERY

    def _look_at(self, front: Watched) -> None:
        answers = self._shown(front.address, front.port, WITHIN) is not None
        silent = 0 if answers or not self._services.running(front.unit) else self._silent[front.unit] + 1
        if silent == MOST:
            log.warning("%s runs and completes no handshake: it is ended, and begins anew", front.unit)
            self._services.kill(front.unit)
            silent = 0
        self._silent[front.unit] = silent
