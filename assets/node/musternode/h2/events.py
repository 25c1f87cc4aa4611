"""What a member of the pair is told, and what it then has done: the two vocabularies of `membership.step`."""

from dataclasses import dataclass, field
from enum import Enum
from typing import FrozenSet, Mapping, Optional, Union

from .witness import Item


class Job(Enum):
    """Work that takes longer than a step. One runs at a time; its end is told by `JobEnded`."""

    SEED = "seed"
    """Make the first data of the pair on this node."""
    SERVE = "serve"
    """Start H2 on the files of this node as they are."""
    FORM = "form"
    """Make this node's first copy of the peer's data, by CreateCluster."""
    COPY = "copy"
    """Set this node's files aside and make a fresh copy of the peer's."""
    LEND = "lend"
    """Close the database, whose clients are gone, so that the peer can copy its files."""
    RESTORE = "restore"
    """Set this node's files aside and make the database from a backup."""
    HALT = "halt"
    """Stop H2; it closes its database first."""


@dataclass(frozen=True)
class Word:
    """What a peer said of itself on the peer port. `boot` is the id of its gate process.

    One that `confirms` is a sound member by `epoch` and is not about to change that.
    """

    node: str
    boot: str
    phase: str
    epoch: int = 0
    members: FrozenSet[str] = frozenset()
    leader: str = ""
    trusted: bool = False
    confirms: bool = False
    gate: bool = False
    disk: str = "empty"
    disk_epoch: int = 0
    disk_written: float = 0.0
    wants: str = ""
    holds: str = ""
    copied: str = ""
    alone: bool = False
    broke: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Tick:
    """Time has passed; told at least ten times a second."""


@dataclass(frozen=True)
class Observed:
    """The witness was read: asked at `asked`; `date` is AWS's clock then."""

    asked: float
    item: Optional[Item]
    date: float


@dataclass(frozen=True)
class Unseen:
    """The witness could not be read, or (`writing`) what was written has no known outcome; `sentence` says why."""

    sentence: str
    writing: bool = False


@dataclass(frozen=True)
class Written:
    """A conditional write, sent at `asked`, has ended: `item` was wanted, `done` is whether the condition held."""

    asked: float
    item: Item
    done: bool


@dataclass(frozen=True)
class Told:
    """The peer answered what it was asked at `asked`."""

    asked: float
    word: Word


@dataclass(frozen=True)
class Refused:
    """The peer's host answered at `asked` that nobody listens on its peer port: its gate process is not alive."""

    asked: float


@dataclass(frozen=True)
class Server:
    """This node's H2 server: the id of its run, empty if it does not run.

    It is `hung` if it has not answered for long, and has `lost` what was in memory if it could not write its file.
    """

    run: str
    hung: bool = False
    lost: bool = False


@dataclass(frozen=True)
class Disk:
    """What whole data this node's disk holds: `empty`, `seeded` (never served) or `held`, of `epoch`.

    `written` is when the file was last written, in seconds since 1970 by this host's clock.
    """

    kind: str
    epoch: int = 0
    written: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Remembered:
    """The run of H2 that was a member when the last gate process of this node ended; empty if none."""

    run: str


@dataclass(frozen=True)
class Hit:
    """A client is about to go on with this server alone; it is held until `Decide`."""

    number: int


@dataclass(frozen=True)
class Wanting:
    """The running COPY or FORM is so far that the peer must keep everybody out; `attempt` names it."""

    attempt: str


@dataclass(frozen=True)
class JobEnded:
    """The job has ended; `fault` is the sentence of why it failed, empty if it did not."""

    job: Job
    fault: str = ""


@dataclass(frozen=True)
class Changed:
    """The settings in force: `alone` if the peer is absent by them, `leaves` if this node is; seconds."""

    alone: bool
    leaves: bool
    takeover_interval: float


@dataclass(frozen=True)
class Drained:
    """The member of this node that is to be absent has no users any more."""


@dataclass(frozen=True)
class Unlike:
    """Both copies differ although nobody writes: a client has died between its two commits."""


@dataclass(frozen=True)
class Stop:
    """This process is asked to end."""


Event = Union[
    Tick,
    Observed,
    Unseen,
    Written,
    Told,
    Refused,
    Server,
    Disk,
    Remembered,
    Hit,
    Wanting,
    JobEnded,
    Changed,
    Drained,
    Unlike,
    Stop,
]


@dataclass(frozen=True)
class ReadWitness:
    """Read the witness."""


@dataclass(frozen=True)
class Write:
    """Write the witness if its epoch is still `epoch`; None: if there is none."""

    epoch: Optional[int]
    item: Item


@dataclass(frozen=True)
class AskPeer:
    """Ask the peer at once, not at the next heartbeat."""


@dataclass(frozen=True)
class OpenGate:
    """Let clients in."""


@dataclass(frozen=True)
class ShutGate:
    """Reset every client and let nobody in."""

    why: str


@dataclass(frozen=True)
class Lease:
    """The gate may forward until this moment, in the kernel and in itself."""

    until: float


@dataclass(frozen=True)
class Decide:
    """Let a held client go on with this server alone, or reset it."""

    number: int
    allowed: bool


@dataclass(frozen=True)
class Cut:
    """End this host's own connections to the peer's database port, and refuse new ones."""


@dataclass(frozen=True)
class Mend:
    """Undo `Cut`."""


@dataclass(frozen=True)
class KillServer:
    """Kill the H2 server, which is hung."""


@dataclass(frozen=True)
class Begin:
    """Begin a job."""

    job: Job


@dataclass(frozen=True)
class Abandon:
    """The running job need not go on."""


@dataclass(frozen=True)
class MarkDisk:
    """Note durably that the data on the disk has been a member's at `epoch`."""

    epoch: int


@dataclass(frozen=True)
class Remember:
    """Note in memory that this run of H2 is a member, for the next gate process; empty: that none is."""

    run: str


@dataclass(frozen=True)
class Say:
    """A line for the journal."""

    line: str


@dataclass(frozen=True)
class Exit:
    """End this process."""


Action = Union[
    ReadWitness,
    Write,
    AskPeer,
    OpenGate,
    ShutGate,
    Lease,
    Decide,
    Cut,
    Mend,
    KillServer,
    Begin,
    Abandon,
    MarkDisk,
    Remember,
    Say,
    Exit,
]


def word(value: Mapping[str, object]) -> Optional[Word]:
    """Return the word in a peer's answer, or None if it is none."""
    try:
        members, broke = value["members"], value.get("broke", [])
        if not isinstance(members, list) or not isinstance(broke, list):
            return None
        return Word(
            node=str(value["node"]),
            boot=str(value["boot"]),
            phase=str(value["phase"]),
            epoch=int(str(value["epoch"])),
            members=frozenset(map(str, members)),
            leader=str(value["leader"]),
            trusted=value["trusted"] is True,
            confirms=value["confirms"] is True,
            gate=value["gate"] == "open",
            disk=str(value["disk"]),
            disk_epoch=int(str(value["disk_epoch"])),
            disk_written=float(str(value.get("disk_written", 0.0))),
            wants=str(value["wants"]),
            holds=str(value["holds"]),
            copied=str(value["copied"]),
            alone=value["alone"] is True,
            broke=frozenset(map(str, broke)),
        )
    except (KeyError, ValueError):
        return None
