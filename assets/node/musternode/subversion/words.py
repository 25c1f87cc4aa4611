"""What a management node says of its repository to the other one, and what follows from both words. Pure rules."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Dict, Mapping, Optional

SILENT = 30.0
"""Seconds without a word after which a node that is to commit no longer waits for the other one to give way."""


class Role(Enum):
    """What a repository is for."""

    COMMITTING = "committing"
    PASSIVE = "passive"
    """A mirror, which takes no writes."""


@dataclass(frozen=True)
class Word:
    """One node's repository; without a `role` it has none.

    `term` counts the changes of who commits: of two that both do, the one with the higher term goes on.
    """

    node: str
    role: Optional[Role] = None
    term: int = 0
    uuid: str = ""
    youngest: int = 0


class Step(Enum):
    """What a node does next."""

    NOTHING = "nothing"
    WAIT = "wait"
    """It lacks the other one's word, or that one's repository."""
    MAKE = "make"
    """Make an empty repository, to commit into."""
    MIRROR = "mirror"
    """Bring here what the other one has."""
    PROMOTE = "promote"
    DEMOTE = "demote"


def step(wanted: Role, here: Word, other: Optional[Word], *, pair: bool, silent: float) -> Step:
    """Return what the node of `here` does, whose settings want it to be `wanted`.

    `other` is the other management node's word, None if it is not heard, which it has not been for `silent` seconds;
    `pair` is whether the settings know another one. Nothing that was committed is given up but for the operator's word:
    a node takes over when the other one has stopped and has nothing that it lacks, or is silent. An empty repository is
    made only where the other one is known to have none.
    """
    if wanted is Role.PASSIVE:
        return _passive(here, other)
    if here.role is Role.COMMITTING:
        return Step.DEMOTE if other is not None and _beats(other, here) else Step.NOTHING
    begin = Step.MAKE if here.role is None else Step.PROMOTE
    if not pair:
        return begin
    if other is None:
        return Step.PROMOTE if here.role is not None and silent >= SILENT else Step.WAIT
    if other.role is Role.COMMITTING:
        return Step.MIRROR  # until its own settings tell it to stop
    if other.role is None:
        return begin
    return Step.MIRROR if here.role is None or _ahead(other, here) else Step.PROMOTE


def _passive(here: Word, other: Optional[Word]) -> Step:
    if here.role is Role.COMMITTING:
        return Step.DEMOTE
    if other is not None and other.role is Role.COMMITTING:
        return Step.MIRROR
    return Step.WAIT


def _beats(other: Word, here: Word) -> bool:
    """Return whether `here` gives way: it took part in an earlier term, or the names decide."""
    return other.role is Role.COMMITTING and (other.term, here.node) > (here.term, other.node)


def _ahead(other: Word, here: Word) -> bool:
    return (other.term, other.youngest) > (here.term, here.youngest)


def following(here: Word, other: Optional[Word]) -> int:
    """Return the term of a node that begins to commit."""
    return max(here.term, other.term if other is not None else 0) + 1


def document(word: Word) -> Dict[str, Any]:
    """Return it as a JSON value."""
    role = None if word.role is None else word.role.value
    return {"node": word.node, "role": role, "term": word.term, "uuid": word.uuid, "youngest": word.youngest}


def read(value: Any) -> Optional[Word]:
    """Return the word in a JSON value, None if it is none."""
    if not isinstance(value, Mapping):
        return None
    node, term, youngest = value.get("node"), value.get("term"), value.get("youngest")
    uuid, role = value.get("uuid"), value.get("role")
    if not (isinstance(node, str) and isinstance(uuid, str) and type(term) is int and type(youngest) is int):
        return None
    try:
        return Word(node, None if role is None else Role(role), term, uuid, youngest)
    except ValueError:
        return None
