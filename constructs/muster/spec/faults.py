"""Faults of a cluster file, each one line that says what is wrong and what is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass

Location = tuple[str, ...]
"""The way to a field: the keys from the top of the file, list places as digits."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the file `path`; `line` counts from 1 and is None where no line holds the cause."""

    path: str
    line: int | None
    field: str
    what: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return ": ".join(part for part in (where, self.field, self.what) if part)


class SpecError(Exception):
    """A cluster file is refused; `faults` holds every reason, `str()` gives one line for each, by line number."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults), key=lambda fault: (fault.line or 0, fault.field, fault.what)))
        super().__init__("\n".join(str(fault) for fault in self.faults))
