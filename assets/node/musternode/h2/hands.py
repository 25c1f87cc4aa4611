"""What a gate process does: each action of the membership, carried out in the order given."""

import logging
import threading
from pathlib import Path
from typing import Callable, Dict, Type

from ..failure import Failure
from . import clock
from .database import Database
from .ears import Heartbeat, Scribe
from .events import (
    Abandon,
    Action,
    AskPeer,
    Begin,
    Cut,
    Decide,
    Event,
    Exit,
    KillServer,
    Lease,
    MarkDisk,
    Mend,
    OpenGate,
    ReadWitness,
    Remember,
    Say,
    ShutGate,
    Write,
)
from .gate import Gate
from .jobs import Jobs
from .kernel import Kernel

log = logging.getLogger(__name__)


class Hands:
    """Carries actions out; used by the keeper's thread alone. What may block does so in a thread of its own.

    `open_mark` is a file in memory that names the run of H2 that is a member; `peer` is the other node's address.
    """

    def __init__(
        self,
        gate: Gate,
        kernel: Kernel,
        scribe: Scribe,
        heartbeat: Heartbeat,
        jobs: Jobs,
        database: Database,
        *,
        put: Callable[[Event], None],
        open_mark: Path,
        peer: str,
    ) -> None:
        self._gate, self._kernel, self._database, self._jobs = gate, kernel, database, jobs
        self._put, self._mark, self._peer = put, open_mark, peer
        self.ended = False
        """Whether the process is to end."""
        self._marks = threading.Lock()
        self._mark_wanted, self._marking = 0, False
        self._to_be_cut, self._cut_done = False, True
        self._do: Dict[Type[Action], Callable[..., object]] = {
            ReadWitness: lambda _: self._read(scribe),
            Write: scribe.write,
            AskPeer: lambda _: heartbeat.at_once(),
            OpenGate: lambda _: gate.open(),
            ShutGate: self._shut,
            Lease: self._lease,
            Decide: lambda action: gate.decide(action.number, action.allowed),
            Cut: lambda _: self._order_cut(True),
            Mend: lambda _: self._order_cut(False),
            KillServer: lambda _: self._aside(database.kill),
            Begin: lambda action: jobs.begin(action.job),
            Abandon: lambda _: jobs.abandon(),
            MarkDisk: lambda action: self._order_mark(action.epoch),
            Remember: self._remember,
            Say: lambda action: log.info("%s", action.line),
            Exit: lambda _: self._end(),
        }

    def carry_out(self, action: Action) -> None:
        """Do `action`; what fails is logged, for the rules bear that nothing came of it."""
        try:
            self._do[type(action)](action)
        except Failure as fault:
            log.warning("%s: %s", type(action).__name__, fault)
        except Exception:
            log.exception("%s", action)

    def _lease(self, action: Lease) -> None:
        """Extend the lease in the kernel first: what the gate forwards must never lack it."""
        left = action.until - clock.now()
        if left <= 0:
            return
        self._kernel.renew(left)
        self._gate.lease(action.until)

    def _shut(self, action: ShutGate) -> None:
        self._gate.shut(action.why)
        self._kernel.drop()

    def _read(self, scribe: Scribe) -> None:
        scribe.read()
        self._finish_cut()

    def _order_cut(self, wanted: bool) -> None:
        self._to_be_cut, self._cut_done = wanted, False
        self._finish_cut()

    def _finish_cut(self) -> None:
        """End what hangs on a silent peer: this node's sessions there, and the peer's here, which hold locks in H2.

        Or take it back. What failed, perhaps by half, is done again with the next look at the witness.
        """
        if self._cut_done:
            return
        if self._to_be_cut:
            self._gate.expel(self._peer)
            self._kernel.cut()
        else:
            self._kernel.restore()
        self._cut_done = True

    def _order_mark(self, epoch: int) -> None:
        """Mark the disk with the epoch that was ordered last, by one thread at a time: an older one must not follow."""
        with self._marks:
            self._mark_wanted = epoch
            if self._marking:
                return
            self._marking = True
        self._aside(self._mark_all)

    def _mark_all(self) -> None:
        try:
            while not self._mark_one():
                pass
        except BaseException:
            with self._marks:
                self._marking = False  # the rules order it again
            raise

    def _mark_one(self) -> bool:
        """Return whether no other mark was ordered meanwhile."""
        epoch = self._mark_wanted
        self._database.mark(epoch)
        self._put(self._database.disk())
        with self._marks:
            self._marking = self._mark_wanted != epoch
            return not self._marking

    def _remember(self, action: Remember) -> None:
        if not action.run:
            self._mark.unlink(missing_ok=True)
            return
        self._mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._mark.write_text(action.run)

    def _aside(self, work: Callable[[], object]) -> None:
        def run() -> None:
            try:
                work()
            except (Failure, OSError) as fault:
                log.warning("%s", fault)

        threading.Thread(target=run, daemon=True).start()

    def _end(self) -> None:
        self.ended = True
