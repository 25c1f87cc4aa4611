"""What a person sees while a rehearsal works: one line as each phase ends, and what it waits for in between."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

HEARTBEAT = 10.0
"""Without a terminal a waiting phase says so at least this often, in seconds."""


class Progress:
    """Prints phases with their seconds, and keeps those for the report.

    On a terminal the running phase is shown with a spinner; elsewhere as plain lines. Texts are printed as they are:
    they come from logs and other programs, and may hold anything.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self.phases: dict[str, float] = {}
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._running: dict[str, str] = {}
        self._spoke = self._began

    def say(self, text: str, aside: str = "") -> None:
        """Print one line after the seconds since the start; `aside` follows it dimly."""
        with self._lock:
            self._spoke = time.monotonic()
            since = f"{self._spoke - self._began:6.1f} s  "
            self.console.print(Text.assemble((since, "dim"), text, (aside, "dim")))

    def plain(self, text: str = "") -> None:
        """Print text as it is, so that it can be copied."""
        self.console.print(text, markup=False, highlight=False)

    def verdict(self, verdict: str, text: str) -> None:
        """Print a line that begins with a verdict in its colour."""
        colour = {"valid": "green", "invalid": "red"}.get(verdict, "yellow")
        self.console.print(Text.assemble("  ", (f"{verdict:8}", colour), f" {text}"))

    def detail(self, phase: str, text: str) -> None:
        """Tell what a running phase waits for now."""
        self._running[phase] = text

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[None]:
        """Time a phase: a line at its end, signs of life while it runs."""
        started = time.monotonic()
        self._running[name] = ""
        done = threading.Event()
        watcher = threading.Thread(target=self._show, args=(name, title, started, done), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            self._running.pop(name, None)
            self.phases[name] = round(time.monotonic() - started, 2)
        self.say(title, f" ({self.phases[name]:.1f} s)")

    def _show(self, name: str, title: str, started: float, done: threading.Event) -> None:
        if self.console.is_terminal and len(self._running) == 1:
            self._spin(name, title, started, done)
            return
        while not done.wait(0.5):
            if time.monotonic() - max(self._spoke, started) >= HEARTBEAT:
                self.say(f"{title} ... {self._running.get(name, '')}")

    def _spin(self, name: str, title: str, started: float, done: threading.Event) -> None:
        with self.console.status(Text(title)) as status:
            while not done.wait(0.2):
                waiting = f" {time.monotonic() - started:.0f} s {self._running.get(name, '')}"
                status.update(Text.assemble(title, (waiting, "dim")))
