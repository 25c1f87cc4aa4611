"""What a fault is: something done to a running cluster that is undone, whatever happens meanwhile."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.faults.stage import Stage

Heal = Callable[[], None]
"""Undoes a fault; a second call does nothing."""


class FaultError(Exception):
    """A fault could not be made or undone; the text is one line that says why."""


@dataclass(frozen=True)
class Fault:
    """A fault by its name. `begin` makes it, all of it or nothing, and returns what undoes it.

    `hold` is how long it usually lasts, in seconds; 0 for one that is over at once, such as a killed process.
    """

    name: str
    what: str
    begin: "Callable[[Stage], Heal]"
    hold: float = 0.0
    crashes: tuple[str, ...] = ()
    """Nodes whose H2 server ends without closing its database, so that what it had not flushed is gone there."""
    survivor: str = ""
    """The node whose application goes on, empty where each does, or none."""
    parts: bool = False
    """Whether the nodes do not reach each other meanwhile, though both run."""
    unnoticed: bool = False
    """Whether no client of either node is to notice anything."""


@contextmanager
def injected(fault: Fault, stage: "Stage") -> Iterator[Heal]:
    """Have the fault for the time of the block; it is undone at the block's end at the latest, Ctrl-C included."""
    heal = fault.begin(stage)
    try:
        yield heal
    finally:
        heal()


def once(undo: Callable[[], object]) -> Heal:
    """Return `undo` so that only the first call that does not fail counts."""
    done = threading.Event()

    def heal() -> None:
        if not done.is_set():
            undo()
            done.set()

    return heal


def nothing() -> None:
    """Heal what is over already."""
