"""The settings parameter, looked at from a thread."""

import logging
import threading
import time
from typing import Callable, Optional

from . import settings
from .failure import Failure

log = logging.getLogger(__name__)
EVERY = 5.0
"""Seconds between two looks at the parameter."""


class Watch:
    """Looks at the settings parameter from a thread; an API that does not answer changes nothing."""

    def __init__(self, fetch: Callable[[], str], generation: str, every: float = EVERY) -> None:
        self._fetch = fetch
        self._tried = generation
        self._every = every
        self._found: Optional[str] = None

    def start(self) -> None:
        """Look for as long as the process lives."""
        threading.Thread(target=self._run, name="settings", daemon=True).start()

    def pending(self) -> Optional[str]:
        """Return a document of another generation than the one last tried, or None."""
        return self._found

    def tried(self, generation: str) -> None:
        """Say that `generation` has been tried; it is not offered again until another one was."""
        self._tried, self._found = generation, None

    def look(self) -> None:
        """Look once; raises nothing."""
        try:
            document = self._fetch()
            generation = settings.outline(document).generation
        except Failure as fault:
            log.debug("the settings were not read: %s", fault)
            return
        except Exception:  # this thread must outlive every fault: nobody else looks
            log.exception("the settings were not read")
            return
        self._found = document if generation != self._tried else None

    def _run(self) -> None:
        while True:
            time.sleep(self._every)
            self.look()
