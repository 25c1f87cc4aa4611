"""The member: forms the pair at each boot, keeps the application where the pair is, and reports once a generation."""

import dataclasses
import logging
import time
from pathlib import Path
from typing import Callable, Optional

from . import report
from .application import Application
from .failure import Failure, ascii_sentence, unexpected
from .front import Front
from .h2.database import Database
from .h2.tools import H2Error
from .joining import Joining
from .membership import Action, Hold, Own, decide, hold, waits_for
from .report import Reported
from .settings import Settings
from .state import COPYING, FAILED, OPEN, READY, SEEDING, SERVING, SHUT, STARTING, WAITING, Board, State

log = logging.getLogger(__name__)
TRIES = 3
"""Copyings that may fail in a row before it is a failure of this node."""
SILENCE = 10.0
"""Seconds for which a copying peer may be silent before its hold is broken."""


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

    def __post_init__(self) -> None:
        self._node = self.settings.member(self.name)
        self._peer = self.settings.peer_of(self.name)
        self._silent_since = self.clock()
        ports, group = self.settings.ports, f"muster-{self.settings.cluster}"
        self._joining = Joining(
            self._node, self._peer, ports.database, group, self.database, self.front, self.board, self.ask
        )

    def begin(self) -> None:
        """Take up a server that is open to everybody since before; else shut the port and let nothing run."""
        if self._open_before():
            log.info("the database goes on serving")
            self.board.put(database=OPEN, disk="held")
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
            if self.board.state.database == SHUT:
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
        held = self.database.store.held()
        self.board.put(disk="held" if held else "empty", phase=WAITING)
        action = decide(Own(held, self._lowest), peer)
        if action is Action.COPY:
            self._copy()
        elif action is Action.SEED:
            self._seed()
        elif action is Action.SERVE:
            self.front.shut()
            self.database.start()
            self.board.put(database=READY)
        elif peer is not None and not held and not self._lowest:
            self.database.start_empty()  # while the peer is busy, so that the copy can begin at once

    def _seed(self) -> None:
        began = self.clock()
        self.board.put(phase=SEEDING)
        self.front.shut()
        self.database.seed(self.application.make_schema)
        self.board.put(database=READY, disk="held", failure="")
        log.info("stage seed %.1f", self.clock() - began)

    def _copy(self) -> None:
        began = self.clock()
        self.board.put(phase=COPYING)
        self.application.stop()
        self._joining.join()
        self._opened()
        log.info("stage copy %.1f", self.clock() - began)

    def _inside(self, peer: Optional[State]) -> None:
        if not self.database.running():
            log.warning("the H2 server of this node has ended; it is formed anew from its peer")
            self._leave()
            return
        self._serve_copying(peer)
        if self.board.state.database == OPEN and not self.board.state.holds:
            self._keep_application(peer)

    def _serve_copying(self, peer: Optional[State]) -> None:
        own = self.board.state
        answer = hold(own, peer, self.clock() - self._silent_since, SILENCE)
        if answer is Hold.BEGIN and peer is not None:
            self._unmark()
            self.front.reserve(self._peer.address)
            self.board.put(holds=peer.wants)
        elif answer is Hold.RELEASE:
            self.front.open()
            self.board.put(holds="", released=own.holds, database=OPEN)
            self._opened()
        elif answer is Hold.BREAK:
            self._break(own)

    def _break(self, own: State) -> None:
        """Go on as before the copying: a restart of H2 ends every session that the peer may have left on it."""
        log.warning("node %s did not finish copying; its sessions here are ended", self._peer.name)
        self.database.stop()
        self.database.start()
        if own.database == OPEN:
            self.front.open()
            self._opened()
        else:
            self.front.shut()
        self.board.put(holds="", broke=own.holds)

    def _keep_application(self, peer: Optional[State]) -> None:
        if not self.application.running():
            self.application.start()
        healthy = self.application.healthy()
        self.board.put(healthy=healthy, phase=SERVING if healthy else STARTING)
        if not self.board.state.formed and peer is not None and peer.database == OPEN and self._same(peer):
            self.board.put(formed=self._whole())

    def _whole(self) -> bool:
        """Return whether each member's row of this generation stands in both servers, written through the pair."""
        try:
            rows = self.database.formed_rows(self.name, self.settings.generation)
        except H2Error as fault:
            log.warning("the pair does not answer as one yet: %s", fault)
            return False
        return rows == sorted(f"{member.name} {self.settings.generation}" for member in self.settings.members)

    def _opened(self) -> None:
        self._tries = 0
        self.board.put(failure="")
        self.mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.mark.write_text(self.database.run_id())

    def _open_before(self) -> bool:
        return self.mark.is_file() and self.database.running() and self.mark.read_text() == self.database.run_id()

    def _unmark(self) -> None:
        if self.mark.exists():
            self.mark.unlink()

    def _leave(self) -> None:
        """Let nobody in, and stop what is not formed: the application would connect to a server that is being made."""
        self._unmark()
        self.front.shut()
        self.application.stop()
        self.database.stop()
        self.board.put(database=SHUT, phase=WAITING, healthy=False, holds="", wants="", copied="")

    def _look(self) -> Optional[State]:
        peer = self.ask()
        if peer is not None:
            self._silent_since = self.clock()
        return peer

    def _report(self, peer: Optional[State]) -> None:
        own, generation = self.board.state, self.settings.generation
        if self.reported.has(generation):
            return
        everybody = own.formed and own.phase == SERVING and peer is not None
        if everybody and peer is not None and peer.phase == SERVING and self._same(peer):
            self._send(report.success(self.name, len(self.settings.members)))
        elif own.failure:
            self._send(report.failure(self.name, own.failure))
        elif self.clock() >= self.deadline:
            self._report_waiting(own, peer)

    def _report_waiting(self, own: State, peer: Optional[State]) -> None:
        if own.database == OPEN and not own.healthy:
            self._send(report.failure(self.name, f"node {self.name}: {self.application.complaint()}"))
            return
        silent = self.clock() - self._silent_since
        clause = waits_for(own, peer, self._peer.address, self.settings.ports.peer, self._peer.name, silent)
        if clause is not None:
            self._send(report.failure(self.name, f"node {self.name} ({own.phase}) waits for {clause}"))

    def _send(self, body: report.Body) -> None:
        self.reported.send_aside(self.settings.wait_url, self.settings.generation, body)

    def _fail(self, sentence: str) -> None:
        self._faults += 1
        self._again = self.clock() + min(60.0, 5.0 * self._faults)
        log.error("%s", sentence)
        self.board.put(failure=ascii_sentence(sentence), phase=FAILED)

    def _same(self, peer: State) -> bool:
        return peer.generation == self.settings.generation

    @property
    def _lowest(self) -> bool:
        return self._node.ordinal < self._peer.ordinal
