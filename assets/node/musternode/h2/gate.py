"""The gate: the one way to this node's H2, and the place where a take-over is held until it is decided.

One thread with one epoll forwards between clients and H2. The driver sends one known statement before it acknowledges
anything by one server alone; a client whose bytes hold it stops until `decide`. A refusal is always a reset: on an
SQL error the driver would keep the session and go on with one server (engine/SessionRemote.java, removeServer).
A client who may log in and spells the statement in another way is not held: the gate keeps drivers apart, not users.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Callable, Deque, List, Mapping, Optional, Tuple

from . import clock as own_clock
from .ends import IN
from .forwarder import Forwarder, Stats
from .handshake import Policy
from .listener import PAUSE, Exhausted, Listener
from .timer import Timer

ANSWER = 5.0
"""Seconds that the gate's thread has for a command; it is stuck if it takes longer."""
_BATCH = 64
_ROUND = 1.0
"""Seconds after which the gate looks what is due although nothing has happened."""
log = logging.getLogger(__name__)


class Gate:
    """Forwards `listen` to `upstream` while it is open and has a lease; both are numeric addresses of IPv4 or IPv6.

    `on_hit(hit)` is called by the gate's thread and must return at once. Every method may be called by any thread.
    A client from an address in `stands_for` counts as one from the address that it stands for.
    """

    def __init__(
        self,
        listen: Tuple[str, int],
        upstream: Tuple[str, int],
        policy: Policy,
        on_hit: Callable[[int], None],
        *,
        clock: Callable[[], float] = own_clock.now,
        stands_for: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._address = listen
        self._stands_for = stands_for or {}
        self._clock = clock
        self._forwarder = Forwarder(upstream, policy, on_hit, clock)
        self._epoll = self._forwarder.ends.epoll
        self._graves = self._forwarder.ends.graves
        self._until = 0.0
        self._listener: Optional[Listener] = None
        self._resume: Optional[float] = None
        self._commands: Deque[Callable[[], object]] = deque()
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._woken, IN)
        self._timer = Timer()
        self._epoll.register(self._timer.descriptor, IN)
        self._timer.set(0)
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    @property
    def stats(self) -> Stats:
        """What was done since the start, as it is now."""
        return replace(self._forwarder.stats)

    @property
    def is_open(self) -> bool:
        """Whether clients are let in: the port is open and the lease in force, whatever the thread has done of it."""
        return self._listener is not None and self._clock() < self._until

    def start(self) -> None:
        """Start the gate's thread. The gate is shut and has no lease."""
        self._thread.start()

    def stop(self) -> None:
        """Shut the gate and end its thread."""
        self._ask(self._stop)
        self._thread.join(ANSWER)

    def open(self) -> bool:
        """Listen; return whether it does. It does not without a lease in force or when the port is taken."""
        return self._ask(self._open)

    def shut(self, why: str) -> bool:
        """Close the port and reset every connection; return whether that is done. False: the thread is stuck.

        After it no byte passes, whatever is decided later on a hit of before.
        """
        return self._ask(lambda: self._shut(why))

    def lease(self, until: float) -> None:
        """Let the gate work until `until`, in seconds of its clock: then it shuts by itself.

        Give a time counted from before the question whose answer allows it, so that a pause in between counts.
        """
        sooner, self._until = until < self._until, until
        if sooner:
            self._wake()

    def decide(self, hit: int, allowed: bool) -> None:
        """Let the client of `hit` go on, or reset it."""
        self._do(lambda: self._forwarder.decide(hit, allowed and self._clock() < self._until))

    def expel(self, address: str) -> None:
        """Reset every client from `address`: a machine that fell silent, whose sessions hold locks in H2."""
        self._do(lambda: self._forwarder.reset_all(address))

    def _ask(self, work: Callable[[], bool]) -> bool:
        """Have the gate's thread do `work` and return its answer, or False if it does not get to it."""
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            return work()
        answers: List[bool] = []
        answered = threading.Event()

        def answer() -> None:
            answers.append(work())
            answered.set()

        self._do(answer)
        if not answered.wait(ANSWER):
            log.error("the gate's thread is stuck")
        return any(answers)

    def _do(self, command: Callable[[], object]) -> None:
        self._commands.append(command)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._waker, b"x")

    def _run(self) -> None:
        while not self._ended:
            self._turn_or_shut()
        self._epoll.close()
        os.close(self._woken)
        self._timer.close()

    def _turn_or_shut(self) -> None:
        try:
            self._turn()
        except Exception:
            log.exception("the gate failed")
            self._shut("it failed")
            time.sleep(PAUSE)  # a fault that lasts costs no whole processor

    def _turn(self) -> None:
        """Wait for events and serve them, the lease looked at in between."""
        events = self._epoll.poll(-1, _BATCH)
        if self._clock() >= self._until:
            self._lapse()
        serve, more = self._forwarder.serve, False
        for descriptor, event in events:
            if not serve(descriptor, event):
                more = True  # whatever else happened, the timer's among it: look what is due
                self._serve_own(descriptor)
        if more:
            self._keep_house()
        if self._graves:
            self._forwarder.ends.bury()

    def _lapse(self) -> None:
        if self._listener is not None or self._forwarder.stats.connections:
            self._shut("its lease is over")

    def _serve_own(self, descriptor: int) -> None:
        if descriptor == self._woken:
            os.read(self._woken, 65536)
        elif self._listener is not None and descriptor == self._listener.descriptor:
            self._accept(self._listener)

    def _keep_house(self) -> None:
        """Do what is seldom, and set the timer for what is due next."""
        self._obey()
        self._forwarder.overdue()
        self._accept_again()
        lease = self._until if self._listener is not None else None
        due = [one for one in (lease, self._resume, self._forwarder.next_deadline()) if one is not None]
        now = self._clock()
        self._timer.set(min([now + _ROUND, *due]) - now)

    def _obey(self) -> None:
        """Do what other threads asked for: after the events, since it may close sockets that these are about."""
        while self._commands:
            self._commands.popleft()()

    def _accept(self, listener: Listener) -> None:
        try:
            for client, address in listener.clients():
                self._forwarder.admit(client, self._stands_for.get(address, address))
        except Exhausted as fault:
            self._forwarder.turned_away(str(fault))
            if not fault.away:
                self._epoll.unregister(listener.descriptor)
                self._resume = self._clock() + PAUSE

    def _accept_again(self) -> None:
        if self._resume is not None and self._resume <= self._clock():
            self._resume = None
            if self._listener is not None:
                self._epoll.register(self._listener.descriptor, IN)

    def _open(self) -> bool:
        if self._listener is None and not self._ended and self._clock() < self._until:
            try:
                self._listener = Listener(self._address)
                self._epoll.register(self._listener.descriptor, IN)
            except OSError as fault:
                log.warning("the gate cannot listen on %s port %d: %s", *self._address, fault.strerror)
        return self._listener is not None

    def _shut(self, why: str) -> bool:
        if self._listener is not None:
            log.info("the gate shuts: %s", why)
            self._listener.close()
            self._listener, self._resume = None, None
        self._forwarder.reset_all()
        self._forwarder.ends.bury()
        return True

    def _stop(self) -> bool:
        self._ended = True
        return self._shut("it is stopped")
