"""Never do two nodes acknowledge writes while they do not reach each other: one of them would be alone in vain."""

from collections.abc import Iterable
from itertools import combinations

from rehearsal.checks.result import Finding, invalid, valid
from rehearsal.writers.operation import WRITE, Operation

NAME = "no two nodes acknowledge alone"


def acknowledging(operations: Iterable[Operation], since: float, until: float) -> dict[str, tuple[float, float]]:
    """Return the first and the last acknowledgement of each node, of writes that lie between two moments as a whole."""
    spans: dict[str, tuple[float, float]] = {}
    for each in operations:
        if each.kind == WRITE and each.succeeded and since < each.start and each.end < until:
            first, last = spans.get(each.node, (each.end, each.end))
            spans[each.node] = (min(first, each.end), max(last, each.end))
    return spans


def overlap(spans: dict[str, tuple[float, float]]) -> float:
    """Return for how many seconds at most two nodes acknowledged at the same time; negative: so much lay between."""
    pairs = combinations(spans.values(), 2)
    return max((min(one[1], other[1]) - max(one[0], other[0]) for one, other in pairs), default=float("-inf"))


def judge(operations: Iterable[Operation], since: float, until: float) -> Finding:
    """Judge the time between two moments in which the nodes did not reach each other."""
    spans = acknowledging(operations, since, until)
    both = overlap(spans)
    who = ", ".join(sorted(spans)) or "neither node"
    if both >= 0:
        return invalid(f"{who} acknowledged writes without each other, for {both:.2f} s at the same time")
    return valid(f"{who} acknowledged in {until - since:.1f} s without the other; the overlap is 0 ms")
