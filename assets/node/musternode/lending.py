"""The source's side of a copying: this node's database is kept for the peer alone until the peer has copied it."""

import logging
from dataclasses import dataclass
from typing import Optional

from .front import Front
from .h2.database import Database
from .mark import Mark
from .membership import Hold, hold
from .settings import Node
from .state import OPEN, Board, State

log = logging.getLogger(__name__)
SILENCE = 10.0
"""Seconds for which a copying peer may be silent before its hold is broken."""


@dataclass
class Lending:
    """What giving a copy needs."""

    peer: Node
    database: Database
    front: Front
    board: Board
    mark: Mark

    def step(self, peer: Optional[State], silent: float) -> bool:
        """Do what the peer's copying asks for; return whether everybody is let in again. `silent`: seconds."""
        own = self.board.state
        answer = hold(own, peer, silent, SILENCE)
        if answer is Hold.BEGIN and peer is not None:
            self.mark.remove()
            self.front.reserve(self.peer.address)
            self.board.put(holds=peer.wants)
        elif answer is Hold.RELEASE:
            self.front.open()
            self.board.put(holds="", released=own.holds, database=OPEN)
            return True
        elif answer is Hold.BREAK:
            return self._break(own)
        return False

    def _break(self, own: State) -> bool:
        """Go on as before the copying: a restart of H2 ends every session that the peer may have left on it."""
        log.warning("node %s did not finish copying; its sessions here are ended", self.peer.name)
        self.database.stop()
        self.front.shut()  # the door that lets in the peer alone would keep this node from seeing that its server runs
        self.database.start()
        if own.database == OPEN:
            self.front.open()
        self.board.put(holds="", broke=own.holds)
        return own.database == OPEN
