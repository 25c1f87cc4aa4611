"""The member: keeps the application wherever clients reach the database, and reports once a generation.

Who lets clients in is the gate process's decision alone; a member that ends or begins anew disturbs no connection.
"""

import dataclasses
import logging
import socket
import time
from typing import Callable, List, Optional, Protocol

from . import state
from .application import Application
from .failure import Failure, ascii_sentence, unexpected
from .h2.faults import H2Error
from .report import Reported
from .settings import Settings
from .standing import Standing
from .state import Board, State
from .verdict import Known, verdict

log = logging.getLogger(__name__)
NOBODY = 30.0
"""Seconds of silence after which a member that is alone, and has no data, no longer hopes for the other's."""
DRAIN = 15.0
"""Seconds for which a member that leaves still serves those it has: the balancer looks each 5 s, and twice."""


class Rows(Protocol):
    """What the member asks of the database, as any client of the pair does."""

    def formed_rows(self, node: str, generation: str) -> Optional[List[str]]:
        """Write this node's row through the pair; return the rows if both servers hold the same. Raises `H2Error`."""

    def formed_alone(self, node: str, generation: str) -> bool:
        """Write this node's row; return whether this node's own server holds it. Raises `H2Error`."""


class Turns(Protocol):
    """What follows the application's secret (`h2.turning.Turning`)."""

    def tick(self, peer: Optional[str], *, serves: bool, healthy: bool) -> bool:
        """Do what is due; return whether the application is about to begin anew and is to get no new users."""


@dataclasses.dataclass
class Member:
    """One of the pair. `look` says how it stands; `deadline` is when (`clock`) a node that waits says for whom."""

    name: str
    settings: Settings
    database: Rows
    application: Application
    board: Board
    look: Callable[[], Optional[Standing]]
    reported: Reported
    deadline: float
    clock: Callable[[], float] = time.monotonic
    turning: Optional[Turns] = None
    _faults: int = 0
    _again: float = 0.0
    _fault: str = ""
    _drains_since: Optional[float] = None
    _left: bool = False
    _unreached_since: Optional[float] = None
    _obstacle: str = ""

    def __post_init__(self) -> None:
        self._alone, self._leaves = self.settings.alone(self.name), self.settings.leaves(self.name)
        self._began = self.clock()
        self.board.put(alone=self._alone)

    def tick(self) -> None:
        """Look at the pair and do the next step; never raises for a fault of the cluster."""
        pair = self.look()
        if self.clock() >= self._again:
            self._step(pair)
        self._report(pair)

    def _step(self, pair: Optional[Standing]) -> None:
        try:
            self._keep(pair)
            self._faults, self._fault = 0, ""
        except Failure as fault:
            self._fail(str(fault))
        except Exception as fault:  # a fault in musternode itself is reported and tried again like any other
            log.exception("musternode failed")
            self._fail(f"node {self.name}: {unexpected(fault)}")

    def _keep(self, pair: Optional[Standing]) -> None:
        gate = pair is not None and pair.gate
        if pair is not None:
            self.board.put(disk=pair.disk)
        self._await_data(pair)
        running = self._application(pair)
        healthy = running and self.application.healthy()
        failure = "" if pair is None else ascii_sentence(pair.failure)
        phase = self._phase(pair, running, healthy)
        if self._turns(pair, healthy) and phase not in {state.FAILED, state.LEFT}:
            phase = state.LEAVING
        self.board.put(database=state.OPEN if gate else state.SHUT, healthy=healthy, failure=failure, phase=phase)
        if self._leaves:
            self._depart(pair, running)
        else:
            self._form(pair)

    def _application(self, pair: Optional[Standing]) -> bool:
        """Start the application where its data is; return whether it runs. One that runs is left alone by any fault.

        Its driver finds the open gate again by itself, long before it could be started anew.
        """
        if self.application.running():
            return True
        wanted = pair is not None and (pair.gate if self._leaves else pair.reachable)
        if wanted and not self._left:
            self.application.start()
            return True
        return False

    def _phase(self, pair: Optional[Standing], running: bool, healthy: bool) -> str:
        if self._left:
            return state.LEFT
        if pair is None:
            return state.WAITING
        if pair.gate:
            return state.LEAVING if self._drains_since is not None else state.SERVING if healthy else state.STARTING
        if pair.failure:
            return state.FAILED
        if self._leaves:
            return state.LEAVING if self._drains_since is not None else state.WAITING if running else state.LEFT
        return {"seeding": state.SEEDING, "copying": state.COPYING}.get(pair.phase, state.WAITING)

    def _turns(self, pair: Optional[Standing], healthy: bool) -> bool:
        """Do the next step of a rotation of the application's user; return whether it drains for it.

        One that is to be absent begins nothing anew: it keeps the former user, who is let in as well.
        """
        if self.turning is None or self._leaves:
            return False
        peer = pair.peer_state if pair is not None else None
        serves = pair is not None and pair.peer_open and peer is not None and peer.phase == state.SERVING
        return self.turning.tick((peer.user or None) if peer is not None else None, serves=serves, healthy=healthy)

    def _depart(self, pair: Optional[Standing], running: bool) -> None:
        """Leave the pair as the cluster file wants it, once the other member serves without this one."""
        if self._left or not running:
            return
        if not may_leave(self.board.state, pair.peer_state if pair else None):
            self._drains_since = None
        elif self._drains_since is None:
            self._drains_since = self.clock()
            log.info("the other node serves alone; this one leaves in %g s", DRAIN)
            self.board.put(phase=state.LEAVING)
        elif self.clock() - self._drains_since > DRAIN:
            self.application.stop()
            self._left = True
            self.board.put(phase=state.LEFT, healthy=False)

    def _await_data(self, pair: Optional[Standing]) -> None:
        if pair is None or not self._alone or pair.disk != state.EMPTY or pair.peer or pair.phase == state.SEEDING:
            return
        if min(pair.silent, self.clock() - self._began) <= NOBODY:
            return
        other = self.settings.peer_of(self.name).name
        raise Failure(
            f"node {self.name} holds no database, and node {other} is absent by the cluster file: a pair is formed by "
            f"two; set nodes.{other}.present: true and deploy"
        )

    def _form(self, pair: Optional[Standing]) -> None:
        """Find out whether the pair is whole for its clients, once a generation."""
        self._obstacle = ""
        if self.board.state.formed or pair is None or not pair.gate or not (self._alone or self._with_peer(pair)):
            self._unreached_since = None
            return
        try:
            self.board.put(formed=self._whole())
        except H2Error as fault:
            log.warning("the pair does not answer as one yet: %s", fault)
            self._obstacle = str(fault)

    def _with_peer(self, pair: Standing) -> bool:
        return pair.peer is not None and pair.peer.gate and pair.peer.generation == self.settings.generation

    def _whole(self) -> bool:
        """Return whether each member's row of this generation stands in both servers, written through the pair.

        One that is alone looks for its own row in its own server.
        """
        generation = self.settings.generation
        if self._alone:
            return self.database.formed_alone(self.name, generation)
        if not self._reached():
            return False
        rows = self.database.formed_rows(self.name, generation)
        return rows == sorted(f"{member.name} {generation}" for member in self.settings.members)

    def _reached(self) -> bool:
        """Return whether the peer's gate takes a connection; H2's driver would not tell where one that is lost is."""
        if reachable(self.settings.peer_of(self.name).address, self.settings.ports.database):
            self._unreached_since = None
            return True
        if self._unreached_since is None:
            self._unreached_since = self.clock()
        return False

    def _report(self, pair: Optional[Standing]) -> None:
        if self.reported.has(self.settings.generation):
            return
        now = self.clock()
        known = Known(
            self.board.state,
            pair,
            now - self._began,
            late=now >= self.deadline,
            unreached=0.0 if self._unreached_since is None else max(0.1, now - self._unreached_since),
            obstacle=self._obstacle,
        )
        body = verdict(self.name, self.settings, known, lambda: self.application.complaint())
        if body is not None:
            self.reported.send_aside(self.settings.wait_url, self.settings.generation, body)

    def _fail(self, sentence: str) -> None:
        self._faults += 1
        self._again = self.clock() + min(60.0, 5.0 * self._faults)
        if sentence != self._fault:
            log.error("%s", sentence)
        self._fault = sentence
        self.board.put(failure=ascii_sentence(sentence), phase=state.FAILED)


def may_leave(own: State, peer: Optional[State]) -> bool:
    """Return whether a member that is to be absent can be done without: the other one serves alone by the same word."""
    if peer is None or peer.generation != own.generation:
        return False
    return peer.alone and peer.database == state.OPEN and peer.phase == state.SERVING


def reachable(address: str, port: int, timeout: float = 1.0) -> bool:
    """Return whether `address` takes a TCP connection at `port` within `timeout` seconds."""
    try:
        with socket.create_connection((address, port), timeout=timeout):
            return True
    except OSError:
        return False
