"""`muster audit`: does any pinned package have a known vulnerability? Asks the databases of OSV (for PyPI) and npm."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from operations import ROOT, environments
from operations.accepted import ACCEPTED, acceptances
from operations.errors import Failure

LISTS: Final = ("requirements.txt", "requirements-checkov.txt", "requirements-audit.txt")
QUIET: Final = 10.0
"""Seconds after which a database that has not answered is told of, and each further as many."""


@dataclass(frozen=True, order=True)
class Advisory:
    """A known vulnerability of a pinned package; `ids` are all its names."""

    package: str
    version: str
    ids: tuple[str, ...]
    title: str


def audit_command(pip_options: Sequence[str] = (), npm_options: Sequence[str] = ()) -> int:
    """Ask both databases about every pin; return 0 only if they answered and know nothing that is not accepted.

    What is accepted and no longer found fails too. Raises `Failure`, also for an acceptance that has ended.
    """
    accepted = acceptances(ACCEPTED.read_text(encoding="utf-8"), datetime.now(UTC).date())
    python = environments.environment("audit", "half a minute, 50 MB")
    found = {each for pins in LISTS for each in of_pip(_asked(_pip_audit(python, pins, pip_options), pins))}
    found |= set(of_npm(_asked(_npm_audit(npm_options), "package-lock.json")))
    passing = {(each.package, each.id) for each in accepted}
    left = [each for each in sorted(found) if not any((each.package, name) in passing for name in each.ids)]
    for each in left:
        print(f"{each.package} {each.version}: {', '.join(each.ids)}: {each.title}")
    stale = sorted(passing - {(each.package, name) for each in found for name in each.ids})
    for package, name in stale:
        print(f"{ACCEPTED.name} accepts {name} of {package}, which is no longer found: remove it there")
    print(f"{len(left)} known vulnerabilities, {len(found) - len(left)} accepted")
    return 1 if left or stale else 0


def of_pip(report: dict[str, Any]) -> Iterator[Advisory]:
    """Yield what a report of pip-audit holds. Raises `Failure` if it is none, or if it left a package out."""
    for each in report.get("dependencies", [{"skip_reason": "no packages in the report"}]):
        if "skip_reason" in each:
            raise Failure(f"pip-audit did not look at {each.get('name', 'anything')}: {each['skip_reason']}")
        for vulnerability in each["vulns"]:
            ids = (vulnerability["id"], *vulnerability["aliases"])
            title = vulnerability["description"].splitlines()[0] if vulnerability["description"] else "no title"
            yield Advisory(each["name"], each["version"], ids, title)


def of_npm(report: dict[str, Any]) -> Iterator[Advisory]:
    """Yield what a report of `npm audit` holds. Raises `Failure` if it is none."""
    if "vulnerabilities" not in report:
        raise Failure(f"npm audit got no answer ({report.get('message') or report}); it needs the network")
    told: Iterable[Any] = (via for each in report["vulnerabilities"].values() for via in each["via"])
    for via in told:
        if isinstance(via, dict):  # else the name of another package of the report, through which this one is concerned
            yield Advisory(via["name"], via["range"], (via["url"].rpartition("/")[2],), via["title"])


def _pip_audit(python: Path, pins: str, options: Sequence[str]) -> list[str]:
    # the lists hold everything by hash: pip is neither asked what else is needed, nor does it fetch anything
    command = [str(python), "-I", "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    return [*command, "--format", "json", "--vulnerability-service", "osv", *options, "--requirement", pins]


def _npm_audit(options: Sequence[str]) -> list[str]:
    return ["npm", "audit", "--package-lock-only", "--json", *options]


def _asked(command: Sequence[str], pins: str) -> dict[str, Any]:
    """Return the report that `command` prints about `pins`; what it says besides is told only if there is none."""
    print(f"asking about {pins} ...", flush=True)
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as words:
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=told, stderr=words)
        _wait(child, pins)
        told.seek(0), words.seek(0)
        try:
            report: dict[str, Any] = json.load(told)
        except json.JSONDecodeError:
            last = (words.read().decode(errors="replace").strip().splitlines() or ["without a word"])[-1]
            raise Failure(f"{pins}: no answer ({last[:300]}); it needs the network") from None
    return report


def _wait(child: subprocess.Popen[bytes], pins: str) -> None:
    began = time.monotonic()
    try:
        while True:
            try:
                child.wait(QUIET)
            except subprocess.TimeoutExpired:
                print(f"asking about {pins} ... {time.monotonic() - began:.0f} s", flush=True)
            else:
                return
    finally:
        child.kill()
        child.wait()
