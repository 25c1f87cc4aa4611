"""An operator's order to restore: an object in the bucket of the backups, and the node's answer beside it.

There is no way to a node but what it reads by itself. The node that commits reads the order each few seconds. One that
is older than `shelf.VALID` is void: it is not for the volume that is new a month later.
"""

import logging
import threading
import time
from typing import Callable, Optional

from ..failure import unexpected
from . import marks, repository, restoring, standing
from .place import Place
from .shelf import Order, Shelf

EVERY = 10.0
WORKING, DONE, FAILED = "working", "done", "failed"
log = logging.getLogger(__name__)


class Orders:
    """Carries out what is ordered of `node`, in a thread of its own: a fetch takes as long as it takes."""

    def __init__(self, node: str, place: Place, shelf: Shelf, clock: Callable[[], float] = time.monotonic) -> None:
        self._node, self._place, self._shelf, self._clock = node, place, shelf, clock
        self._last, self._told = -EVERY, ("", "")
        self._thread: Optional[threading.Thread] = None

    def look(self) -> None:
        """Begin to look for an order if it is time; to be called where the repository takes commits."""
        now = self._clock()
        if (self._thread and self._thread.is_alive()) or now - self._last < EVERY:
            return
        self._last = now
        self._thread = threading.Thread(target=self.step, name="orders", daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Look, and do what there is to do; raises nothing."""
        try:
            order = self._shelf.order()
            if order is not None and order.node == self._node:
                self._obey(order)
        except Exception as fault:  # the next look finds it again
            log.error("an order to restore artifacts: %s", unexpected(fault))  # noqa: TRY400

    def _obey(self, order: Order) -> None:
        place = self._place
        ended, fault = marks.ended(place)
        if ended == order.id:
            self._tell(order, FAILED if fault else DONE, fault or _found(place))
        elif marks.marked(place) is None:
            self._tell(order, WORKING, f"{order.key} is fetched and read")
            self._prepare(order)

    def _prepare(self, order: Order) -> None:
        log.warning("the repository of artifacts is to be that of %s, by the order %s", order.key, order.id)
        try:
            restoring.prepare(self._place, lambda to: self._shelf.fetch(order.key, to), order.sha256, order.id)
        except Exception as fault:
            log.error("%s was not restored: %s", order.key, unexpected(fault))  # noqa: TRY400
            marks.note(self._place, order.id, unexpected(fault))
            self._tell(order, FAILED, unexpected(fault))

    def _tell(self, order: Order, state: str, said: str) -> None:
        if self._told == (order.id, state):
            return
        try:
            self._shelf.answer(order, state, said)
            self._told = (order.id, state)
        except Exception as fault:  # what is done is done; the next look says it again
            log.error("an order to restore was not answered: %s", unexpected(fault))  # noqa: TRY400


def _found(place: Place) -> str:
    last = repository.youngest(place.repository, place.owner)
    return f"the repository has revision {last}, in term {standing.load(place).term}"
