"""What a member tells of itself on its peer port, and how the other one asks."""

import dataclasses
import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any, Callable, Optional

SHUT, READY, OPEN = "shut", "ready", "open"
"""Database: not to be used; whole but nobody is let in yet; let in."""
STARTING, WAITING, SEEDING, COPYING, SERVING, FAILED = "starting", "waiting", "seeding", "copying", "serving", "failed"
LEAVING, LEFT = "leaving", "left"
"""Phases of a member that is to be absent: still in use but given no new users; out of use."""
EMPTY, OLD, HELD = "empty", "old", "held"
"""Disk: no whole data; whole data of another machine that had this volume, or of before this one left; whole data."""


@dataclass(frozen=True)
class State:
    """One member's own words. `wants`, `holds`, `copied`, `released` and `broke` carry the id of one copying.

    The target says `wants`; the source lets nobody else in and says `holds`; the target, which lets everybody in but
    answers only itself, says `copied`; the source lets everybody in and says `released`; the target answers all. A
    source that gave a copying up says `broke`. One that is `alone` serves without the other by the cluster file.
    """

    node: str
    generation: str
    phase: str = STARTING
    disk: str = EMPTY
    database: str = SHUT
    healthy: bool = False
    formed: bool = False
    wants: str = ""
    holds: str = ""
    copied: str = ""
    released: str = ""
    broke: str = ""
    failure: str = ""
    alone: bool = False

    @property
    def source(self) -> bool:
        """Whether the member's database can be copied."""
        return self.database in {READY, OPEN}

    def json(self) -> bytes:
        """Return the document for the peer port."""
        return json.dumps(dataclasses.asdict(self)).encode("ascii")


def read(document: bytes) -> Optional[State]:
    """Return the state in `document`, or None if it is none; keys of a newer musternode are passed over."""
    try:
        value: Any = json.loads(document)
        known = {one.name: one.type for one in dataclasses.fields(State)}
        state = State(**{key: item for key, item in value.items() if key in known})
    except (ValueError, TypeError, AttributeError):
        return None
    kinds = {"bool": bool, "str": str, bool: bool, str: str}
    whole = all(isinstance(getattr(state, name), kinds[kind]) for name, kind in known.items())
    return state if whole else None


class Board:
    """This member's state, changed by one thread and read by others; `changed` is told of each new state."""

    def __init__(self, state: State, changed: Callable[[State], None] = lambda _: None) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._changed = changed

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    def put(self, **changes: Any) -> None:
        """Change fields of the state."""
        with self._lock:
            old, self._state = self._state, dataclasses.replace(self._state, **changes)
        if old != self._state:
            self._changed(self._state)


def ask(address: str, port: int, *, timeout: float = 1.0) -> Optional[State]:
    """Return the state of the member at `address`, or None if it gives none within `timeout` seconds a step."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", "/state")
        answer = connection.getresponse()
        return read(answer.read(1 << 16)) if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
