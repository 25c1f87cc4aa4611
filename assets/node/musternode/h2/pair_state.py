"""What a member of the pair knows and is: one value, changed by `membership.step` alone."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Dict, FrozenSet, Optional, Tuple

from . import order
from .events import Disk, Job, Word
from .witness import Item

LEASE = 2.0
"""Seconds for which one piece of evidence that this node is a member lets its gate forward."""
RENEW = 1.5
"""Seconds that a lease must have left, else it is renewed."""
FENCE = 2.2
"""Seconds after which the other node's lease has ended for sure: the lease, and what clocks and kernels may be late."""
SILENT = 1.4
"""Seconds without an answer after which a peer counts as silent: four heartbeats."""
IDLE_TAKE_OVER = 3.0
"""Seconds of silence after which a member takes over also when no client asks for it."""
OPENING = 3.0
"""Seconds for which a trusted peer may take to open its gate."""
HOLD = 120.0
"""Seconds for which the source keeps its clients out for one copying at most."""
LENT_SILENCE = 5.0
"""Seconds for which a copying peer may be silent before its copying is given up."""
ADMITTING = 2.0
"""Seconds for which a source waits with its own gate until the member that it has just made has opened its."""
KILL_AGAIN = 5.0
"""Seconds after which a server that was killed and is still there is killed again."""
PATIENCE = 10.0
"""Seconds for which a client is held at most while nothing can be decided."""
MARK_AGAIN = 1.0
"""Seconds after which a disk that does not bear the epoch is marked again."""
LASTING = 3
"""Failed jobs in a row after which it is this node's failure, not a passing one."""

GONE = "the witness item is gone; the pair goes on as it is, `muster h2 adopt` makes the item again"
"""What a member says that has seen the witness item and finds none any more."""


class Phase(Enum):
    """Where a member stands."""

    STARTING = "starting"
    """Its disk, its server or the witness are not known yet."""
    WAITING = "waiting"
    """Out of use; it waits, or works at coming in."""
    IN = "in"
    """A member: its server has every acknowledged write."""
    LENDING = "lending"
    """A member without another, which keeps its clients out while the peer copies."""
    LEFT = "left"
    """Out of use by the cluster file, or because the process ends."""


@dataclass(frozen=True)
class Rules:
    """Who is who, and what the settings say; `lowest` is whether this node has the lower ordinal."""

    me: str
    peer: str
    lowest: bool
    alone: bool = False
    leaves: bool = False
    takeover_interval: float = 600.0


@dataclass(frozen=True)
class Held:
    """A client that waits for a decision since `since`."""

    number: int
    since: float


@dataclass(frozen=True)
class State:
    """All that a member knows; times are seconds of `clock.now`, 0.0 = never.

    `seen` is the witness as last read at `seen_asked` (`known`: read at least once; `seen` None then means that there
    is no item). `began` is the moment of the first step: nobody is silent before. `fence_from` is when it
    learned that the other is none any more, until that one is known to be shut. `writing` is the item that is being
    written. `attempt` names the copying that this node wants, `holds` the one that it lends for, `offered` whether it
    has tried to make the copy a member, `admitted` when it has done so, until that one lets clients in. `raised`: since
    this process began, the epoch has been raised, so that no write of a former process can still come true.
    """

    rules: Rules
    boot: str
    phase: Phase = Phase.STARTING
    known: bool = False
    seen: Optional[Item] = None
    seen_asked: float = 0.0
    seen_date: float = 0.0
    seen_at: float = 0.0
    asked_witness: float = 0.0
    reading: bool = False
    witness_fault: str = ""
    writing: Optional[Item] = None
    write_after: float = 0.0
    run: Optional[str] = None
    trusted: str = ""
    killed: str = ""
    killed_at: float = 0.0
    ended_at: float = 0.0
    remembered: Optional[str] = None
    disk: Optional[Disk] = None
    word: Optional[Word] = None
    word_asked: float = 0.0
    began: float = 0.0
    refused_asked: float = 0.0
    not_open_since: float = 0.0
    asking: bool = False
    cut: bool = False
    gate: bool = False
    lease_until: float = 0.0
    fresh_after: float = 0.0
    fence_from: float = 0.0
    marked_at: float = 0.0
    held: Tuple[Held, ...] = ()
    job: Optional[Job] = None
    attempt: str = ""
    copied: str = ""
    copied_epoch: int = 0
    holds: str = ""
    lent: bool = False
    offered: bool = False
    held_since: float = 0.0
    admitted: float = 0.0
    broke: FrozenSet[str] = frozenset()
    drained: bool = False
    unlike: bool = False
    raised: bool = False
    stopping: float = 0.0
    ended: bool = False
    failure: str = ""
    fault: str = ""
    fault_until: float = 0.0
    faults: int = 0

    @property
    def epoch(self) -> int:
        """The witness's epoch as last seen, 0 if there is none."""
        return self.seen.epoch if self.seen else 0

    @property
    def members(self) -> FrozenSet[str]:
        """The members as last seen."""
        return self.seen.members if self.seen else frozenset()

    @property
    def member(self) -> bool:
        """Whether this node is a member."""
        return self.rules.me in self.members

    @property
    def lone(self) -> bool:
        """Whether this node is the one member."""
        return self.members == {self.rules.me}

    @property
    def paused(self) -> bool:
        """Whether an operator has paused the pair."""
        return self.seen is not None and self.seen.paused

    @property
    def ordered(self) -> bool:
        """Whether this node has to restore a backup, by an operator's order, before it serves anything."""
        item, disk = self.seen, self.disk
        if item is None:
            return False
        return order.pending(
            item.restore,
            epoch=item.epoch,
            members=item.members,
            node=self.rules.me,
            disk_epoch=disk.epoch if disk is not None else 0,
        )

    @property
    def sound(self) -> bool:
        """Whether this node's server has been a member's without a break."""
        return bool(self.run) and self.run == self.trusted


def words(state: State) -> Dict[str, Any]:
    """Return what this member says of itself to its peer; keys and kinds are those that `events.word` reads."""
    disk = state.disk or Disk("empty")
    return {
        "node": state.rules.me,
        "boot": state.boot,
        "phase": state.phase.value,
        "epoch": state.epoch,
        "members": sorted(state.members),
        "leader": state.seen.leader if state.seen else "",
        "trusted": state.sound and state.member,
        "confirms": state.phase is Phase.IN and state.sound and state.member and state.writing is None,
        "gate": "open" if state.gate else "shut",
        "disk": disk.kind,
        "disk_epoch": disk.epoch,
        "disk_written": disk.written,
        "wants": state.attempt if not state.copied else "",
        "holds": state.holds if state.lent else "",
        "broke": sorted(state.broke),
        "copied": state.copied,
        "alone": state.rules.alone,
        "failure": state.failure or (state.fault if state.faults >= LASTING else ""),
    }
