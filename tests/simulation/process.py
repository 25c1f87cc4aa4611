"""One gate process: the real rules, fed by what it hears, and obeyed by its hands."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from musternode.h2 import membership
from musternode.h2.events import Action, Disk, Event, Hit, Remembered, Server, Tick
from musternode.h2.half_open import EVERY
from musternode.h2.pair_state import Phase, Rules, State
from tests.simulation.gate import RESET, Conn, Gate, Request
from tests.simulation.half_open import HalfOpen
from tests.simulation.hands import Hands
from tests.simulation.heartbeat import Heartbeat
from tests.simulation.loop import Parked

if TYPE_CHECKING:
    from tests.simulation.machine import Host
    from tests.simulation.world import World

TICK, LOOK, FLUSH, HUNG = 0.1, 0.5, 1.0, 3.0
"""Seconds between two ticks, looks at the server, flushes; and after which a server counts as hung."""


class Process:
    """The gate process of `host`, from its start to its end."""

    def __init__(self, world: "World", host: "Host", boot: str) -> None:
        self.world, self.host, self.loop, self.random = world, host, world.loop, world.random
        wants = host.settings
        rules = Rules(host.name, host.peer, host.name < host.peer, wants.alone, wants.leaves, wants.takeover_interval)
        self.state = State(rules, boot)
        self.dead = self.stopped = False
        self.gate = Gate(self)
        self.flushing = False
        self.attempts = 0
        self.broken = ""
        self._parked = Parked()
        self._events: deque[Event] = deque()
        self._actions: deque[Action] = deque()
        self._told: Server | None = None
        self.hands = Hands(self)
        self.heartbeat = Heartbeat(self)
        self.half_open = HalfOpen(self)

    def live(self) -> None:
        """Begin."""
        host = self.host
        host.kernel_until, host.cut = 0.0, False
        self.tell(Disk(host.files.kind, host.files.epoch, host.files.written))
        self.tell(Remembered(host.remembered))
        self.heartbeat.ask()
        self.later(0.02 * self.random(), self._look)
        self.later(TICK, self._tick)
        self.later(FLUSH * self.random(), self._flush)
        self.later(EVERY * self.random(), self.half_open.look)

    @property
    def active(self) -> bool:
        """Whether it makes progress now."""
        return not (self.dead or self.stopped) and self.host.runs_on

    def soon(self, call: Callable[..., object], *given: Any) -> None:
        """Do it now, once the process goes on, or never."""
        if self.active:
            call(*given)
        elif not self.dead:
            self._parked.add(self.soon, call, *given)

    def later(self, delay: float, call: Callable[..., object], *given: Any) -> None:
        """Do it after `delay` seconds, or once the process goes on then."""
        self.loop.after(delay, self.soon, call, *given)

    def stop(self) -> None:
        """Stand still, as by SIGSTOP."""
        self.stopped = True

    def go_on(self) -> None:
        """Go on after `stop`."""
        self.stopped = False
        self.wake()

    def wake(self) -> None:
        """Do what has waited."""
        if self.active:
            self._parked.release(self.loop)

    def die(self, *, reset: bool = True) -> None:
        """End at once. `reset`: the kernel lives on and ends the connections."""
        self.dead = True
        if self.host.process is self:
            self.host.process = None
            self.host.end_broken()
        conns, self.gate.conns = list(self.gate.conns), {}
        self.gate.listens = False
        for conn in conns:
            conn.here, conn.uncommitted = False, 0
            if reset:
                self.say_reset(conn)

    def tell(self, event: Event) -> None:
        """Put an event into the keeper's queue."""
        self._events.append(event)
        self._step()

    def _step(self) -> None:
        """Take what is in the queue; the keeper's one thread has no time while it carries actions out."""
        while self._events and not self._actions and self.active:
            event, before = self._events.popleft(), self.state
            self.state, actions = membership.step(before, event, self.loop.now)
            if self.state is not before:
                self._changed(before)
            if actions:
                self._actions.extend(actions)
                self._obey()

    def _changed(self, before: State) -> None:
        state = self.state
        if state.trusted and not before.trusted:
            self.world.checker.entered(self)
        if state.phase is not before.phase:
            if state.phase is Phase.IN:
                self.flushing = True
            self.world.happened(f"{state.phase.value} {self.host.name}")
        if state.copied and not before.copied:
            self.world.happened(f"copied {self.host.name}")

    def _obey(self) -> None:
        """Carry out what there is to do, in order; each may take its time."""
        while self._actions:
            delay = self.hands.delay(self._actions[0])
            if delay:
                self.later(delay, self._obey_one)
                return
            self.hands.carry_out(self._actions[0])
            if self.dead:
                return
            self._actions.popleft()

    def _obey_one(self) -> None:
        self.hands.carry_out(self._actions[0])
        if not self.dead:
            self._actions.popleft()
            self._obey()
            self._step()

    def _tick(self) -> None:
        if not self._events:
            self.tell(Tick())
        self.later(TICK, self._tick)

    def _flush(self) -> None:
        if self.flushing:
            self.host.flush()
            self._find_broken()
        self.later(FLUSH, self._flush)

    def _find_broken(self) -> None:
        """Find that the file could not be written; the server goes on with less than it had."""
        server = self.host.server
        if server is not None and server.broken:
            self.broken = server.run
            self.look()

    def server_ended(self) -> None:
        """Hear from the kernel that H2 has ended; its clients are cut off."""
        self.soon(self._cut_off)
        self.later(0.005 * self.random(), self.look)

    def _cut_off(self) -> None:
        for conn in list(self.gate.conns):
            if conn.server is not None and not conn.server.alive:
                self.gate.reset(conn)

    def _look(self) -> None:
        self.look()
        self.later(LOOK, self._look)

    def look(self) -> None:
        """Look at the server, and tell what there is if it is something else than before."""
        server = self.host.server
        hung = server is not None and server.hung and self.flushing and self.loop.now - server.hung_since > HUNG
        lost = server is not None and self.flushing and server.run == self.broken
        found = Server(server.run if server else "", hung, lost)
        if found != self._told or found.hung or found.lost:
            if not found.run:
                files = self.host.files
                self.tell(Disk(files.kind, files.epoch, files.written))
            self._told = found
            self.tell(found)

    def arrive(self, request: Request) -> None:
        """Take what a client sent to this node's port. The kernel resets who comes without a lease."""
        conn = request.conn
        if self.dead or not conn.here or self.loop.now >= self.host.kernel_until:
            self.world.network.stream(self.host.name, conn.client.place, conn.client.was_reset, conn, RESET)
        elif self.host.forgets and conn.client.place == self.host.peer:
            conn.here, conn.uncommitted = False, 0
            self.gate.conns.pop(conn, None)
        else:
            self.gate.conns[conn] = None
            self.soon(self._forward, request)

    def _forward(self, request: Request) -> None:
        conn = request.conn
        if not conn.here:
            return
        if not self.gate.is_open(self.loop.now):
            self.gate.reset(conn)
        elif request.kind == "alone":
            self.tell(Hit(self.gate.hold(request)))
        else:
            if request.kind == "hello":
                conn.server = self.host.server
            self.gate.ask_server(request)

    def serve(self, request: Request) -> None:
        """Go on with a request that H2 has kept waiting."""
        self.soon(self.gate.ask_server, request)

    def reply(self, request: Request, answer: Any) -> None:
        """Send H2's answer to a client, now or a moment later, if the gate still may."""
        if self.random() < 0.9:
            self._send(request, answer)
        else:
            self.later(0.004 * self.random(), self._send_if_open, request, answer)

    def _send_if_open(self, request: Request, answer: Any) -> None:
        if request.conn.here and self.gate.is_open(self.loop.now):
            self._send(request, answer)

    def _send(self, request: Request, answer: Any) -> None:
        client = request.conn.client
        self.world.network.stream(self.host.name, client.place, client.answered, request, answer)

    def say_reset(self, conn: Conn) -> None:
        """Send a reset to the client of `conn`: one packet, which may get lost.

        Who sends again is reset again (`arrive`); who waits for an answer sends nothing.
        """
        client = conn.client
        self.world.network.message(self.host.name, client.place, client.was_reset, conn, RESET)
