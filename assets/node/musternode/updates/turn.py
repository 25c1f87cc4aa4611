"""Whose turn it is in a round of updates: a pure function of what nodes say.

As in a rolling change it goes by ordinal, and nobody begins before those of lower ordinals are through with it; what a
node does in its turn takes it away for minutes, so that all others must serve as well.
"""

from dataclasses import dataclass
from typing import Optional, Tuple

from ..state import SERVING, State
from . import words


@dataclass(frozen=True)
class Other:
    """Another present node; `state` is what it says of itself, None if it is not heard."""

    name: str
    ordinal: int
    state: Optional[State]


@dataclass(frozen=True)
class Sight:
    """What a node sees: what its own member says (None: it does not answer), and the other present nodes.

    `absent` are those that have no instance by the cluster file, as in a roll.
    """

    ordinal: int
    own: Optional[State]
    others: Tuple[Other, ...]
    absent: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Why a node must wait, or why the round is over for it, as clauses; its turn if there is neither."""

    wait: str = ""
    stop: str = ""

    @property
    def go(self) -> bool:
        """Whether it is the node's turn."""
        return not self.wait and not self.stop


def judge(sight: Sight, number: str, *, without: bool = False) -> Verdict:
    """Return whether it is the turn of the node with that sight in the round `number`.

    Absent nodes are waited for, too, unless it is to go on `without` them.
    """
    for other in sight.others:
        if said(other, number) == words.FAILED:
            return Verdict(stop=f"node {other.name} could not be updated")
    if sight.own is None or sight.own.phase != SERVING:
        return Verdict(wait="this node does not serve")
    if sight.absent and not without:
        return Verdict(wait=f"node {sight.absent[0]} is absent by the cluster file")
    return hindrance(sight, number)


def hindrance(sight: Sight, number: str) -> Verdict:
    """Return why the others cannot do without this node now, or not yet; whether it serves is not looked at.

    Its own settings may have begun to change as its turn began: its member heard of neither from the other.
    """
    if sight.own is None:
        return Verdict(wait="this node's member does not answer")
    if _changes(sight.own):
        return Verdict(wait="this node puts other settings in force")
    for other in sight.others:
        if reason := _lacks(other, sight.own.generation):
            return Verdict(wait=f"node {other.name} {reason}")
        if other.ordinal < sight.ordinal and said(other, number) != words.DONE:
            return Verdict(wait=f"node {other.name} has its turn first")
    return Verdict()


def said(other: Other, number: str) -> str:
    """Return how far another node says that it is in the round `number`, empty if it says nothing of that."""
    word = None if other.state is None else words.read(other.state.updates)
    return word.phase if word is not None and word.round == number else ""


def _lacks(other: Other, generation: str) -> str:
    if other.state is None:
        return "does not answer"
    if other.state.phase != SERVING:
        return f"is {other.state.phase}"
    if other.state.generation != generation:
        return f"is at generation {other.state.generation}"
    if _changes(other.state):
        return "puts other settings in force"
    word = words.read(other.state.updates)
    return "has its turn" if word is not None and word.phase in words.TURN else ""


def _changes(state: State) -> bool:
    word = words.read(state.updates)
    return word is not None and word.phase == words.CHANGES
