"""Whom this member sees, and whether that is enough to be given users: pure functions of what the log and peers say.

The rule: ready is who sees all the members that the settings want, or a majority of them. A smaller part of a cluster
that was cut in two gets no new users, so that sessions are not kept on both sides of a cut. A majority of two are both,
so that a pair would end with either of them: of two, the one that was with the other and saw it leave stays ready.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, FrozenSet, Iterable, Mapping, Optional, Tuple

from ..servers import majority
from ..servers.log_file import Sights
from .lines import ALONE, BEGINS, JOINED, LEFT, LOCAL, Event, event

REMEMBERED = 64
"""Addresses of members that have left which are kept."""


@dataclass(frozen=True)
class Sight:
    """What one run of the product has seen: `others` are the ids of the members that came after it, by their addresses.

    `told` are those that other members named, which were there before it or came at the same moment. `id` is this run's
    own, empty until the engine runs; `left` are the addresses of those that were members beside it,
    and have not come again. `alone` is the engine's sentence that it goes on alone, empty if it never said so or has
    seen another since.
    """

    id: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    left: Tuple[str, ...] = ()
    alone: str = ""


@dataclass(frozen=True)
class Word:
    """What another member says: the id of its run, the ids of those that came after it, by their addresses, who left.

    `seen` are all addresses that it takes for members, itself among them.
    """

    id: str
    sees: Mapping[str, str]
    left: Tuple[str, ...] = ()
    seen: FrozenSet[str] = frozenset()


def after(sight: Sight, said: Event) -> Sight:
    """Return the sight after the event `said`. An engine that begins sees nobody.

    Who leaves is known by the address alone: an engine that merges with others after a split takes a new id without a
    word of that in its own log, so that others may know it by the one before.
    """
    if said.kind == BEGINS:
        return Sight()
    if said.kind == LOCAL:
        return replace(sight, id=said.id)
    if said.kind == ALONE:
        return sight if sight.others else replace(sight, alone=sight.alone or said.text)
    remain = tuple(address for address in sight.left if address != said.address)
    others, told = _without(sight.others, said.address), _without(sight.told, said.address)
    if said.kind == JOINED:
        return replace(sight, others={**others, said.address: said.id}, told=told, left=remain, alone="")
    if said.kind == LEFT:
        return replace(sight, others=others, told=told, left=(*remain, said.address)[-REMEMBERED:])
    return sight


def _without(members: Mapping[str, str], *addresses: str) -> Mapping[str, str]:
    return {address: id_ for address, id_ in members.items() if address not in addresses}


def with_words(sight: Sight, own: str, words: Mapping[str, Word]) -> Sight:
    """Return the sight of the member at `own` with what `words` (by address) of members of the same cluster tell.

    The log names those alone who come after a member. So whoever names this very run, or is named by it, is of the same
    cluster, and so are those that it names in turn. One that has left comes again by the log's own line alone.
    """
    if not sight.id:
        return sight
    heard = {address: word for address, word in words.items() if word.id and address not in sight.left}
    near = {address: word for address, word in heard.items() if _of_one_cluster(sight, own, address, word)}
    told = {**sight.told, **{address: word.id for address, word in near.items()}}
    for word in near.values():
        told.update({address: id_ for address, id_ in word.sees.items() if address not in told})
    gone = {address for word in near.values() for address in word.left}
    told = dict(_without(told, own, *gone, *sight.left, *sight.others))
    return replace(sight, told=told, alone="" if told or sight.others else sight.alone)


def _of_one_cluster(sight: Sight, own: str, address: str, word: Word) -> bool:
    return word.sees.get(own) == sight.id or sight.others.get(address) == word.id


def seen(sight: Sight, own: str, wanted: Iterable[str]) -> FrozenSet[str]:
    """Return the `wanted` addresses that are members now, `own` among them while the engine runs."""
    return frozenset({own, *sight.others, *sight.told}) & frozenset(wanted) if sight.id else frozenset()


def enough(sight: Sight, own: str, wanted: Iterable[str]) -> bool:
    """Return whether this member may be given users."""
    wanted = frozenset(wanted)
    return majority.enough(seen(sight, own, wanted), own, wanted, sight.left)


def written(sight: Sight) -> Mapping[str, Any]:
    """Return `sight` as JSON."""
    return asdict(sight)


def read(value: Any) -> Optional[Sight]:
    """Return the sight in a JSON value, or None if it is none."""
    try:
        others = {str(address): str(id_) for address, id_ in value["others"].items()}
        told = {str(address): str(id_) for address, id_ in value["told"].items()}
        left = tuple(str(each) for each in value["left"])
        return Sight(str(value["id"]), others, told, left, str(value["alone"]))
    except (TypeError, KeyError, AttributeError):
        return None


SIGHTS = Sights(event, after, written, read)
