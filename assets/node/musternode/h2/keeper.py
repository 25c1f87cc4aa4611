"""The gate process's one loop: an event, a step of the rules, the actions that come of it."""

import logging
import queue
from typing import Any, Callable, List, Protocol

from . import clock, membership
from .events import Action, Event, Tick
from .pair_state import Phase, State

log = logging.getLogger(__name__)
EVERY = 0.1
"""Seconds after which a step is made without an event."""
TELL = 1.0
"""Seconds after which pair.json is written although nothing has changed."""


class Actor(Protocol):
    """What carries actions out."""

    ended: bool

    def carry_out(self, action: Action) -> None:
        """Do `action`; never raises."""


class Keeper:
    """Keeps the membership `state` of this node. `put` may be called by any thread, the rest by one."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._events: queue.SimpleQueue[Event] = (
            queue.SimpleQueue()
        )  # a signal handler puts, too: this one is reentrant

    def put(self, event: Event) -> None:
        """Take an event."""
        self._events.put(event)

    def run(self, actor: Actor, tell: Callable[[State], None], entered: Callable[[], None]) -> None:
        """Live until the rules want the process to end.

        `tell` is told of each state that others want to know of, and each second; `entered` that the node has become
        a member.
        """
        told, at = self.state, 0.0
        while not actor.ended:
            before = self.state.phase
            self._step(self._next(), actor)
            if self.state.phase is Phase.IN and before is not Phase.IN:
                entered()
            now = clock.now()
            if _news(told, self.state) or now - at >= TELL:
                tell(self.state)
                told, at = self.state, now

    def _next(self) -> Event:
        try:
            return self._events.get(timeout=EVERY)
        except queue.Empty:
            return Tick()

    def _step(self, event: Event, actor: Actor) -> None:
        try:
            self.state, actions = membership.step(self.state, event, clock.now())
        except Exception:  # the state stays as it was: a fault in the rules must end in a lease that runs out
            log.exception("%s in %s", event, self.state)
            return
        for action in actions:
            actor.carry_out(action)


def _news(told: State, state: State) -> bool:
    """Return whether somebody else wants to know of the change: most steps only move a lease on."""
    return _summary(told) != _summary(state)


def _summary(state: State) -> List[Any]:
    word = state.word
    return [
        *(state.phase, state.epoch, state.members, state.gate, state.disk, state.run, state.failure, state.fault),
        *(state.job, state.attempt, state.copied, state.holds, state.lent, state.cut, state.paused),
        word and (word.phase, word.gate, word.epoch, word.holds, word.wants),
    ]
