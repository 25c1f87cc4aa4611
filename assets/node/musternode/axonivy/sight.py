"""Whom a member sees, and whether the cluster has formed: pure functions of what it and the others know.

Of its cluster the engine tells nobody but those who administer it. So a member counts whose engine answers, by its own
word, and whose JGroups lets this node in: without that its engine would be alone.
"""

from typing import AbstractSet, FrozenSet, Mapping

from ..state import SERVING, State
from .words import Word


def seen(own: str, others: Mapping[str, State], doors: AbstractSet[str], *, healthy: bool) -> FrozenSet[str]:
    """Return the addresses that are members now: `own` while its engine is `healthy`, and the `others` that are.

    `others` are the states of the wanted ones by address, `doors` the addresses whose JGroups takes a connection.
    """
    return frozenset({own} if healthy else ()) | {
        address for address, state in others.items() if state.healthy and address in doors
    }


def formed(wanted: FrozenSet[str], own: Word, states: Mapping[str, State], said: Mapping[str, Word]) -> bool:
    """Return whether this member sees all that are `wanted`, and each other one serves and says the same.

    `states` and `said` are those of the others, by address.
    """
    agree = {one for one, word in said.items() if wanted <= word and one in states and states[one].phase == SERVING}
    return own == wanted and len(agree) == len(wanted) - 1
