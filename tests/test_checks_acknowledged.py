"""The checkers of a trial: a lost, foreign or stale value is invalid, a poor record unknown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import acknowledged, availability, healing, lone
from rehearsal.checks.acknowledged import Account, Excuse, Kept, entries_of, settle
from rehearsal.checks.healing import Healing
from rehearsal.writers.operation import Operation

RUN = "0123abcd"


def write(number: int, *, node: str = "a", at: float = 0.0, outcome: str = "acknowledged") -> Operation:
    key = f"{RUN}-{node}-writer0-{number}"
    client = f"{RUN}-{node}-writer0"
    return Operation(client, node, "write", key, f"v-{key}", at, at + 0.01, outcome, 200)  # type: ignore[arg-type]


def read(of: Operation, found: str | None, at: float = 1.0) -> Operation:
    return Operation(f"{RUN}-a-reader0", "a", "read", of.key, of.value, at, at + 0.01, "acknowledged", 200, found)


WRITES = [write(number, at=float(number)) for number in range(5)]
ALL = {each.key: each.value for each in WRITES}


def judged(*copies: dict[str, str], excuses: tuple[Excuse, ...] = (), more: tuple[Operation, ...] = ()) -> Account:
    return settle([*WRITES, *more], [Kept(name, each) for name, each in zip("ab", copies, strict=False)], excuses)


def test_every_acknowledged_write_in_both_copies_is_valid() -> None:
    finding = acknowledged.judge(judged(ALL, ALL))
    assert finding.verdict == "valid"
    assert finding.detail.startswith("5 writes acknowledged, 0 lost")


def test_a_write_that_one_copy_lacks_is_lost() -> None:
    finding = acknowledged.judge(judged(ALL, {k: v for k, v in ALL.items() if k != WRITES[2].key}))
    assert finding.verdict == "invalid"
    assert finding.detail.startswith(f"1 of 5 acknowledged writes lost on b, such as {WRITES[2].key}")


def test_another_value_under_an_acknowledged_key_is_lost_and_unexpected() -> None:
    account = judged(ALL, {**ALL, WRITES[0].key: "other"})
    assert (account.lost["b"], account.unexpected["b"]) == ([WRITES[0].key], [WRITES[0].key])


@pytest.mark.parametrize("outcome", ["refused", "indeterminate"])
@pytest.mark.parametrize("there", [True, False])
def test_a_write_without_acknowledgement_may_be_there_or_not(outcome: str, there: bool) -> None:
    late = write(9, outcome=outcome)
    copy = {**ALL, late.key: late.value} if there else ALL
    assert acknowledged.judge(judged(copy, copy, more=(late,))).verdict == "valid"


def test_a_key_of_the_run_that_nobody_wrote_is_unexpected_and_foreign_keys_are_not() -> None:
    assert acknowledged.judge(judged(ALL, {**ALL, f"{RUN}-a-writer0-77": "x"})).verdict == "invalid"
    assert acknowledged.judge(judged(ALL, {**ALL, "muster-check-a-b-1": "x"})).verdict == "valid"


def test_a_read_that_does_not_find_what_was_acknowledged_before_is_stale() -> None:
    finding = acknowledged.judge(judged(ALL, ALL, more=(read(WRITES[0], None),)))
    assert finding.verdict == "invalid"
    assert "1 of 1 reads were stale: a answered that there is none" in finding.detail
    assert acknowledged.judge(judged(ALL, ALL, more=(read(WRITES[0], WRITES[0].value),))).verdict == "valid"


def test_one_copy_and_no_acknowledged_write_prove_nothing() -> None:
    assert acknowledged.judge(judged(ALL)).verdict == "unknown"
    assert (
        acknowledged.judge(settle([write(1, outcome="refused")], [Kept("a", {}), Kept("b", {})])).verdict == "unknown"
    )


def test_the_second_before_a_crash_of_every_copy_is_counted_apart() -> None:
    """The write at 4 s was acknowledged at 4.01 s; the others are older than the excuse."""
    excuse = Excuse(at=4.51, seconds=1.5, first=4.51)
    without_last = {k: v for k, v in ALL.items() if k != WRITES[4].key}
    account = judged(without_last, without_last, excuses=(excuse,))
    assert (len(account.excused), round(account.oldest, 2)) == (1, 0.5)
    assert acknowledged.judge(account).verdict == "valid"
    without_first = {k: v for k, v in ALL.items() if k != WRITES[0].key}
    assert acknowledged.judge(judged(without_first, without_first, excuses=(excuse,))).verdict == "invalid"
    assert acknowledged.judge(judged(without_last, without_last)).verdict == "invalid"


def test_what_was_judged_lost_before_is_not_found_again() -> None:
    kept = [Kept("a", {}), Kept("b", {})]
    assert settle(WRITES, kept, forgiven=set(ALL)).all_lost() == set()
    assert settle(WRITES, kept).all_lost() == set(ALL)
    assert settle(WRITES, kept, [Excuse(at=4.51, seconds=9.0, first=4.51)]).all_lost() == set(ALL)


def test_a_lost_write_is_as_old_as_it_was_when_the_first_copy_may_have_crashed() -> None:
    """A host stays off for as long as its fault lasts."""
    excuse = Excuse(at=24.51, seconds=21.5, first=4.51)
    assert round(settle(WRITES[4:], [Kept("a", {}), Kept("b", {})], [excuse]).oldest, 2) == 0.5


@given(st.sets(st.integers(0, 4), min_size=1), st.booleans())
def test_losing_any_writes_on_any_copy_is_invalid_with_their_number(gone: set[int], second: bool) -> None:
    less = {each.key: each.value for number, each in enumerate(WRITES) if number not in gone}
    finding = acknowledged.judge(judged(*((ALL, less) if second else (less, ALL))))
    assert finding.verdict == "invalid"
    assert finding.detail.startswith(f"{len(gone)} of 5 acknowledged writes lost on {'b' if second else 'a'}")


PRINTED = """
sql> SCRIPT: CREATE CACHED TABLE PUBLIC.CONFIGURATION(KEY VARCHAR(200), VALUE VARCHAR(4000));

SCRIPT: INSERT INTO PUBLIC.CONFIGURATION(KEY, VALUE) VALUES('0123abcd-a-writer0-1', 'v-0123abcd-a-writer0-1');

SCRIPT: INSERT INTO "PUBLIC"."CONFIGURATION" VALUES('two', '2');
"""


def test_entries_are_read_from_what_the_shell_prints() -> None:
    assert entries_of(PRINTED) == {f"{RUN}-a-writer0-1": f"v-{RUN}-a-writer0-1", "two": "2"}


# waits


def served(start: float, end: float, outcome: str = "acknowledged", client: str = "c") -> Operation:
    return Operation(client, "a", "read", "k", "v", start, end, outcome, 200)  # type: ignore[arg-type]


def test_a_wait_runs_from_the_first_question_after_a_success_through_errors_to_the_next() -> None:
    asked = [
        served(0, 0.1),
        served(1, 1.2, "refused"),
        served(1.3, 2.0, "indeterminate"),
        served(2.1, 2.5),
        served(3, 3.1),
    ]
    seen = availability.at_node(asked, "a", 0.5, 4.0)
    assert seen.failover == pytest.approx(1.5)
    assert (seen.operations, seen.succeeded) == (4, 2)


def test_a_pause_between_questions_is_no_wait() -> None:
    assert availability.at_node([served(0, 0.1), served(9, 9.1)], "a", 0, 10).longest == pytest.approx(0.1)


def test_a_wait_that_has_not_ended_counts_to_the_end() -> None:
    assert availability.at_node([served(0, 0.1), served(1, 2, "refused")], "a", 0, 10).longest == pytest.approx(9)


def test_one_client_that_hangs_is_not_hidden_by_another() -> None:
    asked = [served(t / 10, t / 10 + 0.05) for t in range(50)] + [served(0, 5, client="stuck")]
    assert availability.at_node(asked, "a", 0, 5).longest == pytest.approx(5)


def test_a_wait_for_a_fault_and_a_wait_for_coming_back_are_told_apart() -> None:
    """A node may come back within a second or after minutes: its copying is what tells them apart."""
    asked = [served(0.1, 0.9), served(1, 1.01), served(1.9, 3.4)]
    seen = availability.at_node(asked, "a", 0, 10, lent=2.0)
    assert seen.failover == pytest.approx(0.8)
    assert seen.later == pytest.approx(1.5)
    assert availability.at_node(asked, "a", 0, 10).failover == pytest.approx(1.5)


def test_users_are_counted_by_the_host_that_served_them_last() -> None:
    def visit(client: str, start: float, end: float, host: str) -> Operation:
        return Operation(client, "balancer", "visit", "", "", start, end, "acknowledged", 200, host)

    asked = [
        visit("u", 0, 0.1, "ip-a"),
        visit("w", 0, 0.1, "ip-b"),
        visit("u", 1, 9, "ip-b"),
        visit("w", 1, 1.1, "ip-b"),
    ]
    assert availability.of_users(asked, 0.5, 10, "ip-a").longest == pytest.approx(8)
    assert availability.of_users(asked, 0.5, 10, "ip-b").longest == pytest.approx(0.1)


@given(st.lists(st.floats(0, 100), min_size=1), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_that_enough_do_not_exceed(values: list[float], percent: int) -> None:
    found = availability.percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100


def test_waits_are_held_against_limits() -> None:
    seen = {"a": availability.at_node([served(0, 2)], "a", 0, 3)}
    assert availability.judge(seen, {"a": 3.0}).verdict == "valid"
    assert availability.judge(seen, {"a": 1.0}).verdict == "invalid"
    assert availability.judge(seen, {"b": 1.0}).verdict == "unknown"


# alone, healing


def test_two_nodes_that_acknowledge_apart_are_invalid_with_the_overlap() -> None:
    both = [write(n, at=float(n)) for n in range(5)] + [write(n, node="b", at=n + 2.0) for n in range(5)]
    finding = lone.judge(both, -1, 10)
    assert finding.verdict == "invalid"
    assert "2.00 s at the same time" in finding.detail


def test_one_node_that_acknowledges_or_two_in_turn_are_valid() -> None:
    assert lone.judge(WRITES, -1, 10).verdict == "valid"
    later = [write(n, node="b", at=n + 20.0) for n in range(5)]
    assert lone.judge([*WRITES, *later], -1, 30).verdict == "valid"


def test_writes_under_way_when_the_nodes_parted_or_met_do_not_count() -> None:
    early = replace(write(1, node="b"), start=0.5, end=3.0)
    late = replace(write(2, node="b"), start=3.5, end=5.0)
    assert lone.judge([*WRITES, early, late], 0.9, 4.5).verdict == "valid"
    assert lone.judge([*WRITES, early, late], 0.4, 4.5).verdict == "invalid"


def test_healing_in_time_is_valid_and_what_did_not_come_is_named() -> None:
    assert healing.judge(Healing(3.0, 70.0, 3.0, 70.2)).verdict == "valid"
    finding = healing.judge(Healing(3.0, None, None, None, "a: waiting"))
    assert finding.verdict == "invalid"
    assert "not the copies are equal within 60 s, nor every client succeeds within 150 s" in finding.detail
    assert "last seen: a: waiting" in finding.detail


LATE = [
    Healing(61.0, 3.5, 61.0, 3.5),
    Healing(3.0, 3.5, 61.0, 3.5),
    Healing(3.0, 151.0, 3.0, 3.5),
    Healing(3.0, 3.5, 3.0, None),
]


@pytest.mark.parametrize("late", LATE)
def test_healing_too_late_is_invalid(late: Healing) -> None:
    assert healing.judge(late).verdict == "invalid"
