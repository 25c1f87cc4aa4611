"""Representative states of a member of the pair, and events that may reach it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from musternode.h2.events import (
    Changed,
    Disk,
    Drained,
    Event,
    Hit,
    Job,
    JobEnded,
    Observed,
    Refused,
    Remembered,
    Server,
    Stop,
    Tick,
    Told,
    Unlike,
    Unseen,
    Wanting,
    Word,
    Written,
)
from musternode.h2.pair_state import Held, Phase, Rules, State
from musternode.h2.witness import Item

NOW = 1000.0
BOTH, MINE, THEIRS = frozenset("ab"), frozenset("a"), frozenset("b")
RULES = Rules("a", "b", lowest=True, takeover_interval=600.0)


def item(members: frozenset[str] = BOTH, epoch: int = 5, *, paused: bool = False, taken: float = 0.0) -> Item:
    """Return a witness item."""
    return Item(epoch, members, min(members), taken=taken, paused=paused)


def member(members: frozenset[str] = BOTH, **other: object) -> State:
    """Return node a in use, its gate open, having heard of everything just now."""
    base = State(
        RULES,
        "boot",
        phase=Phase.IN,
        began=1.0,
        known=True,
        seen=item(members),
        seen_asked=NOW,
        seen_date=9000.0,
        seen_at=NOW,
        asked_witness=NOW,
        run="r1",
        trusted="r1",
        remembered="",
        disk=Disk("held", 5),
        word=peer(members=members, trusted=members == BOTH, confirms=members == BOTH),
        word_asked=NOW,
        gate=True,
        lease_until=NOW + 2,
        raised=True,
    )
    return replace(base, **other)  # type: ignore[arg-type]


def waiting(members: frozenset[str] = BOTH, **other: object) -> State:
    """Return node a out of use, its server ended."""
    out = {"phase": Phase.WAITING, "run": "", "trusted": "", "gate": False, "lease_until": 0.0, "word_asked": NOW}
    return replace(member(members), **{**out, **other})  # type: ignore[arg-type]


def peer(**other: object) -> Word:
    """Return the word of node b as a member in use, with changes."""
    return replace(
        Word("b", "boot-b", "in", 5, BOTH, "a", trusted=True, confirms=True, gate=True, disk="held", disk_epoch=5),
        **other,  # type: ignore[arg-type]
    )


def words() -> Iterator[Word | None]:
    """Yield words of a peer in all walks of life."""
    yield None
    yield peer()
    yield peer(gate=False)
    yield peer(epoch=6, members=THEIRS, leader="b", confirms=False)
    yield peer(phase="waiting", trusted=False, confirms=False, gate=False, disk="empty", disk_epoch=0)
    yield peer(phase="waiting", members=MINE, trusted=False, confirms=False, gate=False, wants="w1")
    yield peer(phase="waiting", members=MINE, trusted=False, confirms=False, gate=False, copied="w1")
    yield peer(phase="lending", members=THEIRS, confirms=False, gate=False, holds="w1")
    yield peer(phase="starting", epoch=0, members=frozenset(), trusted=False, confirms=False, gate=False)


def _views() -> list[tuple[bool, Item | None]]:
    views: list[tuple[bool, Item | None]] = [(False, None), (True, None)]
    views += [(True, item(members)) for members in (BOTH, MINE, THEIRS)]
    return [*views, (True, item(BOTH, paused=True)), (True, item(BOTH, taken=8999.0))]


def plain_states() -> Iterator[State]:
    """Yield states of every phase: what the witness says, what runs, what the peer has said."""
    servers = [(None, ""), ("", ""), ("r1", ""), ("r1", "r1"), ("r2", "r1")]
    for phase, view, (run, trusted), word in product(Phase, _views(), servers, words()):
        known, seen = view
        yield member(phase=phase, known=known, seen=seen, run=run, trusted=trusted, word=word, gate=False)


def busy_states() -> Iterator[State]:
    """Yield states of every phase with something under way, or wanted of the node."""
    for known, seen in _views():  # only before anything is known
        yield member(phase=Phase.STARTING, known=known, seen=seen, gate=False, disk=None, remembered=None)
    for phase, view, flags in product(Phase, _views(), _flags()):
        base = member(phase=phase, known=view[0], seen=view[1], gate=phase is Phase.IN)
        yield replace(base, **flags)  # type: ignore[arg-type]


def _flags() -> Iterator[dict[str, object]]:
    for job in Job:
        yield {"job": job, "attempt": "w1" if job in {Job.COPY, Job.FORM} else ""}
    yield {"rules": replace(RULES, alone=True)}
    yield {"rules": replace(RULES, leaves=True), "drained": True}
    yield {"stopping": NOW - 1}
    yield {"stopping": NOW - 100}
    yield {"word_asked": NOW - 10}
    yield {"refused_asked": NOW + 0.1}
    yield {"held": (Held(1, NOW - 0.1), Held(2, NOW - 20)), "word_asked": NOW - 2}
    yield {"writing": item(MINE, 6)}
    yield {"holds": "w1", "lent": True, "held_since": NOW - 1, "offered": True}
    yield {"copied": "w1", "copied_epoch": 4}
    yield {"unlike": True}
    yield {"disk": Disk("empty")}
    yield {"disk": Disk("held", 1)}
    yield {"killed": "r1", "trusted": ""}
    yield {"lease_until": NOW - 1, "seen_asked": NOW - 9, "word_asked": NOW - 9}


def some_events() -> Iterator[Event]:
    """Yield one event of each kind."""
    yield from {type(event): event for event in events()}.values()


def events() -> Iterator[Event]:
    """Yield events of every kind."""
    yield Tick()
    for found in (None, item(), item(MINE), item(THEIRS), item(BOTH, 6), item(MINE, 6), item(THEIRS, 6), item(BOTH, 4)):
        yield Observed(NOW, found, 9000.0)
    yield from (Unseen("no answer"), Unseen("no answer", writing=True))
    for wanted in (item(MINE, 6), item(BOTH, 6), item(THEIRS, 6), item(MINE, 5)):
        yield from (Written(NOW, wanted, True), Written(NOW, wanted, False))
    yield from (Told(NOW, word) for word in words() if word is not None)
    yield Refused(NOW + 0.2)
    yield from (Server(""), Server("r1"), Server("r2"), Server("r1", hung=True), Server("r1", lost=True))
    yield from (Disk("empty"), Disk("seeded"), Disk("held", 5), Remembered(""), Remembered("r1"))
    yield from (Hit(7), Wanting("w1"))
    for job in Job:
        yield from (JobEnded(job), JobEnded(job, "it failed"))
    yield from (Changed(True, False, 0.0), Changed(False, True, 600.0), Changed(False, False, 600.0))
    yield from (Drained(), Unlike(), Stop())
