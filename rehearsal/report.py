"""The report of a rehearsal: verdict, phases, members, checks, URL."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rehearsal.checks.result import CheckResult, Verdict, overall


@dataclass(frozen=True)
class Report:
    """What came of a rehearsal. `phases` are seconds by phase; `members` have at least name and address.

    `stand_ins` are sentences: for what of the cluster file something else ran on the hosts.
    """

    phases: Mapping[str, float]
    members: Sequence[Mapping[str, str]]
    checks: tuple[CheckResult, ...]
    url: str
    stand_ins: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks' verdicts; without checks unknown."""
        return overall(self.checks)

    def document(self) -> dict[str, Any]:
        """Return the report as it is written: verdict, phases, members, checks, url, stand-ins."""
        return {
            "verdict": self.verdict,
            "phases": dict(self.phases),
            "members": [dict(member) for member in self.members],
            "checks": [asdict(check) for check in self.checks],
            "url": self.url,
            "stand_ins": list(self.stand_ins),
        }

    def write(self, path: Path) -> None:
        """Write the report as JSON to `path`, whole or not at all. Raises `OSError`."""
        handle, temporary = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(self.document(), file, indent=2)
                file.write("\n")
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
