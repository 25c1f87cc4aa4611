"""Real H2 servers, H2's own driver: nothing is acknowledged by one server alone unless that is allowed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.poll import poll
from tests.h2_support import NEW, OLD, PASSWORD, USER, Driver, GatedPair, Writers, pair

VERSIONS = [OLD, pytest.param(NEW, marks=pytest.mark.full)]
ALL_SERVERS_GONE = 90067
GRACE = 0.2
"""Seconds after the crash in which an answer that was on its way may still be printed."""


def crash(made: GatedPair) -> tuple[Writers, float]:
    """Kill the first server under writers, look on for 3 s, and return the ended writers and when it was gone."""
    with made.writing() as writers:
        gone = made.servers[0].kill()
        poll(lambda: writers.look().faults or writers.after(gone + GRACE) > 200, within=20)
        time.sleep(3)
        writers.driver.finish()
        poll(lambda: _same(writers), within=10)
        return writers, gone


def _same(writers: Writers) -> bool:
    before = len(writers.look().acknowledged)
    time.sleep(0.2)
    return len(writers.look().acknowledged) == before


@pytest.mark.parametrize("version", VERSIONS)
def test_after_a_crash_nothing_is_acknowledged_while_it_is_denied(tmp_path: Path, version: str) -> None:
    with pair(tmp_path, version, decide=lambda: False) as made:
        writers, gone = crash(made)
        assert writers.after(gone + GRACE) == 0
        assert made.gates[1].stats.denied > 4
        assert set(writers.faults) == {ALL_SERVERS_GONE}
        assert set(writers.acknowledged) <= made.rows(1)


@pytest.mark.parametrize("version", VERSIONS)
def test_after_a_crash_every_acknowledged_row_is_with_the_survivor_if_it_is_allowed(
    tmp_path: Path, version: str
) -> None:
    with pair(tmp_path, version, decide=lambda: True) as made:
        writers, gone = crash(made)
        assert writers.after(gone + GRACE) > 200
        assert made.gates[1].stats.passed >= 4
        rows, acknowledged = made.rows(1), set(writers.acknowledged)
        assert acknowledged <= rows
        assert len(rows - acknowledged) <= len(writers.faults)  # what ended by a fault may be there or not


def test_without_a_gate_the_driver_goes_on_alone_unasked(tmp_path: Path) -> None:
    """The control of the denial."""
    with pair(tmp_path, decide=None) as made:
        writers, gone = crash(made)
        assert writers.after(gone + GRACE) > 200


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GatedPair]:
    with pair(tmp_path, decide=lambda: False) as made:
        yield made


def test_the_driver_works_through_the_gates_as_without(gated: GatedPair) -> None:
    with Driver("sql", gated.url, USER, PASSWORD) as driver:
        assert driver.line() == "OK"
        assert driver.do("INSERT INTO T SELECT X FROM SYSTEM_RANGE(1, 5000)") == "OK"
        assert driver.do("SELECT COUNT(*) FROM T") == "OK 5000"
        assert len(driver.do("SELECT REPEAT('x', 300000)")) == 300003
        answer = driver.do("cancel SELECT COUNT(*) FROM SYSTEM_RANGE(1, 1000000) A, SYSTEM_RANGE(1, 1000000) B")
        assert answer.startswith("E 57014")  # statement was cancelled
    assert gated.rows(0) == gated.rows(1) == set(range(1, 5001))
    assert [one.stats.hits for one in gated.gates] == [0, 0]
    assert [one.stats.refused for one in gated.gates] == [0, 0]
