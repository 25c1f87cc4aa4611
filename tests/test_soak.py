"""`muster soak` judges each schedule once, goes on where it was, and is only content when all are valid."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from operations import soak
from operations.errors import Failure
from operations.rehearse import rehearse_command
from rehearsal.checks.acknowledged import settle
from rehearsal.checks.result import CheckResult
from rehearsal.faults.judging import Judged
from rehearsal.faults.schedule import Schedule, schedule
from rehearsal.progress import Progress
from tests.conftest import ROOT, WriteCluster

FIGURES = {
    "acknowledged": 10,
    "lost": {"a": 0, "b": 0},
    "unexpected": 0,
    "stale": 0,
    "excused": 0,
    "excused_oldest": 0.0,
    "whole": 3.0,
    "failover": {"a": 0.5, "b": 0.2},
    "later": {"a": 0.1, "b": 0.1},
    "survivor": "b",
    "users": 1.0,
}


def judged(verdict: Any) -> Judged:
    return Judged([CheckResult("a promise", verdict, "seen")], settle((), ()), FIGURES)


class Cluster:
    """Stands where the rehearsed cluster is: gives the verdicts that it is told to, and may be interrupted."""

    def __init__(self, verdict_of: Callable[[int], str], interrupted_before: int = 0) -> None:
        self.ran: list[int] = []
        self._verdict_of, self._interrupted_before = verdict_of, interrupted_before

    def run(self, each: Schedule, _tell: Callable[[str], None]) -> Judged:
        if each.seed == self._interrupted_before:
            raise KeyboardInterrupt
        self.ran.append(each.seed)
        return judged(self._verdict_of(each.seed))

    def evidence(self, folder: Path) -> None:
        folder.mkdir(parents=True)


@pytest.fixture
def file(write_cluster: WriteCluster) -> Path:
    return write_cluster(database={"takeover_interval": 0})


@pytest.fixture
def soaked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path) -> Callable[..., int]:
    """Return the command with a cluster that is not real, and a folder."""

    def run(cluster: Cluster, schedules: int = 4, faults: tuple[str, ...] = ()) -> int:
        def run_all(_file: Path, _spec: Any, missing: Any, report: Path, _progress: Progress) -> bool:
            report.mkdir(exist_ok=True)
            quiet = Progress(Console(file=io.StringIO()))
            try:
                for each in missing:
                    soak._run_one(cluster, each, "", report, quiet)  # type: ignore[arg-type]
            except KeyboardInterrupt:
                return False
            return True

        monkeypatch.setattr(soak, "_run_all", run_all)
        return soak.soak_command(file, tmp_path / "report", schedules=schedules, seed=7, faults=faults)

    return run


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "report" / soak.VERDICTS).read_text().splitlines()]


def test_all_valid_is_success_and_every_verdict_is_kept_with_its_seed(
    soaked: Callable[..., int], tmp_path: Path
) -> None:
    assert soaked(Cluster(lambda _: "valid")) == 0
    assert [(line["seed"], line["schedule"]) for line in kept(tmp_path)] == [
        (n, str(schedule(n))) for n in range(7, 11)
    ]
    summed = json.loads((tmp_path / "report" / soak.SUMMARY).read_text())
    assert (summed["valid"], summed["acknowledged"]) == (4, 40)


def test_one_invalid_is_failure_with_evidence_and_the_rest_is_run(soaked: Callable[..., int], tmp_path: Path) -> None:
    cluster = Cluster(lambda seed: "invalid" if seed == 8 else "valid")
    assert soaked(cluster) == 1
    assert cluster.ran == [7, 8, 9, 10]
    assert (tmp_path / "report/seed-8").is_dir()


def test_what_was_judged_is_not_run_again_after_an_interruption(soaked: Callable[..., int]) -> None:
    assert soaked(Cluster(lambda _: "valid", interrupted_before=9)) == 130
    again = Cluster(lambda _: "valid")
    assert soaked(again) == 0
    assert again.ran == [9, 10]


def test_an_invalid_verdict_stays_and_an_unknown_one_is_tried_again(soaked: Callable[..., int]) -> None:
    assert soaked(Cluster(lambda seed: {7: "invalid", 8: "unknown"}.get(seed, "valid"))) == 1
    again = Cluster(lambda _: "valid")
    assert soaked(again) == 1
    assert again.ran == [8]


def test_verdicts_of_another_program_do_not_count(soaked: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert soaked(Cluster(lambda _: "valid")) == 0
    monkeypatch.setattr(soak, "program", lambda: "another")
    again = Cluster(lambda _: "valid")
    assert soaked(again) == 0
    assert again.ran == [7, 8, 9, 10]


def test_a_line_that_a_kill_cut_off_is_no_verdict(soaked: Callable[..., int], tmp_path: Path) -> None:
    soaked(Cluster(lambda _: "valid"))
    file = tmp_path / "report" / soak.VERDICTS
    file.write_text(file.read_text()[:-20])
    again = Cluster(lambda _: "valid")
    assert soaked(again) == 0
    assert again.ran == [10]


def test_named_faults_are_run_alone_and_in_turn(soaked: Callable[..., int], tmp_path: Path) -> None:
    assert soaked(Cluster(lambda _: "valid"), faults=("kill-h2-a", "partition")) == 0
    assert [line["faults"] for line in kept(tmp_path)] == [["kill-h2-a"], ["partition"]] * 2
    summed = json.loads((tmp_path / "report" / soak.SUMMARY).read_text())
    assert summed["faults"]["kill-h2-a"]["failover"]["p95"] == 0.2  # the survivor's


def test_an_unknown_fault_is_refused_with_those_there_are(soaked: Callable[..., int]) -> None:
    with pytest.raises(Failure, match=r"no such fault; there are kill-h2-a, ") as refusal:
        soaked(Cluster(lambda _: "valid"), faults=("kill-everything",))
    assert refusal.value.code == 2


def test_a_cluster_that_waits_between_two_take_overs_is_refused(write_cluster: WriteCluster, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="takeover_interval: 0"):
        soak.soak_command(write_cluster(), tmp_path, schedules=1, seed=1, faults=())


NO_PAIR = ROOT / "clusters" / "wso2-carbon.yaml"


@pytest.mark.parametrize(
    "command",
    [
        lambda folder: soak.soak_command(NO_PAIR, folder, schedules=1, seed=1, faults=()),
        lambda _: rehearse_command(NO_PAIR, keep=False, down=False, report=None, faults=True),
    ],
    ids=["soak", "rehearse"],
)
def test_a_product_that_is_no_pair_is_refused_before_anything_is_started(
    command: Callable[[Path], int], tmp_path: Path
) -> None:
    with pytest.raises(Failure, match="the product wso2-carbon has none") as refused:
        command(tmp_path)
    assert refused.value.code == 2
