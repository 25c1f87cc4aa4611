"""The member, as far as it is alike for all products: it looks again and again, and reports once a generation."""

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Callable, Generic, Mapping, Optional, Protocol, TypeVar

from .. import bootstrap, state
from ..failure import Failure, ascii_sentence, unexpected
from ..report import Body, Reported
from ..state import Board, State
from .host import Host, S
from .peers import W

log = logging.getLogger(__name__)
W_co = TypeVar("W_co", covariant=True)


class Product(Protocol):
    """What each member asks of its product."""

    def start(self) -> None:
        """Start it."""

    def running(self) -> bool:
        """Return whether it runs, healthy or not."""


class Hears(Protocol[W_co]):
    """What other members say."""

    def start(self) -> None:
        """Begin to ask them."""

    def states(self) -> Mapping[str, State]:
        """Return their states, by name."""

    def words(self) -> Mapping[str, W_co]:
        """Return what they say beside them, by their addresses."""


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


class Member(ABC, Generic[S, W]):
    """One of the cluster, which hears the others."""

    def __init__(self, own: Standing[S], peers: Hears[W]) -> None:
        self._peers = peers
        self.name, self.settings, self.board, self.reported = own.name, own.settings, own.board, own.reported
        self.clock, self._deadline = own.clock, own.deadline
        self._again, self._faults, self._fault = 0.0, 0, ""
        self.leaves = self.settings.leaves(self.name)
        self.address = "" if self.leaves else self.settings.member(self.name).address
        self.wanted = frozenset(member.address for member in self.settings.present)

    def listen(self) -> None:
        """Begin to hear the other members."""
        self._peers.start()

    def states(self) -> Mapping[str, State]:
        """Return what the other members have said of themselves lately, by name."""
        return self._peers.states()

    def others_serve(self, and_say: Callable[[W], bool]) -> bool:
        """Return whether each other member that the settings in force here want serves, `and_say` what is wanted."""
        states, said = self._peers.states(), self._peers.words()
        return all(
            other.name in states
            and states[other.name].phase == state.SERVING
            and other.address in said
            and and_say(said[other.address])
            for other in self.settings.others(self.name)
        )

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
