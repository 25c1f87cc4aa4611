"""The operations of all clients of a run, in memory for those that need them and in a file for the judge."""

import json
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.writers.operation import WRITE, Operation

CHECK = "operation"
"""The name under which operations stand in a history (`rehearsal.checks.history`)."""


class Journal:
    """Collects operations from several threads. Closed, it is whole on disk; a killed run keeps all but the last."""

    def __init__(self, file: Path) -> None:
        """Begin, or go on with, the history in `file`."""
        self._sink = file.open("a", buffering=1 << 16)
        self._lock = threading.Lock()
        self._operations: list[Operation] = []
        self._acknowledged: list[Operation] = []

    def add(self, operation: Operation) -> None:
        """Keep an operation."""
        line = json.dumps({"check": CHECK, **asdict(operation)})
        with self._lock:
            self._operations.append(operation)
            if operation.kind == WRITE and operation.succeeded:
                self._acknowledged.append(operation)
            self._sink.write(f"{line}\n")

    def note(self, check: str, **seen: Any) -> None:
        """Keep another observation of the run, such as a fault's begin."""
        with self._lock:
            self._sink.write(f"{json.dumps({'check': check, **seen})}\n")

    def some_acknowledged(self, recent: int = 200) -> Operation | None:
        """Return a write that was acknowledged, one of the last or any, each as likely; None before the first."""
        with self._lock:
            known = self._acknowledged
            if not known:
                return None
            pool = known[-recent:] if random.random() < 0.5 else known  # noqa: S311 - a test's choice
            return random.choice(pool)  # noqa: S311

    def operations(self) -> Sequence[Operation]:
        """Return all operations so far, in the order of their ends."""
        with self._lock:
            return tuple(self._operations)

    def close(self) -> None:
        """Write the rest to disk."""
        with self._lock:
            self._sink.close()


def read(file: Path) -> Iterator[Operation]:
    """Yield the operations of a history. Raises `ValueError` for a file that is none."""
    from rehearsal.checks import history

    for line in history.read(file):
        if line["check"] == CHECK:
            yield Operation(**{name: value for name, value in line.items() if name != "check"})
