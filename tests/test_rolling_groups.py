"""A roll of WSO2 AS with two management nodes, of which one commits and the other one waits."""

from pathlib import Path

import pytest

from muster.spec import Lock, plan
from muster.spec.lock import PinnedImage
from muster.spec.locking import with_pin
from musternode.appserver import settings
from operations.rolling import Step, steps, to_serve
from tests.appserver_support import document
from tests.wso2_as_locks import TWO, launched
from tests.wso2_as_support import loaded, server

OUT = {"a": ["b", "c"], "d": ["a", "b", "c"], "b": ["a", "c", "d"], "c": ["a", "b", "d"]}
"""Who is to serve while a node is out, where `a` commits."""


def rolled(folder: Path, committer: str = "a") -> list[Step]:
    """Return the steps to another image."""
    before = launched(folder, {"committer": committer}, nodes=TWO)
    cluster = loaded(server({"committer": committer}, nodes=TWO), folder)
    pin = PinnedImage(id="ami-0aaaaaaaaaaaaaaa0", name="newer", read="2026-02-01")
    return steps(with_pin(before, cluster, pin), cluster)


def serving(lock: Lock, folder: Path) -> list[str]:
    """Return who is to serve, where `a` commits."""
    return to_serve(lock, loaded(server({"committer": "a"}, nodes=TWO), folder))


@pytest.mark.parametrize("committer", ["a", "d"])
def test_the_nodes_read_the_settings_of_every_step(committer: str, tmp_path: Path) -> None:
    cluster = loaded(server({"committer": committer}, nodes=TWO), tmp_path)
    made = rolled(tmp_path, committer)
    assert len(made) == 8
    for step in made:
        absent = "".join(member.name for member in plan(cluster, step.lock).members if not member.present)
        read = settings.read(document("abcd", absent=absent, mgt="ad", product={"committer": committer}))
        assert read.committer.name == committer


@pytest.mark.parametrize(("out", "who"), OUT.items())
def test_the_other_one_is_not_waited_for_while_the_one_that_commits_is_out(
    out: str, who: list[str], tmp_path: Path
) -> None:
    (away,) = [step.lock for step in rolled(tmp_path) if (step.node, step.kind) == (out, "absent")]
    assert serving(away, tmp_path) == who


def test_all_are_waited_for_once_it_is_back(tmp_path: Path) -> None:
    (back,) = [step.lock for step in rolled(tmp_path) if (step.node, step.kind) == ("a", "present")]
    assert serving(back, tmp_path) == ["a", "b", "c", "d"]


def test_the_plan_says_that_nobody_commits_meanwhile(tmp_path: Path) -> None:
    said = {step.node: step.says for step in rolled(tmp_path, "d") if step.kind == "absent"}
    nobody = "nobody commits artifacts until it is back"
    assert {name for name, words in said.items() if nobody in words} == {"d"}
