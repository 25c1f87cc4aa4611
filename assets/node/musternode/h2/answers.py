"""What a gate process says: to the peer on its port, and to everybody on this node in `pair.json`."""

import json
import socket
from pathlib import Path
from typing import Any, Callable, Collection, Dict, Mapping, Optional, Tuple

from .. import files
from ..failure import Failure
from ..state import ready
from . import clock
from .database import Database
from .events import Event, Job, Unlike
from .faults import H2Error
from .pair_state import Phase, State, words


class Answers:
    """Answers the peer, in any thread. `state` is the membership's state now; `more` is what only the node knows.

    `clients` are the peer's ports from which there are connections to the gate here.
    """

    def __init__(
        self,
        state: Callable[[], State],
        database: Database,
        *,
        is_open: Callable[[], bool],
        more: Callable[[], Mapping[str, Any]],
        clients: Callable[[], Collection[int]],
        put: Callable[[Event], None],
    ) -> None:
        self._state, self._database, self._is_open, self._more = state, database, is_open, more
        self._clients, self._put = clients, put

    def answer(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to one question of the peer."""
        known: Dict[str, Callable[[], Mapping[str, Any]]] = {
            "word": self.word,
            "clients": lambda: _or_fault(lambda: {"ports": sorted(self._clients())}),
            "may-copy": lambda: {"yes": self._may_copy(still=message.get("still") is True)},
            "may-tunnel": lambda: {"yes": self._may_tunnel()},
            "digest": lambda: self._while_lent(lambda: {"tables": dict(self._database.digest())}),
            "outline": lambda: self._while_lent(lambda: {"tables": dict(self._database.outline())}),
            "arm": lambda: self._while_lent(self._arm),
            "compare": self._compare,
            "copy-again": self._copy_again,
        }
        asked = known.get(str(message.get("ask")))
        return {"fault": "a question that is not known"} if asked is None else asked()

    def word(self) -> Mapping[str, Any]:
        """Return what this member says of itself; a server that has just died is not vouched for."""
        state = self._state()
        said = {**words(state), **self._more()}
        if not self._is_open():
            said["gate"] = "shut"
        if state.sound and dead(self._database.pair.local):
            said.update(gate="shut", trusted=False, confirms=False)
        return said

    def _may_copy(self, *, still: bool) -> bool:
        """Return whether the file may be read; `still`: under its lock, which keeps H2 out: only while lending."""
        state = self._state()
        if still and state.phase is not Phase.LENDING:
            return False
        return state.sound and state.lone and not state.rules.alone

    def _may_tunnel(self) -> bool:
        state = self._state()
        return state.seen is None and bool(state.holds)

    def _while_lent(self, work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        state = self._state()
        if not state.lent or not state.holds:
            return {"fault": "its database is not lent"}
        return _or_fault(work)

    def _compare(self) -> Mapping[str, Any]:
        if self._state().phase is not Phase.IN:
            return {"fault": "it is no member now"}
        return _or_fault(lambda: {"tables": dict(self._database.digest())})

    def _copy_again(self) -> Mapping[str, Any]:
        self._put(Unlike())
        return {}

    def _arm(self) -> Mapping[str, Any]:
        self._database.arm()
        self._database.checkpoint()
        return {}


def _or_fault(work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return work()
    except (H2Error, Failure) as fault:
        return {"fault": str(fault)}


def dead(server: Tuple[str, int]) -> bool:
    """Return whether nobody listens at `server`, which is on this host."""
    try:
        with socket.create_connection(server, timeout=0.2):
            return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def publish(folder: Path, state: State, said: Mapping[str, Any], peer: Optional[Mapping[str, Any]], doing: str) -> None:
    """Write `pair.json` into `folder`: what this member says, and what it knows of the peer and the witness."""
    at = clock.now()
    value = {
        **said,
        "at": at,
        "phase": shown(state),
        "peer": peer,
        "silent": round(max(0.0, at - state.word_asked), 1),
        "paused": state.paused,
        "witness": state.witness_fault or "ok",
        "doing": doing,
    }
    ready(folder)
    files.write(folder / "pair.json", json.dumps(value).encode("ascii"))


def shown(state: State) -> str:
    """Return the phase as people and the member know it."""
    if state.phase is Phase.WAITING and state.job in {Job.SEED, Job.RESTORE}:
        return "seeding"
    if state.phase is Phase.WAITING and (state.job in {Job.COPY, Job.FORM} or state.copied):
        return "copying"
    if state.phase is Phase.IN and state.lone:
        return "alone"
    return state.phase.value
