"""The rules' state copied in a cheaper way: half of a run's time would go into `dataclasses.replace` else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from musternode.h2.pair_state import State
from musternode.h2.turn import Turn


def put(turn: Turn, **changes: Any) -> None:
    """Do what `Turn.put` does: a new state, with fields that there are."""
    known = turn.state.__dict__
    if not changes.keys() <= known.keys():
        raise TypeError(f"State has no {sorted(changes.keys() - known.keys())}")
    state = object.__new__(State)
    state.__dict__.update(known)
    state.__dict__.update(changes)
    turn.state = state


@contextmanager
def copying() -> Iterator[None]:
    """Have the rules copy their state so."""
    real = Turn.put
    setattr(Turn, "put", put)  # noqa: B010 - a function of another module takes the method's place
    try:
        yield
    finally:
        setattr(Turn, "put", real)  # noqa: B010
