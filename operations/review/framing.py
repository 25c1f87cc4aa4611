"""What the reports of one cluster file have in common."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from operations.errors import Failure
from operations.review.deciding import review
from operations.review.report import Report
from operations.review.synthesis import Side, difference
from operations.review.values import Template

NEW: Final = "a new cluster: there is nothing to compare with"


@dataclass(frozen=True)
class Frame:
    """A cluster file, a folder to work in, and the notes and faults that belong to each of its reports."""

    file: Path
    folder: Path
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    bad_input: bool = False

    def with_faults(self, lines: Sequence[str], *, bad_input: bool) -> "Frame":
        """Return the frame with more faults; `bad_input` if a file is wrong."""
        return replace(self, faults=(*self.faults, *lines), bad_input=bad_input)

    def unable(self, against: str) -> Report:
        """Return the report of what cannot be compared, for the faults."""
        return Report(str(self.file), against, None, notes=self.notes, faults=self.faults, bad_input=self.bad_input)

    def skipped(self, against: str, why: str) -> Report:
        """Return the report of what is not compared; that is told, and is no fault of the file."""
        return Report(str(self.file), against, None, notes=(*self.notes, f"not compared: {why}"))

    def report(self, against: str, old: Template | None, new: Side | None, *notes: str) -> Report:
        """Return the report of a comparison; None is a stack that is not there. Raises `Failure`."""
        try:
            found = review(old, new.template if new else None)
        except ValueError as error:
            raise Failure(f"{self.file} against {against}: the settings document cannot be read: {error}") from error
        said = (*self.notes, *notes, *([NEW] if old is None else []))
        return Report(str(self.file), against, found, self._difference(old, new), said, self.faults)

    def _difference(self, old: Template | None, new: Side | None) -> str:
        if old is None or new is None:
            return ""
        file = self.folder / "before.template.json"
        file.write_text(json.dumps(old), encoding="utf-8")
        return difference(file, new)
