"""A long command that is seen to live: its output goes to a log, its stage to a progress hook."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rehearsal.last_words import last_line

Progress = Callable[[str], None]
"""Takes one short line about what goes on now."""

HEARTBEAT = 5.0
"""Seconds between two signs of life."""

_POLL = 0.2


class CommandError(Exception):
    """A command failed or was cancelled; the text ends with the last line it said and names its log."""


def run_logged(
    command: Sequence[str],
    *,
    title: str,
    log: Path,
    progress: Progress,
    cancelled: threading.Event | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `command`, appending what it says to `log`, calling `progress` at once and each 5 s with its newest line.

    Raises `CommandError` if it fails, or once `cancelled` is set: it is killed with all its children then.
    """
    with log.open("ab") as sink:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        _watch(child, title, log, progress, cancelled)
    finally:
        _kill_group(child)
    if child.returncode:
        raise CommandError(f"{title} failed: {newest_line(log)} (all of it: {log})")


def _watch(
    child: "subprocess.Popen[bytes]", title: str, log: Path, progress: Progress, cancelled: threading.Event | None
) -> None:
    began = spoke = time.monotonic()
    progress(title)
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL)
        if child.returncode is not None:
            return
        if cancelled is not None and cancelled.is_set():
            raise CommandError(f"{title}: cancelled")
        if time.monotonic() - spoke >= HEARTBEAT:
            spoke = time.monotonic()
            progress(f"{title}, {spoke - began:.0f} s so far: {newest_line(log)}")


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def newest_line(log: Path, width: int = 100) -> str:
    """Return the last line with something on it, cut to `width` characters; empty where there is none."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        return last_line(file.read().decode(errors="replace"))[:width]
