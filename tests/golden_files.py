"""Texts that are kept, and compared to the letter.

After a change that is meant, `HOW` writes them anew; what they say then is part of the change and read like code.
"""

import difflib
import itertools
import os
from pathlib import Path

WRITE = os.environ.get("MUSTER_GOLDEN") == "write"
"""Whether texts are written rather than compared."""
HOW = "MUSTER_GOLDEN=write python -m pytest tests/test_golden.py tests/test_cluster_stack.py tests/test_security_doc.py"

SHOWN = 60
"""Lines of the difference that a failure shows."""


def same_as_kept(text: str, file: Path) -> None:
    """Assert that the file holds exactly `text`, or write it there if that is asked for."""
    if WRITE:
        file.write_text(text, encoding="utf-8")
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    changes = difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "now", n=1, lineterm="")
    shown = list(itertools.islice(changes, SHOWN))
    assert not shown, "\n".join([f"{file} says something else; if the change is meant: {HOW}", *shown])


def same_as_between(text: str, file: Path, name: str) -> None:
    """Assert that exactly `text` stands in the file between `<!-- NAME -->` and `<!-- end of NAME -->`, or write it."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = file.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    assert found, f"{file} lacks the line {begin}"
    assert closed, f"{file} lacks the line {end}"
    same_as_kept(before + begin + text + end + after, file)
