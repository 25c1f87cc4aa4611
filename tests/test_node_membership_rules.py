"""The rules of the pair as a table: every state takes every event, and from each the pair becomes whole again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.h2.events import (
    Action,
    Begin,
    Changed,
    Decide,
    Disk,
    Drained,
    Event,
    Hit,
    Observed,
    OpenGate,
    Refused,
    Remembered,
    Server,
    Stop,
    Tick,
    Told,
    Unlike,
    Unseen,
    Wanting,
    Write,
)
from musternode.h2.membership import step
from musternode.h2.pair_state import Phase, Rules, State
from tests.membership_states import NOW, RULES, busy_states, events, plain_states, some_events
from tests.simulation.process import Process
from tests.simulation.run import settle
from tests.simulation.schedule import Fault, Schedule
from tests.simulation.world import World


def judge(before: State, after: State, actions: tuple[Action, ...]) -> None:
    """Judge one step: what holds whatever has happened."""
    opened = any(isinstance(action, OpenGate) for action in actions)
    assert not opened or (after.member and after.sound), "a gate opens before a server that is no member's"
    assert not after.gate or after.phase is Phase.IN, "a gate is open in another phase"
    assert after.phase is Phase.IN or not after.held, "somebody waits for a node that is out of use"
    allowed = [one for one in actions if isinstance(one, Decide) and one.allowed]
    assert not allowed or (after.lone and after.sound), "a client goes on alone with a node that is not"
    assert not allowed or not after.fence_from, "a client goes on alone before the other one's lease is over"
    writes = [one for one in actions if isinstance(one, Write)]
    assert len(writes) <= 1, "two writes at once"
    assert all(one.epoch in {None, after.epoch} and one.item.epoch == after.epoch + 1 for one in writes)
    begun = [one for one in actions if isinstance(one, Begin)]
    assert len(begun) <= 1, "two jobs at once"
    assert not begun or after.job is begun[0].job
    judge_held(before, after, actions)


def judge_held(before: State, after: State, actions: tuple[Action, ...]) -> None:
    """Judge that each client that waited is decided on once, or still waits."""
    decided = Counter(one.number for one in actions if isinstance(one, Decide))
    assert all(count == 1 for count in decided.values()), "two decisions on one client"
    for held in before.held:
        assert (held.number in decided) != (held in after.held), "a client is forgotten, or decided on and kept"


def test_every_state_takes_every_event() -> None:
    taken = 0
    for found, wanted in ((plain_states(), list(some_events())), (busy_states(), list(events()))):
        for state, event in product(found, wanted):
            after, actions = step(state, event, NOW + 0.05)
            judge(state, after, actions)
            taken += 1
    assert taken > 50_000


def test_the_table_has_every_phase_and_every_kind_of_event() -> None:
    assert {state.phase for state in plain_states()} == {state.phase for state in busy_states()} == set(Phase)
    assert {type(event) for event in events()} == {type(event) for event in some_events()} == set(get_args(Event))


@given(st.lists(st.tuples(st.sampled_from(list(events())), st.floats(0.0, 3.0)), max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_sequence_of_events_keeps_what_always_holds(sequence: list[tuple[Event, float]]) -> None:
    state, now = State(RULES, "boot"), NOW
    for number, (event, pause) in enumerate(sequence):
        now += pause
        told = Hit(100 + number) if isinstance(event, Hit) else _moved(event, now)
        after, actions = step(state, told, now)
        judge(state, after, actions)
        state = after


def _moved(event: Event, now: float) -> Event:
    """Return `event` as asked for just now."""
    if isinstance(event, (Observed, Told, Refused)):
        return replace(event, asked=now - 0.01)
    return event


Injected = Callable[[Process], Event]
INJECTED: dict[str, Injected] = {
    "tick": lambda _: Tick(),
    "observed": lambda process: Observed(process.loop.now, process.world.witness.item, process.world.witness.date),
    "unseen": lambda _: Unseen("no answer"),
    "unseen write": lambda _: Unseen("no answer", writing=True),
    "refused": lambda process: Refused(process.loop.now),
    "server": lambda process: Server(process.host.server.run if process.host.server else ""),
    "server hung": lambda process: Server(process.state.run or "", hung=True),
    "server lost": lambda process: Server(process.state.run or "", lost=True),
    "disk": lambda process: Disk(process.host.files.kind, process.host.files.epoch),
    "remembered": lambda process: Remembered(process.host.remembered),
    "hit": lambda _: Hit(999),
    "wanting": lambda process: Wanting(process.state.attempt),
    "leaves": lambda _: Changed(False, True, 600.0),
    "is alone": lambda _: Changed(True, False, 600.0),
    "drained": lambda _: Drained(),
    "unlike": lambda _: Unlike(),
    "stop": lambda _: Stop(),
}
"""Events that may reach a process at any moment, as the world is then."""
LEAVE, HANG = Fault("leave", "b", 1.0, 9.0), Fault("hang h2", "a", 1.0, 9.0)
UNTIL_END = 9.0
MOMENTS: tuple[tuple[str, str, tuple[Fault, ...]], ...] = (
    *(("new", moment, ()) for moment in ("starting a", "waiting a", "seed a", "form b", "wanting b", "copied b")),
    *(("new", moment, ()) for moment in ("write a", "effect a", "in a", "in b")),
    *(("pair", moment, ()) for moment in ("starting a", "starting b", "in a", "in b")),
    *(("alone", moment, ()) for moment in ("starting a", "in a", "waiting b", "copy b", "wanting b", "lending a")),
    *(("alone", moment, ()) for moment in ("lend a", "copied b", "in b", "write a", "effect a")),
    *(("pair", moment, (Fault("kill h2", "a", 1.0, 0.0),)) for moment in ("waiting a", "write b", "effect a")),
    *(("pair", moment, (Fault("kill both h2", "both", 1.0, 0.0),)) for moment in ("waiting b", "serve a")),
    *(("pair", moment, (Fault("power off", "a", 1.0, 4.0),)) for moment in ("write b", "effect b")),
    *(("pair", moment, (LEAVE,)) for moment in ("left b", "halt b")),
    *(("pair", moment, (Fault("restore", "both", 1.0, 0.0),)) for moment in ("waiting a", "restore a")),
    ("pair", "waiting a", (HANG,)),
    ("pair", "write b", (Fault("part from peer", "a", 1.0, 8.0), Fault("witness fails", "a", 1.0, 8.0))),
    ("pair", "effect b", (Fault("upgrade gate", "b", 1.0, 1.0),)),
)
"""How the world begins, the moment at which the event comes, and what goes wrong before."""


class Interrupted(World):
    """A world in which `inject` befalls the node named in `moment` when that comes for the first time."""

    def __init__(self, schedule: Schedule, moment: str, inject: Callable[[Process], object]) -> None:
        super().__init__(schedule)
        self.moment, self.inject = moment, inject
        self.phase: Phase | None = None

    def happened(self, moment: str) -> None:
        """Take the moment."""
        super().happened(moment)
        if moment == self.moment and self.phase is None:
            process = self.hosts[moment[-1]].process
            assert process is not None
            self.phase = process.state.phase
            self.loop.after(0.0, process.soon, self.inject, process)


def interrupted(start: str, moment: str, faults: tuple[Fault, ...], inject: Callable[[Process], object]) -> World:
    """Run a world up to `moment`, let `inject` befall it, then let all be well; raises `Violation`."""
    world = Interrupted(Schedule(1, start, 0.0, faults), moment, inject)
    world.begin()
    while world.phase is None and world.loop.now < world.begun + UNTIL_END:
        world.loop.run(world.loop.now + 0.05)
    assert world.phase is not None, f"{moment} never came"
    world.loop.run(world.loop.now + 0.1)
    settle(world)
    return world


@pytest.mark.parametrize(("start", "moment", "faults"), MOMENTS)
def test_the_pair_becomes_whole_from_every_moment_whatever_event_comes(
    start: str, moment: str, faults: tuple[Fault, ...]
) -> None:
    for event in INJECTED.values():
        interrupted(start, moment, faults, lambda process, event=event: process.tell(event(process)))  # type: ignore[misc]


@pytest.mark.parametrize("job", ["seed a", "form b", "copy b", "lend a", "serve a", "halt b", "restore a"])
def test_the_pair_becomes_whole_when_a_job_fails_at_any_of_its_steps(job: str) -> None:
    start, _, faults = next(one for one in MOMENTS if one[1] == job)
    for at in range(8):
        interrupted(start, job, faults, lambda process, at=at: process.hands.jobs.fail_after(at))  # type: ignore[misc]


def test_the_moments_cover_every_phase() -> None:
    found = {interrupted(*one, lambda _: None).phase for one in MOMENTS}  # type: ignore[attr-defined]
    assert found == set(Phase)


def test_a_pair_that_cannot_become_whole_is_found() -> None:
    """Negative control: a node that believes in an epoch of its own never comes back."""

    def believe(process: Process) -> None:
        process.state = replace(process.state, rules=Rules("a", "nobody", lowest=True))

    with pytest.raises(Exception, match="not whole"):
        interrupted("pair", "waiting a", (Fault("kill h2", "a", 1.0, 0.0),), believe)
