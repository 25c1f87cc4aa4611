"""Looks after the front's certificate for as long as a member lives."""

import logging
import time
from typing import Callable, Optional

from .. import files
from ..failure import Failure
from ..paths import Paths
from . import certificate, control, handshake, stages
from .front import Front, Place

log = logging.getLogger(__name__)
EVERY = 3600.0
"""Seconds between two looks."""


class Keeper:
    """Makes the certificate anew in time, and lets the front show the one that this host has; `front` None: nothing."""

    def __init__(
        self,
        paths: Paths,
        front: Optional[Front],
        clock: Callable[[], float] = time.monotonic,
        shown: Callable[[str, int], Optional[bytes]] = handshake.shown,
        renew: Callable[..., None] = control.renew,
    ) -> None:
        self._place, self._front = Place(paths), front
        self._clock, self._shown, self._renew = clock, shown, renew
        self._due = 0.0

    def look(self) -> None:
        """Look if that is due; raises nothing: a certificate that is older than it should be serves as well."""
        if self._front is None or self._clock() < self._due:
            return
        self._due = self._clock() + EVERY
        try:
            self._keep(self._front)
        except (OSError, Failure) as fault:
            log.warning("node %s: %s", self._front.node, fault)
            self._due = self._clock() + EVERY / 60

    def _keep(self, front: Front) -> None:
        pem = stages.bring_certificate(self._place, front)
        found = self._shown(front.address, front.port)
        if found is not None and found != certificate.der(pem):
            self._renew(self._place.socket, pem)
        files.write(self._place.certificate, certificate.alone(pem).encode("ascii"))
