"""One run of a schedule, to its verdict."""

from collections.abc import Callable
from dataclasses import dataclass, field

from musternode.h2.events import Unlike
from musternode.h2.pair_state import Phase
from tests.simulation import fast
from tests.simulation.checker import Violation
from tests.simulation.schedule import Schedule, single
from tests.simulation.world import World

FAULTY = 9.0
"""Seconds for which things go wrong."""
WHOLE_WITHIN = 60.0
"""Seconds after the end of all faults within which both nodes serve equal data."""
STATED = ("muster h2 force", "muster h2 adopt")
"""What a failure says that needs a human."""


@dataclass
class Verdict:
    """What came of a run: `violation` is empty if nothing was wrong; `stated` is a failure that the pair states."""

    schedule: Schedule
    violation: str = ""
    stated: str = ""
    whole_after: float = 0.0
    acknowledged: int = 0
    lone: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    longest_gap: float = 0.0
    seconds: float = 0.0


def run(schedule: Schedule, tell: Callable[[str], None] | None = None) -> Verdict:
    """Run `schedule` and return the verdict; `tell` is given the trace."""
    world, verdict = World(schedule, tell), Verdict(schedule)
    try:
        with fast.copying():
            _run(world, verdict)
    except Violation as found:
        verdict.violation = f"{found} (at {world.loop.now - world.begun:.3f} s)"
    except Exception as fault:  # the rules themselves failed
        verdict.violation = f"{type(fault).__name__}: {fault} (at {world.loop.now - world.begun:.3f} s)"
    checker = world.checker
    verdict.acknowledged, verdict.lone = checker.acknowledged.bit_count(), checker.lone_writes
    verdict.reasons = checker.reasons
    verdict.longest_gap = max(client.longest_gap for client in world.clients)
    verdict.seconds = world.loop.now - world.begun
    return verdict


def _run(world: World, verdict: Verdict) -> None:
    world.begin()
    world.loop.run(world.begun + (FAULTY if world.schedule.faults else 3.0))
    verdict.whole_after, verdict.stated = settle(world)


def settle(world: World) -> tuple[float, str]:
    """Make all well and let the world become whole: return after how many seconds it is, and what failure it states.

    Raises `Violation` if it does neither, or is not as it must be then.
    """
    world.heal()
    healed = world.loop.now
    world.loop.run(healed + 2.0)
    world.quiet = True
    while not _whole(world):
        passed = world.loop.now - healed
        if passed > WHOLE_WITHIN:
            if stated := _stated(world):
                return passed, stated
            raise Violation(f"not whole {WHOLE_WITHIN:g} s after everything was well: {_picture(world)}")
        _compare(world)
        world.loop.run(world.loop.now + 0.5)
    _judge(world)
    return world.loop.now - healed, ""


def _whole(world: World) -> bool:
    processes = [host.process for host in world.hosts.values() if host.process is not None]
    if len(processes) < 2 or any(client.busy for client in world.clients):
        return False
    if not all(process.gate.is_open(world.loop.now) for process in processes):
        return False
    states = [process.state for process in processes]
    rows = {host.server.rows for host in world.hosts.values() if host.server is not None}
    return (
        all(state.phase is Phase.IN and state.gate and len(state.members) == 2 and state.sound for state in states)
        and not any(state.failure or state.fault for state in states)
        and states[0].epoch == states[1].epoch
        and len(rows) == 1
    )


def _compare(world: World) -> None:
    """Do what the keepers do in a quiet minute: find copies that differ."""
    servers = [host.server for host in world.hosts.values()]
    one, other = servers
    if one is None or other is None or one.rows == other.rows or any(client.busy for client in world.clients):
        return
    for host in world.hosts.values():
        if host.process is not None:
            host.process.tell(Unlike())


def _stated(world: World) -> str:
    for host in world.hosts.values():
        failure = host.process.state.failure if host.process else ""
        if any(words in failure for words in STATED):
            return failure
    return ""


def _picture(world: World) -> str:
    parts = []
    for host in world.hosts.values():
        if host.process is None:
            parts.append(f"{host.name} has no process")
            continue
        state = host.process.state
        parts.append(
            f"{host.name} {state.phase.value} {state.epoch} {''.join(sorted(state.members))} "
            f"gate={state.gate}/{host.process.gate.listens} job={state.job} disk={state.disk} "
            f"rows={host.server.rows.bit_count() if host.server else None} failure={state.failure or state.fault!r}"
        )
    parts += [f"the client at {client.place} hangs" for client in world.clients if client.busy]
    return "; ".join(parts)


def _judge(world: World) -> None:
    """Judge the pair at the end: everything acknowledged is there, and a client can work."""
    checker = world.checker
    for host in world.hosts.values():
        assert host.server is not None
        missing = checker.acknowledged & ~checker.excused & ~host.server.rows
        if missing:
            raise Violation(f"node {host.name} lacks {missing.bit_count()} acknowledged writes at the end")
        if not host.server.clustered:
            raise Violation(f"node {host.name} does not hold the pair's list: nobody can connect")
    if single(world.schedule) and checker.reasons:
        raise Violation(f"one fault alone cost acknowledged writes: {checker.reasons}")
