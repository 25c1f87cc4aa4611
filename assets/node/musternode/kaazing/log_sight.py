"""Whom this gateway sees: a pure function of what its log says.

The log names all members whenever one comes or goes, so that nobody else need be asked.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, FrozenSet, Iterable, Mapping, Optional, Tuple

from ..servers.log_file import Sights
from .lines import BEGINS, DOWN, END, FAULT, LIST, LISTED, MERGED, ONLINE, SERVING, STARTED, Event, event

REMEMBERED = 64
"""Addresses of members that have gone which are kept."""


@dataclass(frozen=True)
class Sight:
    """What one run of the gateway has seen.

    `own` is its address in the cluster, empty until it is a member; `serving` is whether it has taken up its services;
    `others` are the addresses of the members beside it, `left` of those that have gone and not come again. `merged` is
    how often it has joined those again that it had been cut from. `fault` is why it could not start. `listed` are those
    that a list has named so far, None if no list is being read.
    """

    own: str = ""
    serving: bool = False
    others: FrozenSet[str] = frozenset()
    left: Tuple[str, ...] = ()
    merged: int = 0
    fault: str = ""
    listed: Optional[FrozenSet[str]] = None


def after(sight: Sight, said: Event) -> Sight:
    """Return the sight after the event `said`.

    A run that begins sees nobody; of its faults the first one is the cause.
    """
    kind, address = said.kind, said.address
    if kind == BEGINS:
        return Sight()
    if kind == FAULT:
        return sight if sight.serving or sight.fault else replace(sight, fault=said.text)
    if kind == SERVING:
        return replace(sight, serving=True, fault="")
    if kind == STARTED:
        return replace(sight, own=address, others=sight.others - {address})
    if kind == MERGED:
        return replace(sight, merged=sight.merged + 1) if address == sight.own else sight
    return _of_others(sight, kind, address)


def _of_others(sight: Sight, kind: str, address: str) -> Sight:
    """Return the sight after an event about other members."""
    if kind == LIST:
        return replace(sight, listed=frozenset())
    if kind == END:
        return _listed(sight)
    if kind in {LISTED, ONLINE}:
        return _with(sight, address)
    return _without(sight, address) if kind == DOWN else sight


def _listed(sight: Sight) -> Sight:
    """Return the sight after a whole list: it takes the place of what was seen, for lines may have been lost."""
    for missing in sorted(sight.others - sight.listed) if sight.listed else ():
        sight = _without(sight, missing)
    return replace(sight, listed=None)


def _with(sight: Sight, address: str) -> Sight:
    left = tuple(each for each in sight.left if each != address)
    listed = None if sight.listed is None else sight.listed | {address}
    return replace(sight, others=(sight.others | {address}) - {sight.own}, left=left, listed=listed)


def _without(sight: Sight, address: str) -> Sight:
    left = (*(each for each in sight.left if each != address), address)[-REMEMBERED:]
    listed = None if sight.listed is None else sight.listed - {address}
    return replace(sight, others=sight.others - {address}, left=left, listed=listed)


def seen(sight: Sight, wanted: Iterable[str]) -> FrozenSet[str]:
    """Return the `wanted` addresses that are members now, this gateway's own among them once it is one."""
    return frozenset({sight.own, *sight.others}) & frozenset(wanted) if sight.own else frozenset()


def written(sight: Sight) -> Mapping[str, Any]:
    """Return `sight` as JSON; a list that is being read is left out, its lines have done their part."""
    return {**asdict(replace(sight, listed=None)), "others": sorted(sight.others)}


def read(value: Any) -> Optional[Sight]:
    """Return the sight in a JSON value, or None if it is none."""
    try:
        others = frozenset(str(each) for each in value["others"])
        left = tuple(str(each) for each in value["left"])
        merged, serving = int(value["merged"]), bool(value["serving"])
        return Sight(str(value["own"]), serving, others, left, merged, str(value["fault"]))
    except (TypeError, KeyError, ValueError):
        return None


SIGHTS = Sights(event, after, written, read)
