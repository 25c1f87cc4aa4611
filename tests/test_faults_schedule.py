"""The catalog of faults, the schedules drawn from it, and what a trial of one is judged by."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks.acknowledged import Kept
from rehearsal.checks.copies import Copy
from rehearsal.checks.healing import Healing
from rehearsal.faults import catalog, injected
from rehearsal.faults.catalog import SHORT, together
from rehearsal.faults.fault import Fault, FaultError, once
from rehearsal.faults.judging import excuses, judge
from rehearsal.faults.measures import CLASSES, spread, summary, told
from rehearsal.faults.pair import Standing, is_whole, parse
from rehearsal.faults.schedule import LONG, Schedule, schedule, single
from rehearsal.faults.series import as_line
from rehearsal.faults.stage import Stage
from rehearsal.faults.trial import Injected, Seen
from rehearsal.writers.operation import Operation

FAULTS = catalog()
NOWHERE: Stage = None  # type: ignore[assignment]


def test_the_short_table_and_the_measured_classes_are_of_the_catalog() -> None:
    assert len(SHORT) == 8
    assert set(SHORT) <= set(FAULTS)
    assert {name for names in CLASSES.values() for name in names} <= set(FAULTS)


def test_every_fault_of_one_node_exists_for_the_other() -> None:
    def mirrored(name: str) -> str:
        return "-".join({"a": "b", "b": "a"}.get(part, part) for part in name.split("-"))

    lone = {name for name in FAULTS if mirrored(name) not in FAULTS}
    assert all(name.startswith("witness-") for name in lone)  # those of one node alone are symmetric


# schedules


@given(st.integers(0, 2**63))
def test_a_seed_gives_one_schedule_of_two_faults_in_order(seed: int) -> None:
    drawn = schedule(seed)
    assert drawn == schedule(seed)
    first, second = drawn.steps
    assert first.fault != second.fault
    assert 0 < first.at <= second.at
    for step in drawn.steps:
        assert (step.hold > 0) == (FAULTS[step.fault].hold > 0)
        assert step.hold <= LONG * 1.5


def test_seeds_draw_every_fault_that_is_not_long() -> None:
    seen = {step.fault for seed in range(600) for step in schedule(seed).steps}
    assert seen == {name for name, fault in FAULTS.items() if fault.hold <= LONG}


def test_seeds_draw_faults_that_overlap_and_faults_that_follow() -> None:
    gaps = [second.at - first.at - first.hold for first, second in (schedule(seed).steps for seed in range(100))]
    assert min(gaps) < 0 < max(gaps)


def test_a_schedule_says_itself_in_a_few_words() -> None:
    assert str(single(FAULTS["partition"])) == "partition at 1 s for 8 s"
    assert str(single(FAULTS["kill-h2-a"])) == "kill-h2-a at 1 s"


# faults heal


def fault_that(log: list[str]) -> Fault:
    def begin(_stage: Stage) -> object:
        log.append("begun")
        return once(lambda: log.append("healed"))

    return Fault("f", "f", begin)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", [None, KeyboardInterrupt, RuntimeError])
def test_a_fault_is_healed_however_its_block_ends(end: type[BaseException] | None) -> None:
    log: list[str] = []
    with pytest.raises(end) if end else nullcontext(), injected(fault_that(log), NOWHERE):
        if end:
            raise end
    assert log == ["begun", "healed"]


def test_a_fault_healed_in_its_block_is_not_healed_again() -> None:
    log: list[str] = []
    with injected(fault_that(log), NOWHERE) as heal:
        heal()
    assert log == ["begun", "healed"]


def test_a_heal_that_fails_may_be_tried_again() -> None:
    tries: list[int] = []

    def undo() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise FaultError("not yet")

    heal = once(undo)
    with pytest.raises(FaultError):
        heal()
    heal()
    heal()
    assert len(tries) == 2


def test_of_faults_together_the_first_is_undone_if_the_second_cannot_be_made() -> None:
    log: list[str] = []

    def refuse() -> object:
        raise FaultError("no")

    with pytest.raises(FaultError):
        together(lambda: once(lambda: log.append("healed")), refuse)  # type: ignore[arg-type]
    assert log == ["healed"]


# the pair

IN = Standing("in", "open", 7, ("a", "b"), "a")


def test_a_pair_is_whole_when_both_say_the_same() -> None:
    assert is_whole({"a": IN, "b": IN})


@pytest.mark.parametrize(
    "other",
    [
        Standing(),
        replace(IN, epoch=8),
        replace(IN, gate="shut"),
        replace(IN, phase="copying"),
        replace(IN, members=("a",)),
    ],
)
def test_a_pair_of_which_one_says_otherwise_is_not_whole(other: Standing) -> None:
    assert not is_whole({"a": IN, "b": other})
    assert not is_whole({"a": other, "b": IN})


def test_one_node_alone_and_two_out_of_use_are_no_pair() -> None:
    shut = replace(IN, gate="shut")
    assert not is_whole({"a": IN})
    assert not is_whole({"a": shut, "b": shut})


def test_a_word_is_read_as_the_gate_process_writes_it() -> None:
    word = {
        "phase": "in",
        "gate": "open",
        "epoch": 7,
        "members": ["b", "a"],
        "leader": "a",
        "doing": "",
        "failure": None,
    }
    assert parse(word) == IN
    assert parse({**word, "epoch": None, "members": None}).members == ()
    with pytest.raises(ValueError, match="no word"):
        parse({"phase": "in"})


# judging


def written(key: str, node: str, at: float) -> Operation:
    key = f"00000000-{node}-writer0-{key}"
    return Operation(f"00000000-{node}-writer0", node, "write", key, f"v-{key}", at, at + 0.1, "acknowledged", 200)


OPERATIONS = [written(str(n), node, float(n)) for n in range(20) for node in "ab"]


def seen(*faults: Injected, lost: tuple[Operation, ...] = (), healing: Healing | None = None) -> Seen:
    entries = {o.key: o.value for o in OPERATIONS if o not in lost}
    copies = [Copy(node, {"T": sorted(entries)}, ["create"]) for node in "ab"]
    kept = [Kept(node, entries) for node in "ab"]
    found = Healing(1.0, 1.0, 2.0, 1.0) if healing is None else healing
    return Seen(Schedule(0, ()), -1.0, list(faults), found, copies, kept, 20.0)


KILLED = Injected("kill-h2-a", 5.0, 5.0)
PARTED = Injected("partition", 4.0, 4.0, 12.0, 12.0)


def test_a_trial_in_which_all_went_well_is_valid_with_its_figures() -> None:
    judged = judge(seen(KILLED), FAULTS, OPERATIONS)
    assert judged.verdict == "valid"
    assert judged.figures["acknowledged"] == 40
    assert judged.figures["survivor"] == "b"
    assert as_line(single(FAULTS["kill-h2-a"]), judged)["verdict"] == "valid"


def test_a_lost_write_makes_a_trial_invalid() -> None:
    assert judge(seen(KILLED, lost=(OPERATIONS[0],)), FAULTS, OPERATIONS).verdict == "invalid"


def test_a_pair_that_does_not_heal_makes_a_trial_invalid() -> None:
    assert judge(seen(KILLED, healing=Healing(None, None, None, None)), FAULTS, OPERATIONS).verdict == "invalid"


def test_two_nodes_that_acknowledge_while_parted_make_a_trial_invalid() -> None:
    judged = judge(seen(PARTED), FAULTS, OPERATIONS)
    assert {result.name: result.verdict for result in judged.results}[
        "no two nodes acknowledge alone: partition"
    ] == "invalid"
    refused = replace(OPERATIONS[0], outcome="refused")
    quiet = [
        o if o.node == "a" or not 4.0 < o.start < 12.0 else replace(refused, key=o.key, value=o.value)
        for o in OPERATIONS
    ]
    assert judge(seen(PARTED), FAULTS, quiet).verdict == "valid"


def test_a_client_that_notices_what_is_to_pass_unnoticed_makes_a_trial_invalid() -> None:
    """Each write takes a tenth of a second; one of them takes two."""
    gone = Injected("witness-cut", 5.0, 5.0, 15.0, 15.0)
    assert judge(seen(gone), FAULTS, OPERATIONS).verdict == "valid"
    slow = [replace(o, end=o.start + 2) if o.start == 9.0 and o.node == "b" else o for o in OPERATIONS]
    assert judge(seen(gone), FAULTS, slow).verdict == "invalid"
    assert judge(seen(KILLED), FAULTS, slow).verdict == "valid"


def test_a_trial_whose_faults_could_not_be_made_is_unknown() -> None:
    assert judge(seen(replace(KILLED, refused="H2 does not run")), FAULTS, OPERATIONS).verdict == "unknown"


def test_a_crash_of_one_copy_of_a_whole_pair_excuses_nothing() -> None:
    assert excuses([KILLED], FAULTS) == []
    assert judge(seen(KILLED, lost=(written("4", "a", 4.0),)), FAULTS, OPERATIONS).verdict == "invalid"


def test_a_crash_of_every_copy_excuses_the_last_moment_before_it() -> None:
    both = Injected("kill-both-h2", 5.0, 5.0)
    (excuse,) = excuses([both], FAULTS)
    assert (excuse.at, excuse.seconds) == (5.0, 1.5)
    last = tuple(o for o in OPERATIONS if o.start == 4.0)
    judged = judge(seen(both, lost=last), FAULTS, OPERATIONS)
    assert (judged.verdict, judged.figures["excused"]) == ("valid", 2)
    older = tuple(o for o in OPERATIONS if o.start == 3.0)
    assert judge(seen(both, lost=older), FAULTS, OPERATIONS).verdict == "invalid"


def crash(name: str, begun: float, *served: str, healed: float = 0.0) -> Injected:
    return Injected(name, begun, begun, healed=healed, served=served)


@pytest.mark.parametrize(
    ("faults", "window"),
    [
        ([crash("kill-h2-a", 5.0, "a")], (3.5, 5.0)),
        ([crash("kill-h2-a", 5.0, "a", "b"), crash("kill-h2-b", 5.2, "a", "b")], (3.5, 5.2)),
        ([crash("kill-h2-a", 5.0, "a", "b"), crash("kill-h2-b", 6.4, "a", "b")], (3.5, 6.4)),
        ([crash("pause-h2-a-6", 5.0, "a", "b", healed=11.0), crash("kill-h2-b", 9.0, "b")], (7.5, 9.0)),
    ],
    ids=["the one that served", "both at once", "before the first loss was flushed", "the one, the other paused"],
)
def test_a_crash_of_all_who_served_excuses_the_last_moment_before_it(
    faults: list[Injected], window: tuple[float, float]
) -> None:
    found = excuses(faults, FAULTS)[0]
    assert (round(found.at - found.seconds, 3), found.at) == window


@pytest.mark.parametrize(
    "faults",
    [
        [crash("kill-h2-a", 5.0, "a", "b"), crash("kill-h2-b", 9.0, "a", "b")],
        [crash("kill-h2-a", 5.0, "a", "b"), crash("power-off-a", 5.3, "a", "b", healed=9.0)],
        [crash("kill-h2-a", 5.0, "b")],
        [crash("kill-h2-a", 5.0)],
        [replace(crash("kill-h2-a", 5.0, "a"), refused="H2 does not run")],
    ],
    ids=["one after the other", "the same node twice", "one that was out", "nobody knows who served", "never made"],
)
def test_no_other_crash_excuses_anything(faults: list[Injected]) -> None:
    """The crashes above are the control."""
    assert excuses(faults, FAULTS) == []


# sums


def test_a_summary_adds_up_and_tells_the_waits_of_faults_tried_alone() -> None:
    line = as_line(single(FAULTS["kill-h2-a"]), judge(seen(KILLED), FAULTS, OPERATIONS))
    two = {**line, "faults": ["partition", "kill-h2-b"]}
    found = summary([line, line, two])
    assert found["acknowledged"] == 120
    assert found["faults"]["kill-h2-a"]["trials"] == found["classes"]["process crash"]["trials"] == 2
    assert set(found["faults"]) == {"kill-h2-a"}
    assert any("kill-h2-a: 2 trials" in text for text in told(found))


def test_a_spread_of_nothing_is_zero() -> None:
    assert spread([]) == {"p50": 0.0, "p95": 0.0, "max": 0.0}
    assert spread([1.0, 9.0]) == {"p50": 1.0, "p95": 9.0, "max": 9.0}
