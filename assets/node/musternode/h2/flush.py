"""What keeps this node's H2 honest: what clients were told is written gets to the disk, and a hung server is seen."""

import logging
import threading
import time
from typing import Callable, Optional, Protocol

from ..failure import Failure
from . import clock
from .faults import H2Error, Hung

log = logging.getLogger(__name__)
LOCKED = 90020
"""H2's code for a file that another process holds (DATABASE_ALREADY_OPEN_1): nothing in it has been lost."""
PROBE = 1.0
"""Seconds after which a probe is over (`Database.probe`)."""
END_WITHIN = 10.0
"""Seconds for which the end waits for what is in flight."""


class Flushed(Protocol):
    """What of the database is used here."""

    def probe(self) -> bool:
        """Return whether the server answers, within `PROBE` seconds."""

    def checkpoint(self) -> None:
        """Put all on disk; raises `H2Error`."""


class Flush:
    """Threads, from `start` to `stop`: one writes to the disk each `every` seconds, one probes as often.

    They are two, so that a checkpoint that takes long does not look like a server that hangs; a third one does what
    else is to be done with the open database, `look`, each `look_every` seconds. None waits for another one.
    """

    def __init__(
        self,
        database: Flushed,
        every: float = 1.0,
        hung_after: float = 3.0,
        *,
        look: Optional[Callable[[], None]] = None,
        look_every: float = 5.0,
    ) -> None:
        self.hung_after = hung_after
        self.last_flush = 0.0
        """`clock.now` when the last good checkpoint began: what was acknowledged before is on disk; 0.0 = never."""
        self.broken = ""
        """Why the last checkpoint failed while the server lived; empty if it did not.

        H2 closes a database whose file cannot be written (1.4.199: mvstore/MVStore.java, panic) and opens it again for
        the next session, without what was only in memory: such a server has lost what it had acknowledged.
        """
        self._database = database
        self._vain = Vain(most=PROBE)
        self._turns = [Turn("flush", self._flush, every), Turn("probe", self._probe, every)]
        if look is not None:
            self._turns.append(Turn("look", look, look_every))

    def start(self) -> None:
        """Begin."""
        for turn in self._turns:
            turn.start()

    def stop(self) -> None:
        """End for good; returns when nothing is in flight, or after `END_WITHIN` seconds: a backup may take long."""
        for turn in self._turns:
            turn.stop()

    def pause(self, within: Optional[float] = None) -> None:
        """Touch the database no more until `resume`; returns when nothing is in flight, which has its time limits.

        Flush and probe go on for as long as a `look` is waited for. Raises `Failure` if `within` seconds are over.
        """
        for turn in reversed(self._turns):
            if not turn.pause(within):
                raise Failure(f"the database is still used for something else after {within:g} s")
        self._vain.answered()
        self.broken = ""

    def resume(self) -> None:
        """Go on, at once."""
        for turn in self._turns:
            turn.resume()

    @property
    def late(self) -> float:
        """Seconds for which the server has been asked in vain since its last good answer; 0.0 while paused.

        Seconds in which this process did not ask, for it was stopped or the machine suspended, do not count.
        """
        return self._vain.seconds()

    @property
    def hung(self) -> bool:
        """Whether the server has been asked in vain for longer than `hung_after` seconds."""
        return self.late > self.hung_after

    def _flush(self) -> None:
        began = clock.now()
        try:
            self._database.checkpoint()
        except Hung:
            raise
        except H2Error as fault:
            if (
                fault.code != LOCKED
            ):  # the last pass of a copying holds the file's lock for a moment after it was given up
                self.broken = str(fault)
            raise
        self.last_flush = began

    def _probe(self) -> None:
        self._vain.ask()
        if self._database.probe():
            self._vain.answered()


class Vain:
    """Counts the seconds of questions without an answer, each at most `most` and the pause after it."""

    def __init__(self, most: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._asked: Optional[float] = None
        self._before = 0.0

    def ask(self) -> None:
        """Note that a question is put."""
        self._before, self._asked = self.seconds(), self._now()

    def answered(self) -> None:
        """Note a good answer."""
        self._before, self._asked = 0.0, None

    def seconds(self) -> float:
        """Return the seconds."""
        asked = self._asked
        return self._before if asked is None else self._before + min(self._now() - asked, self._most)


class Turn:
    """A thread that does `work` each `every` seconds; what it raises is logged once and the next turn comes anyway."""

    def __init__(self, name: str, work: Callable[[], None], every: float) -> None:
        self._work = work
        self._every = every
        self._changed = threading.Condition()
        self._paused = self._stopped = self._busy = False
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name=f"h2-{name}", daemon=True)

    def start(self) -> None:
        """Begin with the first turn at once."""
        self._thread.start()

    def stop(self) -> None:
        """End and wait for the end, at most `END_WITHIN` seconds."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(END_WITHIN)

    def pause(self, within: Optional[float] = None) -> bool:
        """Begin no more turns, and return whether none is under way: at once then, or after `within` seconds."""
        with self._changed:
            self._paused = True
            return self._changed.wait_for(lambda: not self._busy, within)

    def resume(self) -> None:
        """Go on at once."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def _run(self) -> None:
        while self._begin():
            began = time.monotonic()
            try:
                self._work()
                self._fault = ""
            except Exception as fault:
                self._complain(str(fault))
            self._end(began)

    def _begin(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._paused)
            self._busy = not self._stopped
            return self._busy

    def _end(self, began: float) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped, max(0.0, began + self._every - time.monotonic()))

    def _complain(self, fault: str) -> None:
        if fault != self._fault:
            log.warning("%s: %s", self._thread.name, fault)
        self._fault = fault
