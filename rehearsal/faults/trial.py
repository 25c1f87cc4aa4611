"""One schedule of faults against a formed cluster under load: what was done, what was seen, in a history."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from rehearsal.checks import copies, healing
from rehearsal.checks.acknowledged import Kept, entries_of
from rehearsal.checks.copies import Copy
from rehearsal.checks.h2 import DUMP, ask, rows_of
from rehearsal.checks.healing import Healing
from rehearsal.faults import connections, lending, pair
from rehearsal.faults.fault import Fault, FaultError, Heal, nothing
from rehearsal.faults.schedule import Schedule, Step
from rehearsal.faults.stage import Stage
from rehearsal.hosts.enter import EnterError
from rehearsal.poll import NotYet, poll
from rehearsal.writers.load import Load

if TYPE_CHECKING:
    from rehearsal.checks.scene import Scene

WHOLE_BEFORE = 90.0
"""Seconds for a pair to be whole before a schedule begins."""

SETTLED = 3.0
"""Seconds for which a pair has to be whole to be called so: right after a fault it may not have noticed anything."""

SUCCESSES = 5
"""So often every client has to succeed before the first fault, and after the last."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Injected:
    """A fault as it was: when its begin was asked for and had returned, and the same of its heal.

    Seconds of the monotonic clock. `refused` says why it could not be made (its host was off, say); `served` who was a
    member just before, by the nodes' own words.
    """

    fault: str
    begins: float
    begun: float
    heals: float = 0.0
    healed: float = 0.0
    served: tuple[str, ...] = ()
    refused: str = ""


@dataclass
class Seen:
    """All that a trial saw besides the clients' own history; `lent` as `lending.first` has it."""

    schedule: Schedule
    started: float = 0.0
    faults: list[Injected] = field(default_factory=list)
    healing: Healing = field(default_factory=lambda: Healing(None, None, None, None))
    copies: Sequence[Copy] = ()
    kept: Sequence[Kept] = ()
    ended: float = 0.0
    lent: float | None = None


def run(
    scene: "Scene", schedule: Schedule, known: Mapping[str, Fault], load: Load, tell: Tell = lambda _: None
) -> Seen:
    """Carry out a schedule while `load` is at work, heal, and wait until all is well or its time is over.

    Raises `TimeoutError` if the pair is not whole, or a client has no success, before the first fault: then nothing was
    done. Whatever happens, every fault is healed when this returns.
    """
    stage, seen = Stage(scene.rehearsal), Seen(schedule, time.monotonic())
    tell("waits for a whole pair")
    poll(lambda: pair.whole(stage), within=WHOLE_BEFORE)
    load.wait_for(SUCCESSES)
    _inject(stage, schedule, known, seen, tell)
    healed = max(each.healed or each.begun for each in seen.faults)
    _watch_healing(scene, stage, load, healed, seen, tell)
    seen.lent = lending.first(stage, min(each.begins for each in seen.faults))
    for each in seen.faults:
        load.journal.note("fault", **asdict(each))
    load.journal.note(healing.NAME, **asdict(seen.healing))
    return seen


@dataclass
class _Pending:
    """What is to be done at a moment: begin a step, or heal what it began."""

    at: float
    step: Step
    index: int = -1
    heal: Heal = nothing


def _inject(stage: Stage, schedule: Schedule, known: Mapping[str, Fault], seen: Seen, tell: Tell) -> None:
    start = time.monotonic()
    pending = [_Pending(start + step.at, step) for step in schedule.steps]
    with ExitStack() as heals:
        while pending:
            pending.sort(key=lambda each: each.at)
            now = pending.pop(0)
            _sleep_until(now.at)
            if now.index >= 0:
                tell(f"heals {now.step.fault}")
                _heal(seen, now)
            elif follows := _begin(stage, known[now.step.fault], now.step, seen, heals, tell):
                pending.append(follows)


def _begin(stage: Stage, fault: Fault, step: Step, seen: Seen, heals: ExitStack, tell: Tell) -> _Pending | None:
    tell(fault.what)
    served, begins = pair.served(pair.standings(stage)), time.monotonic()
    try:
        heal = fault.begin(stage)
    except (FaultError, EnterError, OSError) as reason:
        seen.faults.append(Injected(fault.name, begins, time.monotonic(), served=served, refused=str(reason)))
        return None
    heals.callback(heal)
    begun = time.monotonic()
    seen.faults.append(Injected(fault.name, begins, begun, served=served))
    return _Pending(begun + step.hold, step, len(seen.faults) - 1, heal)


def _heal(seen: Seen, now: _Pending) -> None:
    heals = time.monotonic()
    now.heal()
    seen.faults[now.index] = replace(seen.faults[now.index], heals=heals, healed=time.monotonic())


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))  # the time between two faults is what the schedule says


def _watch_healing(scene: "Scene", stage: Stage, load: Load, healed: float, seen: Seen, tell: Tell) -> None:
    """Note when the pair is whole, when its clients succeed, and whether its copies are equal once nobody writes."""

    def left(limit: float) -> float:
        return max(1.0, healed + limit - time.monotonic())

    whole = served = equal = linked = None
    last = ""
    try:
        tell("waits for the pair to heal")
        whole = poll(_lasting(stage), within=left(healing.WITHIN) + SETTLED, every=0.1) - healed
        tell("waits for its clients")
        load.wait_for(SUCCESSES, within=left(healing.SERVED_WITHIN))
        served = time.monotonic() - healed
        poll(lambda: connections.agreed(stage), within=left(healing.SERVED_WITHIN))
        linked = time.monotonic() - healed
    except (TimeoutError, FaultError, EnterError) as late:
        last = str(late)
    seen.ended = time.monotonic()
    load.stop()
    tell("compares the copies")
    try:
        if _equal_at_once(scene, seen):
            equal = whole
        else:
            poll(lambda: _equal(scene, seen), within=left(healing.WITHIN), every=1.0)
            equal = time.monotonic() - healed
    except (TimeoutError, ValueError) as fault:
        last = last or str(fault)
    seen.healing = Healing(whole, served, equal, linked, last)


def wait_until_equal(scene: "Scene", within: float) -> None:
    """Wait until the pair is whole and its copies are equal. Raises `TimeoutError`."""
    stage, seen = Stage(scene.rehearsal), Seen(Schedule(0, ()))
    poll(lambda: pair.whole(stage) and _equal(scene, seen), within=within, every=2.0)


def _equal_at_once(scene: "Scene", seen: Seen) -> bool:
    try:
        return _equal(scene, seen)
    except NotYet:
        return False


def _lasting(stage: Stage) -> Callable[[], float]:
    """Return a condition: the moment since which the pair has been whole for `SETTLED` seconds without a break."""
    since: list[float] = []

    def lasting() -> float:
        try:
            pair.whole(stage)
        except NotYet:
            since.clear()
            raise
        since[1:] = [time.monotonic()]
        if since[-1] - since[0] < SETTLED:
            raise NotYet("the pair has been whole for a moment")
        return since[0]

    return lasting


def _equal(scene: "Scene", seen: Seen) -> bool:
    """Read both copies and tell whether they are equal."""
    try:
        with ThreadPoolExecutor() as crowd:
            printed = list(crowd.map(lambda member: ask(scene, member, DUMP), scene.members))
    except EnterError as reason:
        raise NotYet(str(reason)) from None
    names = [member.name for member in scene.members]
    rows = [rows_of(text) for text in printed]
    seen.copies = [Copy(name, row.tables, row.schema) for name, row in zip(names, rows, strict=True)]
    seen.kept = [Kept(name, entries_of(text)) for name, text in zip(names, printed, strict=True)]
    return copies.judge(seen.copies).verdict == "valid"
