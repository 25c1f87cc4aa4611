"""The page about reliability holds what was measured, and says of the rest that it was not run."""

from typing import Any

import pytest

from rehearsal.faults import catalog
from rehearsal.faults.table import (
    NOT_RUN,
    PAGE,
    control_table,
    faults_table,
    filled,
    newest,
    result,
    twin,
    waits_table,
)

FIGURES = {"acknowledged": 100, "lost": {"a": 0, "b": 0}, "excused": 0, "excused_oldest": 0.0, "stale": 0, "whole": 6.2}
TRIAL: dict[str, Any] = {"faults": ["kill-h2-a"], "verdict": "valid", "figures": FIGURES}


def test_every_fault_has_one_row_and_what_was_not_run_says_so() -> None:
    table = faults_table(catalog(), {"kill-h2-a": TRIAL})
    assert next(line for line in table if "kill-h2-a" in line).endswith(
        "| kill-h2-a: valid, 0 of 100 lost, whole after 6 s |"
    )
    assert sum(NOT_RUN in line for line in table) == len(table) - 3
    for name in catalog():
        assert sum(f"`{name}`" in line for line in table) == 1


def test_a_fault_of_both_nodes_is_its_own_twin() -> None:
    assert (twin("freeze-b"), twin("partition"), twin("one-way-a-b")) == ("freeze-a", "partition", "one-way-b-a")


def test_what_was_lost_or_unflushed_is_told() -> None:
    lossy = {**TRIAL, "verdict": "invalid", "figures": {**FIGURES, "lost": {"a": 0, "b": 7}, "whole": None}}
    assert result(lossy) == "invalid, 7 of 100 lost, not whole in time"
    crashed = {**TRIAL, "figures": {**FIGURES, "excused": 3, "excused_oldest": 0.456}}
    assert result(crashed) == "valid, 0 of 100 lost, 3 unflushed (oldest 0.46 s), whole after 6 s"


def test_both_numbers_of_the_control_stand_side_by_side() -> None:
    control = {"acknowledged": 1726, "lost on a": 1085, "lost on b": 458, "in neither copy": 23, "stale reads": 170}
    table = "\n".join(control_table(control, [TRIAL, TRIAL]))
    assert "| acknowledged writes | 1726 | 200 |" in table
    assert "| of them lost on a, which serves at the end | 1085 | 0 |" in table
    assert "2 of 8 short faults" in table
    assert NOT_RUN in "\n".join(control_table({}, []))


def test_waits_are_shown_by_class() -> None:
    spread = {"p50": 0.1, "p95": 0.5, "max": 0.7}
    found = {"trials": 30, "failover": spread, "later": spread, "users": spread}
    table = waits_table({"process crash": {"classes": {"process crash": found}}})
    assert "| process crash | 1 s | 30 | 0.10 s | 0.50 s | 0.70 s | 0.50 s | 0.50 s |" in table
    assert sum(NOT_RUN in line for line in table) == 2


def test_only_the_blocks_change_and_a_missing_one_is_an_error() -> None:
    page = "x\n<!-- b -->\nold\n<!-- end of b -->\ny\n"
    assert filled(page, {"b": ["new"]}) == "x\n<!-- b -->\nnew\n<!-- end of b -->\ny\n"
    with pytest.raises(ValueError, match="no block c"):
        filled(page, {"c": []})


def test_the_page_has_every_block_and_every_fault() -> None:
    page = PAGE.read_text()
    filled(page, {"faults": [], "waits": [], "control": []})
    assert [name for name in catalog() if f"`{name}`" not in page] == []


def test_the_last_trial_of_a_fault_counts_and_those_of_two_do_not() -> None:
    lines = ['{"faults": ["f"], "n": 1}', '{"faults": ["f", "g"], "n": 2}', '{"faults": ["f"], "n": 3}']
    assert newest(lines) == {"f": {"faults": ["f"], "n": 3}}
