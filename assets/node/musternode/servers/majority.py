"""Whether a member sees enough of its cluster to be given users: a pure function.

A smaller part of a cluster that was cut in two gets no new users, so that sessions are not kept on both sides of a cut.
A majority of two are both, so that a pair would end with either of them: of two, the one that was with the other and
saw it leave stays ready.
"""

from typing import AbstractSet, Iterable


def enough(seen: AbstractSet[str], own: str, wanted: AbstractSet[str], left: Iterable[str]) -> bool:
    """Return whether the member at `own`, which sees the addresses `seen` of those `wanted`, may be given users.

    `left` are those that were members beside it and have not come again.
    """
    number = len(seen & wanted)
    if 2 * number > len(wanted):
        return True
    return len(wanted) == 2 and number == 1 and wanted - {own} <= set(left)
