"""What a member says of itself: a file for this node's other processes, which the gate process tells the peer too."""

import dataclasses
import json
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from . import files
from .h2 import clock
from .paths import Paths

log = logging.getLogger(__name__)
SHUT, OPEN = "shut", "open"
"""Database: whether this node's own gate lets clients in."""
STARTING, WAITING, SEEDING, COPYING, SERVING, FAILED = "starting", "waiting", "seeding", "copying", "serving", "failed"
LEAVING, LEFT = "leaving", "left"
"""Phases of a member that is to be absent: still in use but given no new users; out of use.

One whose application is about to begin anew with another user of the database is given no new users either, nor one
whose turn it is to install updates."""
EMPTY = "empty"
"""Disk without whole data (h2/store.py has the other words)."""
STALE = 10.0
"""Seconds after which a member that has said nothing is taken to have died: it speaks each second.

Long enough for systemd to start another one.
"""


@dataclass(frozen=True)
class State:
    """One member's own words. One that is `alone` serves without the other by the cluster file.

    `formed` once its row of this generation has come through the pair; `failure` is why it cannot go on; `user` is the
    name of the user with which its application is in the database. `updates` is how far the node is in a round of
    security updates (`updates.words`).
    """

    node: str
    generation: str
    phase: str = STARTING
    disk: str = EMPTY
    database: str = SHUT
    healthy: bool = False
    formed: bool = False
    failure: str = ""
    alone: bool = False
    user: str = ""
    updates: str = ""


def read(value: Any) -> Optional[State]:
    """Return the state in a JSON value, or None if it is none; keys of another musternode are passed over."""
    if not isinstance(value, Mapping):
        return None
    kinds = {one.name: bool if one.type in ("bool", bool) else str for one in dataclasses.fields(State)}
    try:
        state = State(**{key: item for key, item in value.items() if key in kinds})
    except TypeError:
        return None
    return state if all(isinstance(getattr(state, name), kind) for name, kind in kinds.items()) else None


def own(paths: Paths) -> Optional[State]:
    """Return what the member of this node says now, or None if there is none that lives."""
    value = load(paths.public / "state.json")
    return None if value is None or stale(value, STALE) else read(value)


def load(file: Path) -> Optional[Mapping[str, Any]]:
    """Return the JSON object in `file`, or None if there is none."""
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, Mapping) else None


def stale(value: Mapping[str, Any], after: float) -> bool:
    """Return whether `value` was written more than `after` seconds ago by its `at`."""
    at = value.get("at")
    return not isinstance(at, (int, float)) or isinstance(at, bool) or clock.now() - at > after


class Board:
    """This member's state, changed by one thread and told to other processes by another.

    It is written into `folder` at each change and each second (`publish`); `changed` is told of each new state.
    """

    def __init__(
        self, state: State, changed: Callable[[State], None] = lambda _: None, folder: Optional[Path] = None
    ) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._changed = changed
        self._folder = folder

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    def put(self, **changes: Any) -> None:
        """Change fields of the state."""
        with self._lock:
            old, self._state = self._state, dataclasses.replace(self._state, **changes)
        if old != self._state:
            self.write()
            self._changed(self._state)

    def publish(self) -> None:
        """Write the state now, and each second for as long as the process lives, whatever its other threads do."""
        self.write()
        threading.Thread(target=self._repeat, name="state", daemon=True).start()

    def write(self) -> None:
        """Write the state for everybody on this node to read."""
        if self._folder is None:
            return
        with self._lock:
            ready(self._folder)
            value = {**dataclasses.asdict(self._state), "at": clock.now()}
            files.write(self._folder / "state.json", json.dumps(value).encode("ascii"))

    def _repeat(self) -> None:
        while True:
            time.sleep(1.0)
            try:
                self.write()
            except OSError:
                log.exception("the state was not written")


def ready(folder: Path) -> None:
    """Make the folder in memory that processes without any right on this node read."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
