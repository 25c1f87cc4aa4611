"""What a check found: valid, invalid or unknown, with the figures that say why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["valid", "invalid", "unknown"]

WORST_FIRST: tuple[Verdict, ...] = ("invalid", "unknown", "valid")


@dataclass(frozen=True)
class Finding:
    """A checker's answer; `detail` is one line with the figures behind it."""

    verdict: Verdict
    detail: str


@dataclass(frozen=True)
class CheckResult:
    """The finding of the check `name`, as it stands in a report."""

    name: str
    verdict: Verdict
    detail: str


def valid(detail: str) -> Finding:
    """Return the finding that a promise was seen to hold."""
    return Finding("valid", detail)


def invalid(detail: str) -> Finding:
    """Return the finding that a promise was seen broken."""
    return Finding("invalid", detail)


def unknown(detail: str) -> Finding:
    """Return the finding that what was seen proves nothing."""
    return Finding("unknown", detail)


def overall(results: Iterable[CheckResult]) -> Verdict:
    """Return the worst verdict: invalid before unknown before valid; of no results at all: unknown."""
    verdicts = {result.verdict for result in results}
    return next((verdict for verdict in WORST_FIRST if verdict in verdicts), "unknown")
