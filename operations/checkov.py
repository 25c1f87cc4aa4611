"""checkov, in an environment of its own: its pins and Muster's exclude each other.

`python -m operations.checkov` makes the environment, for whoever wants to see that this takes its time.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from operations import environments
from operations.errors import Failure

OFFLINE: Final = {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "BC_SKIP_MAPPING": "true"}
"""checkov asks nobody: not for a newer checkov, not for the vendor's own names of its checks."""

COMMAND: Final = ("-I", "-m", "checkov.main", "--framework", "cloudformation", "--skip-download", "--compact")


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
    """Return checkov's Python, installed first unless its very pins are there. Raises `Failure`."""
    return environments.environment("checkov", "about half a minute, 300 MB")


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


if __name__ == "__main__":
    try:
        print(f"checkov is ready: {environment()}")
    except Failure as failure:
        sys.exit(f"muster: {failure}")
