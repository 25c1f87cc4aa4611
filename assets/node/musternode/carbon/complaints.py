"""What the product's log complains of last: a clause with the fault and its first cause."""

from pathlib import Path
from typing import List, Sequence

from .lines import HEAD

LOOKED_AT = 64 << 10
"""Bytes of the log's end that are looked at."""
LONGEST = 300
"""Characters of a fault, and of its cause."""
_GRAVE = (" ERROR ", " FATAL ")


def last(lines: Sequence[str]) -> str:
    """Return the last fault in `lines` with the innermost cause that stands below it, empty if there is none."""
    places = [place for place, line in enumerate(lines) if any(word in line[:200] for word in _GRAVE)]
    if not places:
        return ""
    below: List[str] = [line.strip() for line in lines[places[-1] + 1 :] if line.strip().startswith("Caused by:")]
    fault = HEAD.sub("", lines[places[-1]], count=1).strip()
    return "; ".join(each[:LONGEST] for each in (fault, *below[-1:]))


def of(log: Path) -> str:
    """Return the last fault that the file `log` tells, empty if it tells none or is not there."""
    if not log.is_file():  # whatever the product's user has put in its place
        return ""
    try:
        with log.open("rb") as opened:
            opened.seek(max(0, log.stat().st_size - LOOKED_AT))
            return last(opened.read(LOOKED_AT).decode("utf-8", "replace").splitlines())
    except OSError:
        return ""
