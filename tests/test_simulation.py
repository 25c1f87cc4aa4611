"""The rules of the pair under many schedules of faults in virtual time: what is promised holds in every one."""

import os
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musternode.h2.turn import Turn
from tests.simulation import fast
from tests.simulation.client import Client
from tests.simulation.loop import Loop
from tests.simulation.mutations import mutated
from tests.simulation.run import run
from tests.simulation.runner import Tally, run_all, run_slice, slices
from tests.simulation.schedule import Fault, Schedule, schedule, single
from tests.simulation.shrinking import shrink
from tests.simulation.world import World

SCHEDULES = 10_000
SEED = 0


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Ten thousand schedules, run once for all tests here."""
    return reduce(Tally.join, run_all(SEED, SCHEDULES, os.cpu_count() or 1))


def test_ten_thousand_schedules_violate_nothing(tally: Tally) -> None:
    """No lost write, never two truths, never a stale read, whole again within 60 s; see `checker` and `run`."""
    failed = [f"{what}\n{shrink(schedule(seed))}" for seed, what in tally.violations[:3]]
    assert failed == [], "\n".join(failed)
    assert tally.count == SCHEDULES


def test_the_schedules_were_worth_running(tally: Tally) -> None:
    """Negative control: clients worked, also with one server alone, and servers did lose what only they had."""
    assert tally.acknowledged > 20 * SCHEDULES
    assert tally.lone > SCHEDULES
    assert tally.excused["both servers ended"] > 0
    assert tally.excused["the one member's server ended"] > 0


def test_a_pair_that_needs_a_human_says_so_and_that_is_rare(tally: Tally) -> None:
    assert 0 < sum(tally.stated.values()) < SCHEDULES / 50


def test_one_fault_alone_costs_no_acknowledged_write() -> None:
    """`run` itself refuses any excuse then; here is that such schedules are among those that were run."""
    alone = [one for one in map(schedule, range(400)) if single(one) and len(one.faults) == 1]
    assert len({fault.kind for one in alone for fault in one.faults}) > 15


@pytest.mark.parametrize("seed", [784922, 785577, 793941, 1077155])
def test_what_a_long_run_took_for_a_violation_is_none(seed: int) -> None:
    """Its operator had brought back an older copy, its checker had counted a server that was about to be killed."""
    assert run(schedule(seed)).violation == ""


def witness_faults() -> Iterator[Schedule]:
    """Yield schedules in which nothing but AWS's API fails, for one node or both, in every way."""
    kinds = ("fails", "silent", "flaky", "slow", "loses answers", "is late")
    for seed in range(60):
        kind = kinds[seed % len(kinds)]
        nodes = ("a", "b") if seed % 2 else ("a",)
        yield Schedule(seed, "pair", 0.0, tuple(Fault(f"witness {kind}", node, 1.0, 7.5) for node in nodes))


def refused(plan: Schedule) -> int:
    """Return how many things that clients did failed in `plan`."""
    found: list[Client] = []

    class Watched(Client):
        def __init__(self, world: World, place: str, number: int) -> None:
            super().__init__(world, place, number)
            found.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.simulation.world.Client", Watched)
        assert run(plan).violation == ""
    return sum(client.refused for client in found)


def test_with_both_nodes_well_no_client_notices_that_aws_cannot_be_reached() -> None:
    assert [plan.seed for plan in witness_faults() if refused(plan)] == []


def test_clients_do_notice_the_end_of_a_server() -> None:
    """Negative control of the test above."""
    assert refused(Schedule(1, "pair", 0.0, (Fault("kill gate", "a", 1.0, 1.0),))) > 0


def test_the_same_seed_gives_the_same_run() -> None:
    first, again = run(schedule(19)), run(schedule(19))
    assert (first.acknowledged, first.seconds, first.whole_after) == (
        again.acknowledged,
        again.seconds,
        again.whole_after,
    )


def test_slices_cover_every_seed_once_however_many_there_are() -> None:
    for first, count in ((0, 1), (5, 250), (7, 1001)):
        found = list(slices(first, count))
        assert sum(size for _, size in found) == count
        assert found[0][0] == first
        assert all(start + size == following for (start, size), (following, _) in pairwise(found))


def test_a_violation_is_counted_with_its_seed() -> None:
    with mutated("a held client is let go on instead of reset"):
        tally = run_slice((0, 60))
    assert tally.violations
    assert all(0 <= seed < 60 and what for seed, what in tally.violations)


def test_a_failing_schedule_is_shrunk_to_what_it_needs() -> None:
    def failing(one: Schedule) -> bool:
        return {"kill h2", "freeze host"} <= {fault.kind for fault in one.faults}

    kinds = ("pause", "kill h2", "unlike", "freeze host", "kill client")
    big = Schedule(3, "alone", 0.0, tuple(Fault(kind, "a", 1.0, 1.0) for kind in kinds), third=True)
    small = shrink(big, failing)
    assert [fault.kind for fault in small.faults] == ["kill h2", "freeze host"]
    assert (small.start, small.third) == ("pair", False)


def test_a_schedule_reads_as_text() -> None:
    text = str(Schedule(7, "pair", 600.0, (Fault("stop gate", "b", 0.25, 2.0, "write a", 2),)))
    assert text == "seed 7, start pair, takeover_interval 600\n  0.250 s after write a (2): stop gate b for 2.00 s"


@given(st.lists(st.floats(0.0, 10.0), max_size=30))
@settings(max_examples=50)
def test_virtual_time_runs_everything_in_order(delays: list[float]) -> None:
    loop, seen = Loop(0.0), list[float]()
    for delay in delays:
        loop.after(delay, lambda: seen.append(loop.now))
    loop.run(20.0)
    assert seen == sorted(delays)


def test_the_cheaper_copying_of_states_refuses_unknown_fields_as_the_real_one_does() -> None:
    world = World(schedule(1))
    world.begin()
    process = world.hosts["a"].process
    assert process is not None
    slow, quick = Turn(process.state, 1.0), Turn(process.state, 1.0)
    slow.put(gate=True, run="r")
    fast.put(quick, gate=True, run="r")
    assert slow.state == quick.state
    with pytest.raises(TypeError):
        fast.put(quick, gatte=True)
