"""Connections of this node to the peer's gate that the peer does not have any more: half-open (RFC 9293, 3.5.1).

A gate ends its clients by a reset, which no one repeats: on a wire that loses it the client never learns. One that
waits for an answer has nothing to send that would be refused, and the 1.4.199 driver waits without limit and without
keep-alive. So both kernels are asked now and then, and what only this one has is ended here.
"""

import logging
import threading
import time
from typing import FrozenSet, Optional, Tuple, TypeVar

from ..failure import Failure
from .kernel import Kernel
from .peer import PeerClient, Refused, Silent
from .seldom import Seldom

log = logging.getLogger(__name__)
seldom = Seldom(log)
EVERY = 2.0
"""Seconds between two looks. What two looks in a row found is ended: a connection may be on its way in one of them."""
ANSWER = 5.0
Ports = FrozenSet[int]
NONE: Ports = frozenset()
T = TypeVar("T")


def missing_twice(before: FrozenSet[T], mine: FrozenSet[T], theirs: FrozenSet[T]) -> Tuple[FrozenSet[T], FrozenSet[T]]:
    """Return what of `mine` the peer lacks now as at the look `before`, and what it lacks now for the next look."""
    missing = mine - theirs
    return missing & before, missing


class HalfOpen:
    """Finds and ends half-open connections to the gate of the node called `name`, for as long as the process lives."""

    def __init__(self, kernel: Kernel, client: PeerClient, name: str) -> None:
        self._kernel, self._client, self._name = kernel, client, name
        self._suspects = NONE

    def start(self) -> None:
        """Look for as long as the process lives."""
        threading.Thread(target=self._run, name="half-open connections", daemon=True).start()

    def look(self) -> Ports:
        """Look once; return the ports of the connections that were ended. Raises `Failure` when ss fails."""
        mine = self._kernel.outgoing()  # before the peer's: what is here now has reached it when it answers
        theirs = self._theirs() if mine else NONE
        if theirs is None:
            return NONE
        dead, self._suspects = missing_twice(self._suspects, mine, theirs)
        if dead:
            self._kernel.reset(dead)
            log.warning("half-open connections to the gate of node %s are reset: %d", self._name, len(dead))
        return dead

    def _theirs(self) -> Optional[Ports]:
        """Return what the peer has, None if it does not say: what hangs on a silent peer is cut by the rules."""
        try:
            answer = self._client.ask({"ask": "clients"}, timeout=ANSWER)
        except (Refused, Silent):
            return None
        ports = answer.get("ports")
        if isinstance(ports, list):
            return frozenset(ports)
        seldom.warn(f"node {self._name} does not say which connections it has: {answer.get('fault')}")
        return None

    def _run(self) -> None:
        while True:
            time.sleep(EVERY)
            try:
                self.look()
            except Failure as fault:
                log.warning("the connections to the other node were not looked at: %s", fault)
            except Exception:
                log.exception("the connections to the other node were not looked at")
