"""`muster diff`: what a change does to the nodes, before it is deployed."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from operations.errors import Failure
from operations.review.comparing import Wanted, comparing
from operations.review.markdown import LIMIT, SMALLEST, render
from operations.review.report import exit_code
from operations.review.terminal import console, show
from rehearsal.progress import Progress


def diff_command(
    files: Sequence[Path],
    *,
    against: str | None = None,
    old: Path | None = None,
    deployed: bool = False,
    markdown: Path | None = None,
    limit: int = LIMIT,
) -> int:
    """Compare cluster files with what they were, print the reports, and return the exit code.

    0: nothing is refused; 1: something is; 2: a file is wrong. Without `against`, `old` and `deployed` it is HEAD that
    they are compared with; without files, all in clusters/. Raises `Failure` for wrong options.
    """
    wanted = _wanted(against, old, deployed=deployed)
    _check(files, wanted, markdown, limit)
    progress = Progress(Console(file=sys.stderr, highlight=False, soft_wrap=True))
    with comparing(wanted, progress) as all_of_it:
        reports = all_of_it.reports(files)
    to = console()
    for report in reports:
        show(report, to)
    if markdown:
        _write(markdown, render(reports, limit))
    return exit_code(reports)


def _wanted(against: str | None, old: Path | None, *, deployed: bool) -> Wanted:
    if against is not None and old is not None:
        raise Failure("--against and --old are two answers to one question; give one", code=2)
    ref = against or ("HEAD" if old is None and not deployed else None)
    return Wanted(ref, old, deployed)


def _check(files: Sequence[Path], wanted: Wanted, markdown: Path | None, limit: int) -> None:
    if wanted.old is not None and not wanted.old.is_file():
        raise Failure(f"--old {wanted.old}: no such file", code=2)
    if wanted.ref is None and (missing := [file for file in files if not file.is_file()]):
        raise Failure(f"{missing[0]}: no such file", code=2)
    if markdown:
        _check_output(markdown)
    if limit < SMALLEST:
        raise Failure(f"--limit {limit}: want at least {SMALLEST}", code=2)


def _check_output(file: Path) -> None:
    """Raise `Failure` for what cannot be written, before the comparison that it would hold."""
    folder = file.resolve().parent
    if not folder.is_dir():
        raise Failure(f"--markdown {file}: there is no folder {folder}", code=2)
    if file.is_dir():
        raise Failure(f"--markdown {file}: is a folder; name a file in it", code=2)
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise Failure(f"--markdown {file}: cannot be written; name another file", code=2)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"--markdown {file}: cannot be written: {error.strerror}") from error
