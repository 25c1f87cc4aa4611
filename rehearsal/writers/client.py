"""One client in a thread of its own: asks, notes what came of it, waits a moment, and asks again."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from rehearsal.visitor import Answer
from rehearsal.writers.journal import Journal
from rehearsal.writers.operation import READ, VISIT, WRITE, Operation, Outcome

PAUSE = 0.02
"""Seconds between an answer and the next question of the same client."""


class Line(Protocol):
    """A way to ask one place by HTTP, such as `rehearsal.visitor.Client`."""

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the answer, or raise `OSError` or `http.client.HTTPException`."""

    def close(self) -> None:
        """Make a new connection for the next question."""


@dataclass(frozen=True)
class Place:
    """A node's application, or the balancer, and how to get a line to it."""

    node: str
    open: Callable[[], Line]


class Client(threading.Thread):
    """Repeats one kind of operation. Subclasses say what they ask."""

    def __init__(self, name: str, place: Place, journal: Journal, ended: threading.Event, pause: float = PAUSE) -> None:
        super().__init__(name=name, daemon=True)
        self._place, self._journal, self._ended, self._pause = place, journal, ended, pause
        self._number = 0

    def run(self) -> None:
        """Ask until the end."""
        line = self._place.open()
        try:
            while not self._ended.is_set():
                self._number += 1
                if (planned := self.plan(self._number)) is not None:
                    self._journal.add(self._carry_out(line, planned))
                self._ended.wait(self._pause)
        finally:
            line.close()

    def plan(self, number: int) -> Operation | None:
        """Return the next operation, not yet carried out; None if there is nothing to ask for now."""
        raise NotImplementedError

    def ask(self, line: Line, planned: Operation) -> tuple[int, str | None]:
        """Ask; return the code, and what was found."""
        raise NotImplementedError

    def _carry_out(self, line: Line, planned: Operation) -> Operation:
        start = time.monotonic()
        code, found, outcome = 0, None, _no_answer()
        try:
            code, found = self.ask(line, planned)
            outcome = judged(planned, code)
        except ConnectionRefusedError:
            outcome = "refused"  # nobody listened, so nothing was sent
            line.close()
        except (OSError, http.client.HTTPException):
            line.close()
        return replace(planned, start=start, end=time.monotonic(), outcome=outcome, code=code, found=found)

    def _planned(self, kind: str, key: str, value: str) -> Operation:
        return Operation(self.name, self._place.node, kind, key, value, 0.0, 0.0, "indeterminate")


def _no_answer() -> Outcome:
    return "indeterminate"


def judged(planned: Operation, code: int) -> Outcome:
    """Return what an answer means: a read of a key that is not there was answered, too (what it found says so)."""
    if code == 200 or (planned.kind == READ and code == 404):
        return "acknowledged"
    return "refused"


class Writer(Client):
    """Writes a key that was never used before, each time; the value says which attempt it was."""

    def plan(self, number: int) -> Operation:
        """Return a write."""
        key = f"{self.name}-{number}"
        return self._planned(WRITE, key, f"v-{key}")

    def ask(self, line: Line, planned: Operation) -> tuple[int, str | None]:
        """Put the entry."""
        answer = line.request("PUT", f"/admin/configuration/{planned.key}", planned.value.encode())
        return answer.code, None


class Reader(Client):
    """Reads, through its node, what was acknowledged to anybody before."""

    def plan(self, number: int) -> Operation | None:  # noqa: ARG002 - what is read is drawn
        """Return a read of a key whose write has been acknowledged."""
        known = self._journal.some_acknowledged()
        return None if known is None else self._planned(READ, known.key, known.value)

    def ask(self, line: Line, planned: Operation) -> tuple[int, str | None]:
        """Get the entry."""
        answer = line.request("GET", f"/api/configuration/{planned.key}")
        return answer.code, str(answer.json()["value"]) if answer.code == 200 else None


class Visitor(Client):
    """A user with a session, by way of the balancer; which host answers is noted."""

    def plan(self, number: int) -> Operation:  # noqa: ARG002 - each visit is like the last
        """Return a visit."""
        return self._planned(VISIT, "", "")

    def ask(self, line: Line, planned: Operation) -> tuple[int, str | None]:  # noqa: ARG002
        """Get the session's counter."""
        answer = line.request("GET", "/api/session")
        return answer.code, str(answer.json()["node"]) if answer.code == 200 else None
