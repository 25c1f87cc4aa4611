"""The member: forms the pair at each boot, keeps the application where the pair is, and reports once a generation."""

import dataclasses
import logging
import time
from pathlib import Path
from typing import Callable, Optional

from . import state
from .application import Application
from .failure import Failure, ascii_sentence, unexpected
from .front import Front
from .h2.database import Database
from .h2.tools import H2Error
from .joining import Joining
from .lending import Lending
from .mark import Mark
from .membership import Action, Own, decide, may_leave
from .report import Body, Reported
from .settings import Settings
from .state import Board, State
from .verdict import Known, verdict

log = logging.getLogger(__name__)
TRIES = 3
"""Copyings that may fail in a row before it is a failure of this node."""
NOBODY = 30.0
"""Seconds of silence after which a member that is alone, and has no data, no longer hopes for the other's."""
DRAIN = 15.0
"""Seconds for which a member that leaves still serves those it has: the balancer looks each 5 s, and twice."""


@dataclasses.dataclass
class Member:
    """One of the pair. `mark` is a file in memory that names the run of H2 that is open to everybody.

    `deadline` is the moment (`clock`) at which a node that still waits says for whom.
    """

    name: str
    settings: Settings
    database: Database
    application: Application
    front: Front
    board: Board
    ask: Callable[[], Optional[State]]
    reported: Reported
    mark: Path
    deadline: float
    clock: Callable[[], float] = time.monotonic
    _silent_since: float = 0.0
    _tries: int = 0
    _faults: int = 0
    _again: float = 0.0
    _drains_since: Optional[float] = None

    def __post_init__(self) -> None:
        self._node = self.settings.member(self.name)
        self._peer = self.settings.peer_of(self.name)
        self._alone, self._leaves = self.settings.alone(self.name), self.settings.leaves(self.name)
        self._silent_since = self._began = self.clock()
        ports, group = self.settings.ports, f"muster-{self.settings.cluster}"
        self._joining = Joining(
            self._node, self._peer, ports.database, group, self.database, self.front, self.board, self.ask
        )
        self._mark = Mark(self.mark, self.database)
        self._lending = Lending(self._peer, self.database, self.front, self.board, self._mark)

    def begin(self) -> None:
        """Take up a server that is open to everybody since before; else shut the port and let nothing run."""
        self.board.put(alone=self._alone, disk=self.database.store.disk())
        if self._mark.holds():
            log.info("the database goes on serving")
            self.board.put(database=state.OPEN)
            return
        self._leave()

    def tick(self) -> None:
        """Look at this node and its peer, and do the next step; never raises for a fault of the cluster."""
        peer = self._look()
        if self.clock() >= self._again:
            self._step(peer)
        self._report(peer)

    def _step(self, peer: Optional[State]) -> None:
        try:
            if self.board.state.database == state.SHUT:
                self._outside(peer)
            else:
                self._inside(peer)
            self._faults = 0
        except H2Error as fault:
            self._tries += 1
            log.warning("try %d: %s", self._tries, fault)
            if self._tries >= TRIES:
                self._fail(f"node {self.name}: the pair could not be formed in {self._tries} tries: {fault}")
        except Failure as fault:
            self._fail(str(fault))
        except Exception as fault:  # a fault in musternode itself is reported and tried again like any other
            log.exception("musternode failed")
            self._fail(f"node {self.name}: {unexpected(fault)}")

    def _outside(self, peer: Optional[State]) -> None:
        disk = self.database.store.disk()
        self.board.put(disk=disk, phase=state.LEFT if self._leaves else state.WAITING)
        action = decide(Own(disk, self._lowest, self._alone, self._leaves), peer)
        if action is Action.COPY:
            self._copy()
        elif action is Action.SEED:
            self._seed()
        elif action is Action.SERVE:
            self._serve()
        elif disk == state.EMPTY and self._alone:
            self._await_data()
        elif disk == state.EMPTY and peer is not None and not self._lowest and not self._leaves:
            self.database.start_empty()  # while the peer is busy, so that the copy can begin at once

    def _serve(self) -> None:
        self.front.shut()
        self.database.start()
        self.board.put(database=state.READY)
        if self._alone:
            log.info("the database serves alone: node %s is absent by the cluster file", self._peer.name)
            self._open_alone()

    def _open_alone(self) -> None:
        self.front.open()
        self.board.put(database=state.OPEN)
        self._opened()

    def _await_data(self) -> None:
        if self.clock() - self._silent_since > NOBODY:
            other = self._peer.name
            raise Failure(
                f"node {self.name} holds no database, and node {other} is absent by the cluster file: a pair is formed "
                f"by two; set nodes.{other}.present: true and deploy"
            )

    def _seed(self) -> None:
        began = self.clock()
        self.board.put(phase=state.SEEDING)
        self.front.shut()
        self.database.seed(self.application.make_schema)
        self.board.put(database=state.READY, disk=state.HELD, failure="")
        log.info("stage seed %.1f", self.clock() - began)

    def _copy(self) -> None:
        began = self.clock()
        self.board.put(phase=state.COPYING)
        self.application.stop()
        self._joining.join()
        self._opened()
        log.info("stage copy %.1f", self.clock() - began)

    def _inside(self, peer: Optional[State]) -> None:
        if not self.database.running():
            log.warning("the H2 server of this node has ended; it is formed anew")
            self._leave()
            return
        own = self.board.state
        if own.database == state.READY and not own.holds and peer is not None and peer.database == state.OPEN:
            self._leave()  # nobody was let in here yet; the peer's data is in use, so it is the one that counts
            return
        if self._lending.step(peer, self.clock() - self._silent_since):
            self._opened()
        if self.board.state.database == state.OPEN and not self.board.state.holds:
            self._keep_application(peer)
        if self._leaves and self.board.state.database == state.OPEN:
            self._depart(peer)

    def _depart(self, peer: Optional[State]) -> None:
        """Leave the pair as the cluster file wants it, once the other member serves without this one."""
        if not may_leave(self.board.state, peer):
            self._drains_since = None
        elif self._drains_since is None:
            self._drains_since = self.clock()
            log.info("node %s serves alone; this one leaves in %g s", self._peer.name, DRAIN)
        elif self.clock() - self._drains_since > DRAIN:
            self.database.store.outdate()
            self.application.stop()
            self._leave()

    def _keep_application(self, peer: Optional[State]) -> None:
        if not self.application.running():
            self.application.start()
        healthy = self.application.healthy()
        phase = state.SERVING if healthy else state.STARTING
        self.board.put(healthy=healthy, phase=phase if self._drains_since is None else state.LEAVING)
        with_peer = peer is not None and peer.database == state.OPEN and peer.generation == self.settings.generation
        if not self.board.state.formed and not self._leaves and (self._alone or with_peer):
            self.board.put(formed=self._whole())

    def _whole(self) -> bool:
        """Return whether each member's row of this generation stands in both servers, written through the pair.

        One that is alone looks for its own row in its own server.
        """
        try:
            if self._alone:
                return self.database.formed_alone(self.name, self.settings.generation)
            rows = self.database.formed_rows(self.name, self.settings.generation)
        except H2Error as fault:
            log.warning("the pair does not answer as one yet: %s", fault)
            return False
        return rows == sorted(f"{member.name} {self.settings.generation}" for member in self.settings.members)

    def _opened(self) -> None:
        self._tries = 0
        self.board.put(failure="")
        self._mark.put()

    def _leave(self) -> None:
        """Let nobody in, and stop what is not formed: the application would connect to a server that is being made."""
        self._mark.remove()
        self.front.shut()
        self.application.stop()
        self.database.stop()
        self.board.put(database=state.SHUT, phase=state.WAITING, healthy=False, holds="", wants="", copied="")

    def _look(self) -> Optional[State]:
        peer = self.ask()
        if peer is not None:
            self._silent_since = self.clock()
        return peer

    def _report(self, peer: Optional[State]) -> None:
        if self.reported.has(self.settings.generation):
            return
        now = self.clock()
        known = Known(self.board.state, peer, now - self._silent_since, now - self._began, late=now >= self.deadline)
        body = verdict(self.name, self.settings, known, lambda: self.application.complaint())
        if body is not None:
            self._send(body)

    def _send(self, body: Body) -> None:
        self.reported.send_aside(self.settings.wait_url, self.settings.generation, body)

    def _fail(self, sentence: str) -> None:
        self._faults += 1
        self._again = self.clock() + min(60.0, 5.0 * self._faults)
        log.error("%s", sentence)
        self.board.put(failure=ascii_sentence(sentence), phase=state.FAILED)

    @property
    def _lowest(self) -> bool:
        return self._node.ordinal < self._peer.ordinal
