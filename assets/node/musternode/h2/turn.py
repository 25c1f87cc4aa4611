"""One step of a member in the making: the state as it changes, and the actions that come of it."""

import dataclasses
from typing import Any, List, Optional

from .events import Abandon, Action, AskPeer, Begin, Decide, Disk, Job, MarkDisk, Remember, Say, ShutGate, Word, Write
from .pair_state import OPENING, SILENT, Phase, State
from .witness import Item

RETRY = 0.5
"""Seconds between two tries to write the witness."""


class Turn:
    """The state of one step at `now`, and its actions in order."""

    def __init__(self, state: State, now: float) -> None:
        self.state, self.now = state, now
        self.actions: List[Action] = []

    def put(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = dataclasses.replace(self.state, **changes)

    def do(self, action: Action) -> None:
        """Have something done."""
        self.actions.append(action)

    def say(self, line: str) -> None:
        """Write a line to the journal."""
        self.do(Say(line))

    @property
    def peer(self) -> Optional[Word]:
        """The peer's last word, while it is not silent."""
        return None if self.silent else self.state.word

    @property
    def silent(self) -> bool:
        """Whether the peer has given no answer for long, or its gate process is known not to be alive."""
        state = self.state
        newest = max(state.word_asked, state.refused_asked, state.began)
        return state.refused_asked > state.word_asked or self.now - newest > SILENT

    @property
    def silence(self) -> float:
        """Seconds since the peer's last word, or since this process began."""
        return self.now - max(self.state.word_asked, self.state.began)

    def well(self, word: Word) -> bool:
        """Return whether the peer is a member that lets clients in, or is about to."""
        since = self.state.not_open_since
        opens = word.gate or (since > 0.0 and self.now - since < OPENING)
        return word.trusted and word.phase == Phase.IN.value and opens

    def write(self, item: Item) -> None:
        """Try to make `item` the witness, unless something is being written or a try has just failed."""
        if self.state.writing is not None or self.now < self.state.write_after:
            return
        self.put(writing=item)
        self.do(Write(self.state.epoch or None, item))

    def ask(self) -> None:
        """Ask the peer at once, unless it is being asked."""
        if not self.state.asking:
            self.put(asking=True)
            self.do(AskPeer())

    def begin(self, job: Job) -> None:
        """Begin a job, unless one runs or the last one has failed a moment ago."""
        if self.state.job is not None or self.now < self.state.fault_until:
            return
        self.put(job=job)
        if job in {Job.SEED, Job.FORM, Job.COPY, Job.RESTORE}:
            self.put(disk=Disk("empty"))
        self.do(Begin(job))

    def shut(self, why: str) -> None:
        """Let nobody in, and reset who waits."""
        if self.state.gate:
            self.do(ShutGate(why))
        self.put(gate=False, lease_until=0.0)
        self.deny_all()

    def deny_all(self) -> None:
        """Reset every client that waits for a decision."""
        for held in self.state.held:
            self.do(Decide(held.number, False))
        self.put(held=())

    def mark(self) -> None:
        """Have the disk say that it holds the data of this epoch."""
        self.put(marked_at=self.now)
        self.do(MarkDisk(self.state.epoch))

    def distrust(self) -> None:
        """Say that this node's server is no member's any more, whatever comes."""
        if self.state.trusted:
            self.put(trusted="")
            self.do(Remember(""))

    def drop_copy(self) -> None:
        """Forget a copying: one that runs, and one that is done."""
        if self.state.job in {Job.COPY, Job.FORM}:
            self.do(Abandon())
        self.put(attempt="", copied="")
