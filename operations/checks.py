"""`muster test`: every check of the project, in one order, on every machine."""

import sys
import time
from dataclasses import dataclass

from operations import ROOT
from operations.steps import run_step

SOURCES = ["app.py", "delivery.py", "stacks", "constructs", "operations", "rehearsal", "assets", "tests"]

SCRIPTS = ["muster", ".ci/run", ".github/review", ".github/aws-session"]


@dataclass(frozen=True)
class Step:
    """One check: its name and its command, run in the checkout."""

    name: str
    command: list[str]


def steps(*, full: bool, whole_machine: bool) -> list[Step]:
    """Return the checks in order. Without `whole_machine` (root on Debian) the tests that need hosts are left out."""
    markers = [] if full else ["not full"]
    if not whole_machine:
        markers += ["not host", "not scenario"]
    chosen = ["-m", " and ".join(markers)] if markers else []
    shell = [*SCRIPTS, *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "assets").rglob("*.sh"))]
    return [
        Step("ruff check", ["ruff", "check", *SOURCES]),
        Step("ruff format", ["ruff", "format", "--check", *SOURCES]),
        Step("shellcheck", ["shellcheck", *shell]),
        Step("mypy", ["mypy"]),
        Step("checkov's environment", ["python", "-m", "operations.checkov"]),
        Step("pytest", ["python", "-m", "pytest", "-v", "--durations=15", *chosen]),
    ]


def run_checks(*, full: bool) -> int:
    """Run every check, say what each cost, and return 0 only if all passed."""
    whole_machine = _prepare_machine()
    failed = []
    began = time.monotonic()
    for step in steps(full=full, whole_machine=whole_machine):
        started = time.monotonic()
        print(f"== {step.name}", flush=True)
        code = run_step(step.command, cwd=ROOT)
        print(
            f"== {step.name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True
        )
        if code:
            failed.append(step.name)
    if not full:
        print("== not run here: the long scenarios (./muster test --full)")
    if not whole_machine:
        print("== not run here: the tests on real hosts (they need root on a Debian-family Linux)")
    print(f"== {'FAILED: ' + ', '.join(failed) if failed else 'all passed'} in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _prepare_machine() -> bool:
    from operations.rehearse import install_missing
    from rehearsal import machine

    if reason := machine.unfit():
        print(f"== only the unit tests: {reason}", file=sys.stderr)
        return False
    install_missing()
    return True
