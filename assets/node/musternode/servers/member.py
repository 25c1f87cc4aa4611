"""The member, as far as it is alike for all products: it looks again and again, and reports once a generation."""

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Callable, Generic, Mapping, Optional, Protocol

from .. import bootstrap, state
from ..failure import Failure, ascii_sentence, unexpected
from ..report import Body, Reported
from ..state import Board, State
from .host import Host, S

log = logging.getLogger(__name__)


class Hears(Protocol):
    """What other members say."""

    def start(self) -> None:
        """Begin to ask them."""

    def states(self) -> Mapping[str, State]:
        """Return their states, by name."""


@dataclass(frozen=True)
class Standing(Generic[S]):
    """Which member this is, and where it tells of itself; `deadline` is when (`clock`) one that waits says for whom."""

    name: str
    settings: S
    board: Board
    reported: Reported
    deadline: float
    clock: Callable[[], float] = time.monotonic


def standing(this: Host[S]) -> Standing[S]:
    """Return that of this host's member as its process begins."""
    name, chosen = this.identity.node, this.settings
    return Standing(
        name,
        chosen,
        Board(State(name, chosen.generation), _log_state, this.paths.public),
        Reported(this.paths.etc / "reported"),
        time.monotonic() + bootstrap.seconds_left(this.paths, chosen),
    )


class Member(ABC, Generic[S]):
    """One of the cluster."""

    def __init__(self, own: Standing[S]) -> None:
        self.name, self.settings, self.board, self.reported = own.name, own.settings, own.board, own.reported
        self.clock, self._deadline = own.clock, own.deadline
        self._again, self._faults, self._fault = 0.0, 0, ""
        self.leaves = self.settings.leaves(self.name)
        self.address = "" if self.leaves else self.settings.member(self.name).address
        self.wanted = frozenset(member.address for member in self.settings.present)

    @abstractmethod
    def look(self) -> None:
        """Look once, and do the next step; may raise anything."""

    @abstractmethod
    def due(self, *, late: bool) -> Optional[Body]:
        """Return the report that is due, or None; `late` is whether the time-out is near."""

    def tick(self) -> None:
        """Look, and do the next step; never raises for a fault of the cluster."""
        if self.clock() >= self._again:
            try:
                self.look()
                self._faults, self._fault = 0, ""
            except Exception as fault:  # a fault in musternode itself is reported and tried again like any other
                if not isinstance(fault, Failure):
                    log.exception("musternode failed")
                self._fail(unexpected(fault))
        self._report()

    def _report(self) -> None:
        if self.leaves or self.reported.has(self.settings.generation):
            return
        body = self.due(late=self.clock() >= self._deadline)
        if body is not None:
            self.reported.send_aside(self.settings.wait_url, self.settings.generation, body)

    def _fail(self, sentence: str) -> None:
        self._faults += 1
        self._again = self.clock() + min(60.0, 5.0 * self._faults)
        if sentence != self._fault:
            log.error("%s", sentence)
        self._fault = sentence
        self.board.put(failure=ascii_sentence(sentence), phase=state.FAILED)


def _log_state(now: State) -> None:
    log.info("phase %s, healthy %s, formed %s", now.phase, now.healthy, now.formed)
