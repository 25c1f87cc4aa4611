"""What a gate process does: each action of the rules, as the keeper of a real node carries it out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from musternode.h2.events import (
    Abandon,
    Action,
    AskPeer,
    Begin,
    Cut,
    Decide,
    Disk,
    Exit,
    KillServer,
    Lease,
    MarkDisk,
    Mend,
    Observed,
    OpenGate,
    ReadWitness,
    Remember,
    Say,
    ShutGate,
    Unseen,
    Write,
    Written,
)
from musternode.h2.witness import Item
from tests.simulation.jobs import Jobs

if TYPE_CHECKING:
    from tests.simulation.process import Process

_SUBPROCESS = (ShutGate, Lease, Cut, Mend)
"""Actions for which a program is started."""


class Hands:
    """Carries actions out, in the keeper's one thread; `slow` are seconds that a program takes at most."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self.jobs = Jobs(process)
        self._mark_wanted, self._marking = 0, False
        self._do: dict[type[Any], Callable[[Any], object]] = {
            ReadWitness: self._read,
            Write: self._write,
            AskPeer: lambda _: process.heartbeat.at_once(),
            OpenGate: self._open,
            ShutGate: self._shut,
            Lease: self._lease,
            Decide: lambda action: process.gate.decide(action.number, action.allowed, process.loop.now),
            Cut: self._cut,
            Mend: self._mend,
            KillServer: lambda _: process.later(0.1 * process.random(), self._kill),
            Begin: lambda action: self.jobs.begin(action.job),
            Abandon: lambda _: self.jobs.abandon(),
            MarkDisk: self._mark,
            Remember: self._remember,
            Say: lambda _: None,
            Exit: lambda _: self._exit(),
        }

    def delay(self, action: Action) -> float:
        """Return how long `action` takes to come about; a gate shuts at once, its kernel follows."""
        if not isinstance(action, _SUBPROCESS):
            return 0.0
        if isinstance(action, ShutGate):
            self._process.gate.shut()
        chance, slow = self._process.random(), self._process.world.slow_hands
        return 0.004 + (0.02 + slow) * chance if slow or chance < 0.3 else 0.0

    def carry_out(self, action: Action) -> None:
        """Do `action`."""
        self._do[type(action)](action)

    def _open(self, _action: OpenGate) -> None:
        process = self._process
        was_open = process.gate.is_open(process.loop.now)
        process.gate.open(process.loop.now)
        if process.gate.listens and not was_open:
            if not process.flushing:
                process.host.reopen_broken()
            process.world.checker.opened(process)

    def _shut(self, _action: ShutGate) -> None:
        self._process.gate.shut()
        self._process.host.kernel_until = 0.0

    def _lease(self, action: Lease) -> None:
        process = self._process
        if action.until > process.loop.now:
            process.host.kernel_until = action.until
            process.gate.is_open(process.loop.now)  # one whose lease has run out has shut itself by now
            process.gate.until = action.until

    def _cut(self, _action: Cut) -> None:
        self._process.gate.expel(self._process.host.peer)
        self._process.world.cut(self._process.host)

    def _mend(self, _action: Mend) -> None:
        self._process.host.cut = False

    def _kill(self) -> None:
        self._process.host.end_server(cleanly=False)

    def _mark(self, action: MarkDisk) -> None:
        """Mark the disk in a thread of its own."""
        process = self._process
        self._mark_wanted = action.epoch
        if not self._marking:
            self._marking = True
            process.later((0.02 + process.world.slow_disk) * process.random(), self._marked)

    def _marked(self) -> None:
        self._marking = False
        files = self._process.host.files
        files.kind, files.epoch = "held", self._mark_wanted
        self._process.tell(Disk(files.kind, files.epoch, files.written))

    def _remember(self, action: Remember) -> None:
        self._process.host.remembered = action.run

    def _exit(self) -> None:
        self._process.gate.shut()
        self._process.die()
        self._process.world.exited(self._process.host)

    def _read(self, _action: ReadWitness) -> None:
        process, asked = self._process, self._process.loop.now

        def answer(date: float, item: Item | None) -> None:
            process.soon(process.tell, Observed(asked, item, date))

        process.world.witness.read(process.host.name, answer, self._unseen(writing=False))

    def _write(self, action: Write) -> None:
        process, asked = self._process, self._process.loop.now
        process.world.checker.writes(process, action)
        process.world.happened(f"write {process.host.name}")

        def ended(done: bool) -> None:
            process.soon(process.tell, Written(asked, action.item, done))

        fault = self._unseen(writing=True)
        process.world.witness.write(process.host.name, action.epoch, action.item, ended, fault)

    def _unseen(self, *, writing: bool) -> Callable[[str], None]:
        process = self._process
        return lambda sentence: process.soon(process.tell, Unseen(sentence, writing=writing))
