"""A history: JSON lines, one observation each, from which a run can be judged again."""

import json
from collections.abc import Iterable
from pathlib import Path

from rehearsal.checks.check import Line


def append(path: Path, lines: Iterable[Line]) -> None:
    """Add lines to the history at `path`, which need not exist."""
    with path.open("a") as history:
        history.writelines(json.dumps(line) + "\n" for line in lines)


def read(path: Path) -> list[Line]:
    """Return the lines of a history. Raises `ValueError` naming the first line that is none."""
    lines: list[Line] = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        try:
            line = json.loads(text)
            line["check"]
        except (ValueError, TypeError, KeyError) as fault:
            raise ValueError(f"{path}:{number}: not a line of a history") from fault
        lines.append(line)
    return lines
