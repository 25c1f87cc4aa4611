"""`muster soak`: schedule after schedule of faults against one rehearsed cluster, each judged once and for all."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from muster.spec import Cluster
from operations import ROOT
from operations.errors import Failure, unexpected
from operations.rehearse import begin_alone, load_cluster, refuse_faults
from operations.sources import fingerprint
from rehearsal import drive
from rehearsal.checks.scene import Scene
from rehearsal.doubles import BuildError
from rehearsal.faults import Fault, catalog
from rehearsal.faults.measures import summary, told
from rehearsal.faults.rehearsed import in_one_line
from rehearsal.faults.schedule import Schedule, schedule, single
from rehearsal.faults.series import Series, as_line
from rehearsal.progress import Progress
from rehearsal.rehearse import Outcome, rehearse

VERDICTS, SUMMARY = "verdicts.jsonl", "summary.json"


def soak_command(file: Path, report: Path, *, schedules: int, seed: int, faults: Sequence[str]) -> int:
    """Run the schedules that `report` has no verdict of; return 0 only if all of them are valid there.

    Raises `Failure` where nothing can be run. Ctrl-C keeps what was judged; the next call goes on from there.
    """
    known, cluster = catalog(), load_cluster(file)
    refuse_faults(file, cluster)
    if strange := [name for name in faults if name not in known]:
        raise Failure(f"--fault {strange[0]}: there is no such fault; there are {', '.join(known)}", code=2)
    if schedules < 1:
        raise Failure("--schedules must be at least 1", code=2)
    if cluster.database.takeover_interval:
        text = "two faults come within seconds, and the pair would wait; set database: {takeover_interval: 0} in a copy"
        raise Failure(f"{file}: {text}", code=2)
    wanted = list(_wanted(seed, schedules, faults, known))
    done = _judged(report)
    missing = [each for each in wanted if (each.seed, str(each)) not in done]
    progress = Progress()
    progress.say(f"{len(wanted)} schedules, {len(wanted) - len(missing)} of them judged before (in {report})")
    if missing and not _run_all(file, cluster, missing, report, progress):
        return 130
    return _conclude(report, wanted, progress)


def _wanted(seed: int, number: int, faults: Sequence[str], known: Mapping[str, Fault]) -> Iterator[Schedule]:
    for place in range(number):
        if faults:
            yield Schedule(seed + place, single(known[faults[place % len(faults)]]).steps)
        else:
            yield schedule(seed + place, known)


@cache
def program() -> str:
    """Return what tells the nodes' program and the judging of today from others: a hash of their sources."""
    folders = ("assets/node", "rehearsal/faults", "rehearsal/checks", "rehearsal/writers")
    return fingerprint(file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))


def _judged(report: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the verdicts kept in a folder, by seed and schedule: with another catalog a seed is another schedule.

    A last line that a kill cut off is none, and those of another program say nothing of this one. Unknown ones are run
    again.
    """
    found = {}
    file = report / VERDICTS
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            verdict = json.loads(line)
            place = (verdict["seed"], verdict["schedule"])
            counts = verdict["verdict"] != "unknown" and verdict["program"] == program()
        except (ValueError, KeyError, TypeError):
            continue
        if counts:
            found[place] = verdict
    return found


def _run_all(file: Path, cluster: Cluster, missing: Sequence[Schedule], report: Path, progress: Progress) -> bool:
    """Rehearse the cluster and run what is missing; return False if Ctrl-C ended it."""
    begin_alone()
    report.mkdir(parents=True, exist_ok=True)
    try:
        outcome = rehearse(file, cluster, keep=False, progress=progress)
        try:
            _run(outcome, cluster, missing, report, progress)
        finally:
            with progress.phase("removal", "everything removed"):
                outcome.rehearsal.stop()
    except KeyboardInterrupt:
        progress.say(f"interrupted; the same command goes on from here (in {report})")
        return False
    except (drive.DeployFailed, drive.ServiceError, BuildError, TimeoutError) as failure:
        raise Failure(f"the soak ends: {failure}") from failure
    except Failure:
        raise
    except Exception as failure:
        raise Failure(f"the soak ends: {unexpected(failure)}") from failure
    return True


def _run(outcome: Outcome, cluster: Cluster, missing: Sequence[Schedule], report: Path, progress: Progress) -> None:
    if outcome.report.verdict != "valid":
        bad = [f"{check.name}: {check.detail}" for check in outcome.report.checks if check.verdict != "valid"]
        raise Failure(f"the cluster is not well before any fault: {bad[0] if bad else 'nothing was checked'}")
    history = report / f"history-{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
    series = Series(lambda: Scene(outcome.rehearsal, cluster), history)
    try:
        for number, each in enumerate(missing, 1):
            _run_one(series, each, f"{number} of {len(missing)}", report, progress)
    finally:
        series.close()


def _run_one(series: Series, each: Schedule, place: str, report: Path, progress: Progress) -> None:
    name = f"seed {each.seed}"
    started = time.monotonic()
    with progress.phase(name, f"{place}, {name}: {each}"):
        judged = series.run(each, lambda text: progress.detail(name, text))
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    more = {"seconds": round(time.monotonic() - started, 1), "at": at, "program": program()}
    _append(report / VERDICTS, {**as_line(each, judged), **more})
    progress.verdict(judged.verdict, in_one_line(judged))
    if judged.verdict != "valid":
        series.evidence(report / f"seed-{each.seed}")


def _append(file: Path, verdict: Mapping[str, Any]) -> None:
    """Add a line, also to a file whose last one was cut off."""
    with file.open("a+b") as verdicts:
        cut_off = verdicts.tell() and file.read_bytes()[-1:] != b"\n"
        verdicts.write(b"\n" * bool(cut_off) + json.dumps(verdict).encode() + b"\n")


@dataclass(frozen=True)
class _Count:
    """How many verdicts of each kind."""

    valid: int
    invalid: int
    missing: int


def _conclude(report: Path, wanted: Sequence[Schedule], progress: Progress) -> int:
    """Write and tell the summary of what was wanted."""
    done = _judged(report)
    lines = [done[place] for each in wanted if (place := (each.seed, str(each))) in done]
    valid = sum(line["verdict"] == "valid" for line in lines)
    count = _Count(valid, len(lines) - valid, len(wanted) - len(lines))
    figures = {"schedules": len(wanted), **vars(count), **summary(lines)}
    (report / SUMMARY).write_text(json.dumps(figures, indent=2) + "\n")
    progress.plain()
    for text in told(figures):
        progress.plain(f"  {text}")
    progress.plain(
        f"  {count.valid} of {len(wanted)} schedules valid, {count.invalid} invalid, {count.missing} not judged"
    )
    return 0 if count.valid == len(wanted) else 1
