"""Whom a member sees: a pure function of what it and the others know.

Of its cluster the engine tells nobody but those who administer it. So a member counts whose engine answers, by its own
word, and whose JGroups lets this node in: without that its engine would be alone.
"""

from typing import AbstractSet, FrozenSet, Mapping

from ..state import State


def seen(own: str, others: Mapping[str, State], doors: AbstractSet[str], *, healthy: bool) -> FrozenSet[str]:
    """Return the addresses that are members now: `own` while its engine is `healthy`, and the `others` that are.

    `others` are the states of the wanted ones by address, `doors` the addresses whose JGroups takes a connection.
    """
    return frozenset({own} if healthy else ()) | {
        address for address, state in others.items() if state.healthy and address in doors
    }
