"""What the lock knows of the database that servers of WSO2 AS share, and refuses to lose."""

from pathlib import Path
from typing import Any

import pytest

from muster.spec import SpecError, verify
from tests.wso2_as_locks import MYSQL, OWN, TWO, launched, lock, refusal
from tests.wso2_as_support import MGT, WORKERS, loaded, server


def test_another_engine_would_be_another_database(tmp_path: Path) -> None:
    before = lock(tmp_path, None, {"database": {"engine": "mysql"}})
    said = refusal(tmp_path, before, {"database": {"engine": "postgres"}})
    assert "wso2as.database.engine: got 'postgres', the database is of mysql, and one of another engine" in said
    assert lock(tmp_path, before, {"database": {"engine": "mysql", "storage": 40}}).database == "mysql"


@pytest.mark.parametrize("database", [MYSQL["database"], OWN], ids=["made", "given"])
def test_a_shared_database_is_not_left_out_again(database: dict[str, Any], tmp_path: Path) -> None:
    said = refusal(tmp_path, lock(tmp_path, None, {"database": database}))
    assert "wso2as.database: is left out, and registry and users are in it" in said
    assert "if the deployment that was to add it failed, take the lock file back, too" in said


def test_a_database_that_was_made_may_become_one_of_your_own(tmp_path: Path) -> None:
    before = launched(tmp_path, MYSQL)
    assert lock(tmp_path, before, {"database": OWN}).database == OWN["url"]


def test_a_lock_that_does_not_know_of_a_database_of_your_own_is_behind(tmp_path: Path) -> None:
    before = launched(tmp_path)
    with pytest.raises(SpecError, match=r"database: None -> jdbc:mysql://db\.example\.org/wso2: run \./muster lock"):
        verify(loaded(server({"database": OWN}), tmp_path), before)


@pytest.mark.parametrize("database", [MYSQL["database"], OWN], ids=["made", "given"])
def test_a_database_is_added_where_the_one_that_commits_is_the_first(database: dict[str, Any], tmp_path: Path) -> None:
    assert lock(tmp_path, launched(tmp_path), {"database": database}).database
    behind = launched(tmp_path, nodes={"z": MGT, **WORKERS})
    said = refusal(tmp_path, behind, {"database": database}, nodes={"z": MGT, **WORKERS})
    assert "wso2as.database: is added, and the tables are made by the node that commits, as the first" in said
    assert "before it are b, c: first give them successors of other names" in said


def test_so_it_is_with_the_address_of_another_one(tmp_path: Path) -> None:
    other = {"database": {**OWN, "url": "jdbc:mysql://other.example.org/wso2"}}
    behind = launched(tmp_path, {"database": OWN}, nodes={"z": MGT, **WORKERS})
    assert "wso2as.database: is another one" in refusal(tmp_path, behind, other, nodes={"z": MGT, **WORKERS})
    assert lock(tmp_path, behind, {"database": OWN}, nodes={"z": MGT, **WORKERS}) == behind


def test_successors_of_the_workers_are_behind_the_one_that_commits(tmp_path: Path) -> None:
    others = {"e": WORKERS["b"], "f": WORKERS["c"]}
    behind = launched(tmp_path, nodes={"z": MGT, **WORKERS})
    after = lock(tmp_path, behind, nodes={"z": MGT, **others})
    assert lock(tmp_path, after, MYSQL, nodes={"z": MGT, **others}).database == "mysql"


def test_a_management_node_before_the_one_that_commits_is_to_commit(tmp_path: Path) -> None:
    before = launched(tmp_path, {"committer": "d"}, nodes=TWO)
    said = refusal(tmp_path, before, {"committer": "d", **MYSQL}, nodes=TWO)
    assert "before it is a: first let that commit (wso2as.committer), ./muster lock" in said
    after = lock(tmp_path, before, {"committer": "a"}, nodes=TWO)
    assert lock(tmp_path, after, {"committer": "a", **MYSQL}, nodes=TWO).database == "mysql"


def test_the_one_that_commits_is_there_before_the_database(tmp_path: Path) -> None:
    gone = {"a": {**MGT, "present": False}, **WORKERS}
    away = launched(tmp_path, nodes=gone)
    for nodes in (gone, {"a": MGT, **WORKERS}):
        said = refusal(tmp_path, away, MYSQL, nodes=nodes)
        assert "first let a run, ./muster lock" in said
        assert "for a deployment after this one" not in said


def test_a_node_that_comes_waits_for_the_deploy_after_that_of_the_database(tmp_path: Path) -> None:
    more = {"a": MGT, **WORKERS, "e": WORKERS["b"]}
    assert "leave e for a deployment after this one" in refusal(tmp_path, launched(tmp_path), MYSQL, nodes=more)
    away = launched(tmp_path, nodes={"a": MGT, **WORKERS, "c": {**WORKERS["c"], "present": False}})
    assert "leave c for a deployment after this one" in refusal(tmp_path, away, MYSQL)


def test_before_anything_ran_a_database_comes_as_it_likes(tmp_path: Path) -> None:
    never = lock(tmp_path, nodes={"z": MGT, **WORKERS})
    assert lock(tmp_path, never, MYSQL, nodes={"z": MGT, **WORKERS}).database == "mysql"


def test_an_engine_that_is_refused_anyhow_is_refused_once(tmp_path: Path) -> None:
    behind = launched(tmp_path, MYSQL, nodes={"z": MGT, **WORKERS})
    said = refusal(tmp_path, behind, {"database": {"engine": "postgres"}}, nodes={"z": MGT, **WORKERS})
    assert "of another engine would be made, empty" in said
    assert "the tables are made by" not in said
