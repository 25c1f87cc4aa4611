"""How long clients waited: what a fault costs those who use the cluster."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, inf

from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.writers.operation import READ, VISIT, WRITE, Operation

DATABASE = (READ, WRITE)
"""Kinds of operation that need the database; a visit of the double needs it not."""


IN_FLIGHT = 0.2
"""Seconds before a gate shuts in which what it then resets may have been asked."""


@dataclass(frozen=True)
class Spell:
    """One client's wait: from the first question after a success, `asked` at that moment, to the next success."""

    client: str
    asked: float
    seconds: float


@dataclass(frozen=True)
class Waits:
    """What the clients of one place saw in a stretch of time, in seconds.

    Errors and repeated questions are part of a wait, pauses between questions are not. `failover` is the longest that
    began before a node kept its clients out for a copy, `later` the longest of the others: those of coming back. `p95`
    is of single operations, whatever came of them.
    """

    clients: int
    operations: int
    succeeded: int
    failover: float
    later: float
    p95: float

    @property
    def longest(self) -> float:
        """The longest wait of all."""
        return max(self.failover, self.later)


def at_node(operations: Iterable[Operation], node: str, since: float, until: float, lent: float | None = None) -> Waits:
    """Return the waits of a node's database clients between two moments; `lent` is when a copy was first waited for."""
    return waits([o for o in operations if o.node == node and o.kind in DATABASE], since, until, lent)


def of_users(operations: Iterable[Operation], since: float, until: float, host: str = "") -> Waits:
    """Return the waits of users at the balancer; of those alone that `host` served last before, if it is given."""
    visits = [o for o in operations if o.kind == VISIT]
    if host:
        visits = [o for o in visits if _served_by(visits, o.client, since) == host]
    return waits(visits, since, until)


def _served_by(visits: Sequence[Operation], client: str, before: float) -> str | None:
    seen = [o.found for o in visits if o.client == client and o.succeeded and o.end <= before]
    return seen[-1] if seen else None


def waits(operations: Sequence[Operation], since: float, until: float, lent: float | None = None) -> Waits:
    """Return the waits in what these operations show of the time between two moments."""
    back = inf if lent is None else lent - IN_FLIGHT
    inside = [o for o in operations if o.end >= since and o.start <= until]
    by_client = sorted(inside, key=lambda o: (o.client, o.start))
    clients = {name: list(own) for name, own in groupby(by_client, key=lambda o: o.client)}
    spells = [spell for own in clients.values() for spell in _spells(own, since, until)]
    return Waits(
        clients=len(clients),
        operations=len(inside),
        succeeded=sum(o.succeeded for o in inside),
        failover=max((s.seconds for s in spells if s.asked < back), default=0.0),
        later=max((s.seconds for s in spells if s.asked >= back), default=0.0),
        p95=percentile([o.end - max(o.start, since) for o in inside], 95),
    )


def _spells(own: Sequence[Operation], since: float, until: float) -> Iterable[Spell]:
    """Yield one client's waits; one that has not ended counts up to the end of its last question, at least `until`."""
    asked: float | None = None
    for operation in own:
        asked = max(operation.start, since) if asked is None else asked
        if operation.succeeded:
            yield Spell(operation.client, asked, operation.end - asked)
            asked = None
    if asked is not None:
        yield Spell(own[-1].client, asked, max(until, own[-1].end) - asked)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed (nearest rank); 0 of none.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    if not values:
        return 0.0
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def judge(seen: Mapping[str, Waits], limits: Mapping[str, float]) -> Finding:
    """Hold the longest waits against their limits, by place; a place without a success in all is unknown."""
    told = ", ".join(f"{place} waited {each.longest:.2f} s at most" for place, each in sorted(seen.items()))
    if idle := [place for place in limits if place not in seen or not seen[place].operations]:
        return unknown(f"nobody asked {', '.join(idle)}")
    if late := [place for place, limit in limits.items() if seen[place].longest > limit]:
        allowed = ", ".join(f"{limits[place]:g} s are allowed at {place}" for place in late)
        return invalid(f"{told}; {allowed}")
    return valid(told or "no limit was set")
