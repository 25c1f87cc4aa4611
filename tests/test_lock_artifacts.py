"""What the lock knows of the artifacts and of the database of WSO2 AS, and refuses to lose."""

from pathlib import Path
from typing import Any

import pytest

from muster.spec import Lock, SpecError, locked, verify
from muster.spec.lock import parse, render
from tests.wso2_as_support import GIVEN, MGT, WORKERS, loaded, server

SECOND = {"zone": "eu-west-1b", "group": "mgt"}
AGAIN = {"zone": "eu-west-1a", "group": "worker"}
TWO = {"a": MGT, "d": SECOND, **WORKERS}


def lock(folder: Path, old: Lock | None = None, block: dict[str, Any] | None = None, **others: Any) -> Lock:
    """Return the lock after `old` of a file with these changes."""
    return locked(old, loaded(server(block, **others), folder))


def refusal(folder: Path, old: Lock, block: dict[str, Any] | None = None, **others: Any) -> str:
    """Return why `old` refuses a file with these changes."""
    with pytest.raises(SpecError) as refused:
        lock(folder, old, block, **others)
    return str(refused.value)


def test_it_knows_who_has_the_artifacts_first_the_one_that_commits(tmp_path: Path) -> None:
    away = {**TWO, "d": {**SECOND, "present": False}}
    assert lock(tmp_path).keepers == ("a",)
    assert lock(tmp_path, None, {"committer": "d"}, nodes=TWO).keepers == ("d", "a")
    assert lock(tmp_path, None, {"committer": "a"}, nodes=away).keepers == ("a",)
    assert lock(tmp_path, None, {"artifacts": GIVEN}).keepers == ()


@pytest.mark.parametrize("block", [{}, {"database": {"engine": "mysql"}}, {"artifacts": GIVEN}], ids=str)
def test_it_is_read_as_it_was_written(block: dict[str, Any], tmp_path: Path) -> None:
    made = lock(tmp_path, None, block)
    assert parse(render(made)) == made
    assert ("keepers" in render(made), "database" in render(made)) == ("artifacts" not in block, "database" in block)


def test_a_lock_that_does_not_know_of_a_second_copy_is_behind(tmp_path: Path) -> None:
    now = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    with pytest.raises(SpecError, match="repository of artifacts: on a -> a, d"):
        verify(loaded(server({"committer": "a"}, nodes=TWO), tmp_path), now.changed(keepers=("a",)))


def test_the_only_committer_cannot_become_a_worker_while_nobody_else_has_a_copy(tmp_path: Path) -> None:
    swapped = {"a": AGAIN, "b": {**WORKERS["b"], "group": "mgt"}, "c": WORKERS["c"]}
    said = refusal(tmp_path, lock(tmp_path), nodes=swapped)
    assert "nodes.b.group: node b would commit, which has no copy of the artifacts on a, and would begin" in said
    assert "let a commit as before (wso2as.committer), with b as the second management node" in said


def test_a_new_management_node_cannot_take_the_place_of_the_only_one(tmp_path: Path) -> None:
    assert "node d would commit, which has no copy" in refusal(tmp_path, lock(tmp_path), nodes={"d": MGT, **WORKERS})


def test_one_with_a_copy_may_take_over_and_the_former_one_go(tmp_path: Path) -> None:
    first = lock(tmp_path, lock(tmp_path), {"committer": "a"}, nodes=TWO)
    second = lock(tmp_path, first, {"committer": "d"}, nodes=TWO)
    assert lock(tmp_path, second, nodes={"d": SECOND, **WORKERS}).keepers == ("d",)


def test_a_second_one_that_was_absent_all_the_time_has_no_copy(tmp_path: Path) -> None:
    away = {**TWO, "d": {**SECOND, "present": False}}
    before = lock(tmp_path, None, {"committer": "a"}, nodes=away)
    assert "node d would commit" in refusal(tmp_path, before, {"committer": "d"}, nodes=TWO)


def test_the_only_management_node_may_be_taken_out_and_come_back(tmp_path: Path) -> None:
    away = lock(tmp_path, lock(tmp_path), nodes={"a": {**MGT, "present": False}, **WORKERS})
    assert away.keepers == ("a",)
    assert lock(tmp_path, away) == lock(tmp_path)


def test_a_lock_that_knows_of_no_artifacts_refuses_nothing(tmp_path: Path) -> None:
    before = lock(tmp_path).changed(keepers=())
    assert lock(tmp_path, before, nodes={"d": MGT, **WORKERS}).keepers == ("d",)


def test_another_engine_would_be_another_database(tmp_path: Path) -> None:
    before = lock(tmp_path, None, {"database": {"engine": "mysql"}})
    said = refusal(tmp_path, before, {"database": {"engine": "postgres"}})
    assert "wso2as.database.engine: got 'postgres', the database is of mysql, and one of another engine" in said
    assert lock(tmp_path, before, {"database": {"engine": "mysql", "storage": 40}}).database == "mysql"
    assert lock(tmp_path, before).database is None
