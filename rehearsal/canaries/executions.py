"""Sees every program that is started on this machine, with its arguments and environment, however short it lives.

A process of its own looks (`kernel`). What it has seen stays in its memory; it is asked once, by its standard input,
and answers with names alone. If the kernel had more to tell than was taken, it ends, and the question fails.
"""

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.canaries.search import Search


@dataclass(frozen=True)
class Told:
    """How many programs were `seen`, how many had ended before they were looked at, and where canaries stand."""

    seen: int
    missed: int
    found: tuple[str, ...]


class Watcher:
    """Watches for the time of a `with` block; `asked` ends it, and may be called once. Needs root."""

    def __init__(self) -> None:
        argv = [sys.executable, "-m", "rehearsal.canaries.kernel"]
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def __enter__(self) -> "Watcher":
        """Return once every start is seen. Raises `OSError` if the kernel tells nothing."""
        assert self._child.stdout is not None
        if self._child.stdout.readline() != "watching\n":
            raise OSError("the kernel does not tell of programs that start (CONFIG_PROC_EVENTS, root)")
        return self

    def asked(self, search: "Search") -> Told:
        """Return what was seen until now, and end."""
        patterns = {base64.b64encode(known).decode(): name for known, name in search.known.items()}
        said, _ = self._child.communicate(json.dumps(patterns))
        told = json.loads(said)
        return Told(told["seen"], told["missed"], tuple(told["found"]))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
