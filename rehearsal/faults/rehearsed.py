"""The short faults as part of a rehearsal: each one is a check of its report."""

from dataclasses import replace

from muster.spec import Cluster
from rehearsal.checks.result import CheckResult
from rehearsal.checks.scene import Scene
from rehearsal.faults.catalog import SHORT
from rehearsal.faults.judging import Judged
from rehearsal.faults.schedule import single
from rehearsal.faults.series import Series
from rehearsal.progress import Progress
from rehearsal.rehearse import Outcome


def under_faults(outcome: Outcome, cluster: Cluster, progress: Progress) -> Outcome:
    """Run the short faults against what was rehearsed, and return it with their results; evidence goes to its record.

    A cluster that is not valid before is left alone: what faults would show is not theirs.
    """
    if outcome.report.verdict != "valid":
        return outcome
    series, found = Series(lambda: Scene(outcome.rehearsal, cluster), outcome.record / "faults.jsonl"), []
    try:
        for name in SHORT:
            with progress.phase(name, f"fault {name}"):
                judged = series.run(single(series.known[name]), lambda text, name=name: progress.detail(name, text))  # type: ignore[misc]
            found.append(CheckResult(f"fault {name}", judged.verdict, in_one_line(judged)))
            if judged.verdict != "valid":
                series.evidence(outcome.record / name)
    finally:
        series.close()
    report = replace(outcome.report, checks=(*outcome.report.checks, *found), phases=dict(progress.phases))
    report.write(outcome.record / "report.json")
    return replace(outcome, report=report)


def in_one_line(judged: Judged) -> str:
    """Return what was found: of a valid trial its figures, of another what is not valid."""
    told = [each for each in judged.results if each.verdict == judged.verdict]
    return "; ".join(each.detail if judged.verdict == "valid" else f"{each.name}: {each.detail}" for each in told)
