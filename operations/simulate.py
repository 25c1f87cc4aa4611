"""`muster simulate`: the rules of the H2 pair under many schedules of faults, in slices that can be resumed."""

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from operations import ROOT, with_node_code
from operations.errors import Failure
from operations.sources import fingerprint

if TYPE_CHECKING:
    from tests.simulation.runner import Tally

EVERY: Final = 20.0
"""Seconds between two lines of progress."""
_RULES: Final = ("assets/node/musternode/h2", "tests/simulation")


def simulate_command(schedules: int, seed: int, report: Path | None, processes: int | None) -> int:
    """Run what of `schedules` schedules from `seed` on is not in `report` yet; return 1 if one was ever violated."""
    with_node_code()
    from tests.simulation.runner import Tally, run_all

    if schedules < 1 or seed < 0:
        raise Failure("--schedules must be 1 or more, --seed 0 or more", code=2)
    total = _resumed(report, seed)
    left = schedules - total.count
    if total.count:
        print(f"{min(total.count, schedules)} of {schedules} schedules are in {report} already", flush=True)
    _tell_violations(total.violations)
    began = told = time.monotonic()
    for tally in run_all(seed + total.count, max(0, left), processes or os.cpu_count() or 1):
        _record(report, seed, tally)
        _tell_violations(tally.violations)
        total = total.join(tally)
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            _tell_progress(total, schedules, told - began)
    _tell_end(total, time.monotonic() - began)
    assert isinstance(total, Tally)
    return 1 if total.violations else 0


def _resumed(report: Path | None, seed: int) -> "Tally":
    """Return what `report` holds of this seed; raises `Failure` if other rules made it."""
    from tests.simulation.runner import Tally

    total = Tally(seed, 0)
    if report is None or not report.exists():
        return total
    whole, cut_off = _lines(report)
    for line in whole:
        value = _read(report, line)
        if value["rules"] != rules() or value["seed"] != seed:
            raise Failure(f"{report} holds schedules of other rules or of another seed: name another file")
        tally = Tally(**{**value["tally"], "violations": [tuple(one) for one in value["tally"]["violations"]]})
        total = total.join(tally)
    if cut_off:  # by a kill: those schedules are run again
        report.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
    return total


def _lines(report: Path) -> tuple[list[str], bool]:
    """Return the lines of the report, and whether a last one was left out because it has no end."""
    text = report.read_text(encoding="utf-8")
    cut_off = "\n" in text and not text.endswith("\n")
    return text.splitlines()[: -1 if cut_off else None], cut_off


def _read(report: Path, line: str) -> Any:
    try:
        value = json.loads(line)
        return {key: value[key] for key in ("rules", "seed", "tally")}
    except (ValueError, KeyError, TypeError):
        raise Failure(f"{report} has a line that is not one of a simulation's: name another file") from None


def _record(report: Path | None, seed: int, tally: "Tally") -> None:
    if report is None:
        return
    line = json.dumps({"rules": rules(), "seed": seed, "tally": dataclasses.asdict(tally)})
    try:
        with report.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as fault:
        raise Failure(f"{report} cannot be written: {fault.strerror}") from fault


def rules() -> str:
    """Return what tells these rules and this simulation from others: a hash of their sources."""
    files = (file for folder in _RULES for file in sorted((ROOT / folder).glob("*.py")))
    return fingerprint(file for file in files if file.parent != ROOT / _RULES[0] or file.name in _PURE)


_PURE: Final = {
    *("membership.py", "inside.py", "outside.py", "turn.py", "pair_state.py", "events.py", "order.py", "witness.py"),
    "half_open.py",
}
"""The modules of the rules."""


def _tell_violations(violations: list[tuple[int, str]]) -> None:
    from tests.simulation.schedule import schedule
    from tests.simulation.shrinking import fails, shrink

    for seed, what in violations:
        print(f"VIOLATION, seed {seed}: {what}\n{schedule(seed)}", flush=True)
        if fails(schedule(seed)):
            print(f"the smallest that still fails:\n{shrink(schedule(seed))}", flush=True)


def _tell_progress(total: "Tally", schedules: int, seconds: float) -> None:
    print(f"{total.count} of {schedules} schedules, {len(total.violations)} violations, {seconds:.0f} s", flush=True)


def _tell_end(total: "Tally", seconds: float) -> None:
    excused = ", ".join(f"{count} ({reason})" for reason, count in sorted(total.excused.items())) or "none"
    stated = ", ".join(f"{count} {what}" for what, count in sorted(total.stated.items())) or "none"
    print(
        f"{total.count} schedules in {seconds:.0f} s ({total.simulated / 3600:.1f} h of virtual time): "
        f"{len(total.violations)} violations\n"
        f"acknowledged writes: {total.acknowledged}, of these {total.lone} by one server alone; "
        f"gone with the one disk that had to count: {excused}\n"
        f"whole again after at most {total.slowest:.1f} s; pairs that state what a human must do: {stated}"
    )
