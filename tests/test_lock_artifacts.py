"""What the lock knows of the artifacts of WSO2 AS, and refuses to lose."""

from pathlib import Path
from typing import Any

import pytest

from muster.spec import SpecError, verify
from muster.spec.lock import parse, render
from tests.wso2_as_locks import MYSQL, OWN, SECOND, TWO, lock, refusal
from tests.wso2_as_support import GIVEN, MGT, WORKERS, loaded, server

AGAIN = {"zone": "eu-west-1a", "group": "worker"}
ELSEWHERE = {**MGT, "zone": "eu-west-1b"}


def test_it_knows_who_has_the_artifacts_first_the_one_that_commits(tmp_path: Path) -> None:
    away = {**TWO, "d": {**SECOND, "present": False}}
    assert lock(tmp_path).keepers == ("a",)
    assert lock(tmp_path, None, {"committer": "d"}, nodes=TWO).keepers == ("d", "a")
    assert lock(tmp_path, None, {"committer": "a"}, nodes=away).keepers == ("a",)
    assert lock(tmp_path, None, {"artifacts": GIVEN}).keepers == ()


@pytest.mark.parametrize("block", [{}, MYSQL, {"database": OWN}, {"artifacts": GIVEN}], ids=str)
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


def test_the_only_one_with_the_artifacts_comes_back_in_its_zone_or_not_at_all(tmp_path: Path) -> None:
    away = lock(tmp_path, lock(tmp_path), nodes={"a": {**MGT, "present": False}, **WORKERS})
    said = refusal(tmp_path, away, nodes={"a": ELSEWHERE, **WORKERS})
    assert "nodes.a.zone: node a would commit, and its volume in eu-west-1b is another one, without artifacts" in said
    assert "want eu-west-1a and present: true; to move it: the artifacts are on its volume" in said
    assert "first add a second management node" in said


def test_while_it_is_absent_its_zone_stays_too(tmp_path: Path) -> None:
    away = lock(tmp_path, lock(tmp_path), nodes={"a": {**MGT, "present": False}, **WORKERS})
    assert "nodes.a.zone" in refusal(tmp_path, away, nodes={"a": {**ELSEWHERE, "present": False}, **WORKERS})


def test_two_deploys_are_no_way_for_the_one_that_commits(tmp_path: Path) -> None:
    said = refusal(tmp_path, lock(tmp_path), nodes={"a": ELSEWHERE, **WORKERS})
    assert said.count("nodes.a.zone") == 1
    assert "the safe way is two deploys" not in said
    assert "first add a second management node, ./muster lock" in said
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    said = refusal(tmp_path, two, {"committer": "a"}, nodes={**TWO, "a": ELSEWHERE})
    assert "first let d commit (wso2as.committer), ./muster lock" in said


def test_one_that_has_but_a_copy_or_none_moves_in_two_deploys(tmp_path: Path) -> None:
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    moved = {**SECOND, "zone": "eu-west-1a"}
    assert "the safe way is two deploys" in refusal(tmp_path, two, {"committer": "a"}, nodes={**TWO, "d": moved})
    worker = {**WORKERS, "c": {**WORKERS["c"], "zone": "eu-west-1b"}}
    assert "the safe way is two deploys" in refusal(tmp_path, lock(tmp_path), nodes={"a": MGT, **worker})


def test_the_way_that_is_named_brings_the_one_that_commits_into_another_zone(tmp_path: Path) -> None:
    two = lock(tmp_path, lock(tmp_path), {"committer": "a"}, nodes=TWO)
    given = lock(tmp_path, two, {"committer": "d"}, nodes=TWO)
    away = lock(tmp_path, given, {"committer": "d"}, nodes={**TWO, "a": {**MGT, "present": False}})
    back = lock(tmp_path, away, {"committer": "d"}, nodes={**TWO, "a": ELSEWHERE})
    assert (back.nodes["a"].zone, back.keepers) == ("eu-west-1b", ("d", "a"))


@pytest.mark.parametrize("block", [{"committer": "d"}, {}], ids=["said", "left out"])
def test_the_one_that_commits_is_not_removed_while_another_one_takes_over(
    block: dict[str, Any], tmp_path: Path
) -> None:
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    said = refusal(tmp_path, two, block, nodes={"d": SECOND, **WORKERS})
    assert "nodes.a: commits artifacts, and d would begin to before it has ended" in said
    assert "leave a as it was, with wso2as.committer: d, ./muster lock" in said


def test_nor_does_it_become_a_worker_meanwhile_absent_or_not(tmp_path: Path) -> None:
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    for present in (True, False):
        nodes = {**TWO, "a": {**AGAIN, "present": present}}
        assert "nodes.a: commits artifacts" in refusal(tmp_path, two, {"committer": "d"}, nodes=nodes)


def test_it_may_be_taken_out_while_another_one_takes_over_which_knows_it_still(tmp_path: Path) -> None:
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    away = {**TWO, "a": {**MGT, "present": False}}
    assert lock(tmp_path, two, {"committer": "d"}, nodes=away).keepers == ("d",)


def test_one_that_is_away_already_may_be_removed_while_another_one_takes_over(tmp_path: Path) -> None:
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    assert lock(tmp_path, two.with_node("a", present=False), nodes={"d": SECOND, **WORKERS}).keepers == ("d",)


def test_one_that_is_being_rolled_may_still_run_and_is_not_removed(tmp_path: Path) -> None:
    two = lock(tmp_path, None, {"committer": "a"}, nodes=TWO)
    rolling = two.with_node("a", present=False).changed(rolling=("a",))
    assert "nodes.a: commits artifacts" in refusal(tmp_path, rolling, nodes={"d": SECOND, **WORKERS})
