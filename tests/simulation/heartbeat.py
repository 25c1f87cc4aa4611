"""What a gate process asks its peer, and answers."""

from dataclasses import replace
from typing import TYPE_CHECKING

from musternode.h2 import events
from musternode.h2.events import Refused, Told, Word
from musternode.h2.pair_state import words

if TYPE_CHECKING:
    from tests.simulation.process import Process

EVERY, ANSWER = 0.3, 0.6
"""Seconds between two questions, and for the answer to one."""


class Heartbeat:
    """Asks for the peer's word again and again; one question at a time."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._number = 0
        self._asking = False
        self._hurry = False

    def ask(self) -> None:
        """Ask."""
        process = self._process
        self._number += 1
        self._asking, self._hurry = True, False
        host, asked = process.host, process.loop.now
        process.world.network.message(host.name, host.peer, self._arrive, self._number, asked)
        process.later(ANSWER, self._over, self._number)

    def at_once(self) -> None:
        """Ask now, or as soon as the question under way has ended."""
        if self._asking:
            self._hurry = True
        else:
            self.ask()

    def _arrive(self, number: int, asked: float) -> None:
        world, host = self._process.world, self._process.host
        peer = world.hosts[host.peer]
        if not peer.up:
            return
        if peer.process is None:
            world.network.message(peer.name, host.name, self._process.soon, self._refused, number, asked)
        elif peer.process.active:
            said = peer.process.heartbeat.word()
            world.network.message(peer.name, host.name, self._process.soon, self._told, number, asked, said)

    def word(self) -> Word:
        """Return what this process says of itself; a server that has just died is not vouched for."""
        process = self._process
        state, server = process.state, process.host.server
        said = events.word(words(state))
        assert said is not None
        if state.sound and server is None:
            return replace(said, gate=False, trusted=False, confirms=False)
        if said.gate and not process.gate.is_open(process.loop.now):
            return replace(said, gate=False)
        return said

    def _told(self, number: int, asked: float, said: Word) -> None:
        if number == self._number and self._asking:
            self._end(number)
            self._process.tell(Told(asked, said))

    def _refused(self, number: int, asked: float) -> None:
        if number == self._number and self._asking:
            self._end(number)
            self._process.tell(Refused(asked))

    def _over(self, number: int) -> None:
        if number == self._number and self._asking:
            self._end(number)

    def _end(self, number: int) -> None:
        self._asking = False
        self._process.later(0.0 if self._hurry else EVERY, self._next, number)

    def _next(self, number: int) -> None:
        if number == self._number:
            self.ask()
