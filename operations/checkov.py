"""checkov, in an environment of its own: its pins and Muster's exclude each other.

`python -m operations.checkov` makes the environment, for whoever wants to see that this takes its time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from operations import ROOT
from operations.errors import Failure
from operations.steps import run_step
from rehearsal import places

PINS: Final = ROOT / "requirements-checkov.txt"

OFFLINE: Final = {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "BC_SKIP_MAPPING": "true"}
"""checkov asks nobody: not for a newer checkov, not for the vendor's own names of its checks."""

COMMAND: Final = ("-m", "checkov.main", "--framework", "cloudformation", "--skip-download", "--compact")


@dataclass(frozen=True, order=True)
class Check:
    """What checkov says of one resource: the template's file name, the rule, the logical id, and a skip's reason."""

    template: str
    rule: str
    resource: str
    reason: str = ""


@dataclass(frozen=True)
class Scan:
    """What checkov says of a folder of templates."""

    passed: int
    failed: tuple[Check, ...]
    skipped: tuple[Check, ...]


def environment() -> Path:
    """Return checkov's Python, installing it first (half a minute, some 300 MB) unless these very pins are there.

    Two processes never install at once, and one that was killed leaves nothing that is taken for whole.
    Raises `Failure` if the packages cannot be installed.
    """
    folder = places.cache() / f"checkov-{_key()}"
    whole = folder / "whole"
    with _alone(folder):
        if not whole.exists():
            _install(folder)
            whole.touch()
    return folder / "bin" / "python"


def scan(templates: Path) -> Scan:
    """Return what checkov says of the CloudFormation templates (`*.json`) in the folder `templates`, asking nobody.

    Raises `Failure` if checkov itself fails or cannot read one of them.
    """
    command = [str(environment()), *COMMAND, "--output", "json", "--directory", str(templates)]
    # nothing of the user's: neither keys nor a configuration in the home folder change what is found
    bare = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(templates), **OFFLINE}
    done = subprocess.run(command, env=bare, cwd=templates, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
        summary, results = report["summary"], report["results"]
    except (json.JSONDecodeError, KeyError) as error:
        raise Failure(f"checkov failed with code {done.returncode}: {(done.stderr or done.stdout)[-500:]}") from error
    if summary["parsing_errors"]:
        raise Failure(f"checkov cannot read {results['parsing_errors']}")
    return Scan(summary["passed"], _checks(results["failed_checks"]), _checks(results["skipped_checks"]))


def _checks(found: list[dict[str, Any]]) -> tuple[Check, ...]:
    return tuple(
        sorted(
            Check(
                each["file_path"].removeprefix("/"),
                each["check_id"],
                each["resource"].rpartition(".")[2],
                each["check_result"].get("suppress_comment", ""),
            )
            for each in found
        )
    )


def _key() -> str:
    """Return 16 hex digits that change with any pin and with the Python that runs."""
    return hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()[:16]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(folder: Path) -> None:
    print(f"installing checkov in {folder} (the first time: about half a minute)", flush=True)
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    for command in [sys.executable, "-m", "venv", str(folder)], [*pip, "--require-hashes", "-r", str(PINS)]:
        if code := run_step(command, cwd=ROOT):
            raise Failure(f"checkov cannot be installed ({command[2]} ended with {code}, its words are above)")
    print(f"installed checkov in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        print(f"checkov is ready: {environment()}")
    except Failure as failure:
        sys.exit(f"muster: {failure}")
