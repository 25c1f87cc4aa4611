"""The gateway as a unit of this host."""

import logging
import threading
import time
from typing import Callable, Optional

from ..failure import Failure
from ..system import Services
from .host import UNIT
from .upgrade import Service, hindrance

log = logging.getLogger(__name__)
EVERY = 2.0
"""Seconds between two WebSockets to a gateway that takes them: its service may open a connection for each."""


class Running:
    """The product's unit; `find` returns the service that tells whether it takes users, or raises `Failure`."""

    def __init__(
        self, services: Services, find: Callable[[], Service], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._services, self._find, self._clock = services, find, clock
        self._service: Optional[Service] = None
        self._well: Optional[float] = None
        self._restart: Optional[threading.Thread] = None

    def start(self) -> None:
        """Start the unit; one that is about to start anyway is left alone."""
        if not self.restarting():
            self._services.start(UNIT)

    def restart(self) -> None:
        """Let the gateway end in an orderly way, and start it again; returns at once, for it may take its time."""
        self._restart = threading.Thread(target=self._again, name="restart", daemon=True)
        self._restart.start()

    def restarting(self) -> bool:
        """Return whether a restart is under way."""
        return self._restart is not None and self._restart.is_alive()

    def _again(self) -> None:
        try:
            self._services.restart(UNIT)
        except Failure as fault:
            log.error("the gateway did not begin anew: %s", fault)  # noqa: TRY400 - the sentence is the message

    def running(self) -> bool:
        """Return whether the unit runs."""
        return self._services.running(UNIT)

    def run_id(self) -> str:
        """Return systemd's id of this run."""
        return self._services.run_id(UNIT)

    def hindrance(self) -> str:
        """Return why the gateway takes no users, empty if it does, as it was found some seconds ago at most."""
        now = self._clock()
        if self._well is not None and now - self._well < EVERY:
            return ""
        found = self._asked()
        self._well = None if found else now
        return found

    def _asked(self) -> str:
        try:
            self._service = self._service or self._find()
        except (Failure, OSError) as fault:  # the gateway's user may change its files
            return str(fault)
        return hindrance(self._service)

    def last_words(self) -> str:
        """Return what the journal has of it last."""
        return self._services.last_words(UNIT)
