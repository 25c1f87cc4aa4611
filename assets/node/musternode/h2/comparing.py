"""Copies that differ without a fault: a client that died between its two commits wrote to one server alone.

Nothing was acknowledged then, so either copy will do; but both must say the same. The leader looks when nobody writes,
and the other node copies again.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Mapping, Optional, Tuple

from ..failure import Failure
from . import clock
from .faults import H2Error
from .pair_state import Phase, State
from .peer import PeerClient, Refused, Silent

log = logging.getLogger(__name__)
EVERY = 60.0
"""Seconds between two comparisons at least."""
SHARE = 100
"""How many times as long as a comparison took the next one waits at least: it may cost a hundredth of the time."""
STILL = 2.0
"""Seconds in which nothing may have been written between two looks that differ."""
LOOKS = 3
LONG = 600.0
Copies = Tuple[Mapping[str, str], Mapping[str, str]]


class Comparison:
    """Compares both copies again and again while this node leads a whole pair."""

    def __init__(
        self,
        state: Callable[[], State],
        digest: Callable[[], Mapping[str, str]],
        client: PeerClient,
        *,
        every: float = EVERY,
        still: float = STILL,
    ) -> None:
        self._state, self._digest, self._client = state, digest, client
        self._every, self._still = every, still

    def start(self) -> None:
        """Compare for as long as the process lives."""
        threading.Thread(target=self._run, name="comparison", daemon=True).start()

    def _run(self) -> None:
        pause = self._every
        while True:
            time.sleep(pause)
            began, pause = clock.now(), self._every
            try:
                self.compare()
            except (H2Error, Failure, Refused, Silent) as fault:
                log.debug("the copies were not compared: %s", fault)
            except Exception:
                log.exception("the copies were not compared")
            else:
                pause = max(self._every, SHARE * (clock.now() - began - (LOOKS - 1) * self._still))

    def compare(self) -> Optional[bool]:
        """Return whether both copies are equal, None if that cannot be told now; a copy that differs is repaired."""
        if not leads(self._state()):
            return None
        first = self._take()
        if equal(first):
            return True
        for _ in range(LOOKS - 1):
            time.sleep(self._still)
            if self._take() != first or not leads(self._state()):
                return None  # somebody writes: what differs may be on its way
        log.warning("the copies differ in %s though nobody writes: the other node copies again", unlike(first))
        self._client.ask({"ask": "copy-again"}, timeout=LONG)
        return False

    def _take(self) -> Copies:
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(self._client.ask, {"ask": "compare"}, timeout=LONG)
            own = dict(self._digest())
            return own, _tables(asking.result())


def _tables(answer: Mapping[str, Any]) -> Mapping[str, str]:
    tables = answer.get("tables")
    if not isinstance(tables, dict):
        raise H2Error(f"the other node: {answer.get('fault')}")
    return tables


def leads(state: State) -> bool:
    """Return whether this node leads a pair of which both are members, and is not to change that now."""
    both = state.phase is Phase.IN and state.gate and not state.lone and state.seen is not None
    return both and state.seen is not None and state.seen.leader == state.rules.me and not state.paused


def equal(copies: Copies) -> bool:
    """Return whether both copies are the same."""
    return copies[0] == copies[1]


def unlike(copies: Copies) -> str:
    """Return the names of the tables that differ, at most five."""
    own, other = copies
    names = sorted(name for name in {*own, *other} if own.get(name) != other.get(name))
    return ", ".join(names[:5])
