"""The target's side of a copying: this node's database is formed anew from the peer's and let in without a gap.

A client of the pair writes to one server alone as soon as the other refuses the connection, but gives up when it is
answered by an error. So both servers are out of reach while the copy is made and compared; then this server answers
everybody with error 90135 (exclusive mode), the source lets everybody in, and last this server answers truly. At no
moment can a client reach exactly one of them.
"""

import contextlib
import secrets
import time
from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from .failure import Failure
from .front import Front
from .h2.database import Database, reachable
from .h2.session import Session
from .h2.tools import H2Error
from .settings import Node
from .state import EMPTY, HELD, OPEN, SHUT, Board, State
from .waiting import poll

HOLD_WITHIN = 60.0
RELEASE_WITHIN = 30.0
SILENCE = 10.0
REACH_WITHIN = 30.0
"""Seconds for which the peer's database port may stay silent although its peer port answers."""


@dataclass
class Joining:
    """What a copying needs; `ask` fetches the peer's state now."""

    node: Node
    peer: Node
    port: int
    group: str
    database: Database
    front: Front
    board: Board
    ask: Callable[[], Optional[State]]
    reach_within: float = REACH_WITHIN
    _seen: float = 0.0

    def join(self) -> None:
        """Make this database a copy of the peer's and let everybody in.

        Raises `H2Error` if it did not come about this time, `Failure` if it cannot.
        """
        attempt = secrets.token_hex(8)
        self.front.shut()
        self.database.start_empty()
        self.board.put(database=SHUT, disk=EMPTY, wants=attempt, copied="")
        with self._withdrawn_on_fault():
            self._await_hold(attempt)
            self._seen = time.monotonic()
            session = self.database.copy_from_peer(lambda: self._lost(attempt))
            with session:
                self._let_in(attempt, session)

    def _let_in(self, attempt: str, session: Session) -> None:
        if reason := self._lost(attempt):
            raise H2Error(reason)
        self.front.open()
        self.board.put(copied=attempt, disk=HELD)
        if not poll(lambda: self._released(attempt), within=RELEASE_WITHIN, every=0.1):
            raise H2Error(f"node {self.peer.name} did not let its clients in again")
        self.database.admit_all(session)
        self.board.put(database=OPEN, wants="")

    def _await_hold(self, attempt: str) -> None:
        state = poll(lambda: self._held(attempt), within=HOLD_WITHIN, every=0.1)
        if not state:
            raise H2Error(f"node {self.peer.name} did not keep its clients out for the copy")
        if not poll(lambda: reachable(self.database.pair.peer), within=self.reach_within):
            raise Failure(
                f"node {self.node.name} cannot reach the database of node {self.peer.name} at {self.peer.address} port "
                f"{self.port} for {self.reach_within:.0f} s, though its peer port answers; look at the rule for TCP "
                f"{self.port} of the shared security group {self.group}"
            )

    def _held(self, attempt: str) -> bool:
        state = self.ask()
        if state is not None and not state.source:
            raise H2Error(f"the database of node {self.peer.name} is no longer to be had")
        return state is not None and state.holds == attempt

    def _lost(self, attempt: str) -> Optional[str]:
        """Return why the source is no longer held for `attempt`; a peer that is silent for a moment may still be.

        H2 has no read timeout: a source whose host has gone would be waited for without end.
        """
        state, now = self.ask(), time.monotonic()
        if state is None:
            return f"node {self.peer.name} has been silent for {SILENCE:.0f} s" if now - self._seen > SILENCE else None
        self._seen = now
        if state.holds == attempt:
            return None
        return f"node {self.peer.name} no longer keeps its clients out for the copy"

    def _released(self, attempt: str) -> bool:
        state = self.ask()
        if state is not None and state.holds != attempt and state.released != attempt:
            raise H2Error(f"node {self.peer.name} gave the copying up")
        return state is not None and state.released == attempt

    @contextlib.contextmanager
    def _withdrawn_on_fault(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.front.shut()
            self.board.put(wants="", copied="", database=SHUT)
            raise
