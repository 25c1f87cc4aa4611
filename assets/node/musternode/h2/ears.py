"""What a gate process hears: each source has a thread of its own and puts its events into the keeper's queue."""

import logging
import os
import queue
import select
import threading
import time
from typing import Any, Callable, Mapping, Optional, Protocol, Tuple

from ..failure import Failure
from . import clock
from .events import Event, Observed, Refused, Server, Told, Unseen, Write, Written, word
from .flush import Flush
from .peer import PeerClient, Silent
from .peer import Refused as PeerRefused
from .witness import Unreachable, Witness

log = logging.getLogger(__name__)
Put = Callable[[Event], None]
HEARTBEAT, ANSWER = 0.3, 0.6
"""Seconds between two questions to the peer, and for the answer to one."""


class Heartbeat:
    """Asks the peer for its word; `last` is the last answer, whole, as the peer gave it."""

    def __init__(self, client: PeerClient, put: Put) -> None:
        self._client, self._put = client, put
        self._now = threading.Event()
        self.last: Optional[Mapping[str, Any]] = None

    def start(self) -> None:
        """Ask for as long as the process lives."""
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def at_once(self) -> None:
        """Ask now."""
        self._now.set()

    def _run(self) -> None:
        while True:
            self._ask()
            self._now.wait(HEARTBEAT)
            self._now.clear()

    def _ask(self) -> None:
        asked = clock.now()
        try:
            answer = self._client.ask({"ask": "word"}, timeout=ANSWER)
        except PeerRefused:
            self._put(Refused(asked))
            return
        except Silent as silence:
            log.debug("the peer is silent: %s", silence)
            return
        found = word(answer)
        if found is None:
            log.warning("the peer's word makes no sense: %s", sorted(answer))
            return
        self.last = answer
        self._put(Told(asked, found))


class Scribe:
    """Reads and writes the witness, each in a thread of its own: a write never waits for a read that hangs."""

    def __init__(self, witness: Witness, put: Put) -> None:
        self._witness, self._put = witness, put
        self._reads: queue.Queue[None] = queue.Queue()
        self._writes: queue.Queue[Write] = queue.Queue()

    def start(self) -> None:
        """Work for as long as the process lives."""
        for name, work in (("witness reads", self._read_all), ("witness writes", self._write_all)):
            threading.Thread(target=work, name=name, daemon=True).start()

    def read(self) -> None:
        """Have the witness read."""
        self._reads.put(None)

    def write(self, wanted: Write) -> None:
        """Have the witness written."""
        self._writes.put(wanted)

    def _read_all(self) -> None:
        while True:
            self._reads.get()
            asked = clock.now()
            try:
                found = self._witness.read()
                self._put(Observed(asked, found.item, found.date))
            except Exception as fault:
                self._put(Unseen(_sentence(fault), writing=False))

    def _write_all(self) -> None:
        while True:
            wanted = self._writes.get()
            asked = clock.now()
            try:
                if wanted.epoch is None:
                    done = self._witness.create(wanted.item)
                else:
                    done = self._witness.replace(wanted.epoch, wanted.item)
                self._put(Written(asked, wanted.item, done))
            except Exception as fault:
                self._put(Unseen(_sentence(fault), writing=True))


def _sentence(fault: Exception) -> str:
    if isinstance(fault, (Unreachable, Failure)):
        return str(fault)
    log.error("the witness", exc_info=fault)
    return f"the witness could not be asked: {type(fault).__name__}: {fault}"


class Runs(Protocol):
    """What there is to know of the H2 unit."""

    def run(self) -> Tuple[str, int]:
        """Return the id of this run and its process, or ("", 0)."""


class ServerWatch:
    """Looks whether the H2 server runs, and whether it is sick: its process tells at once that it ended, by a pidfd.

    `ended()` comes before it is told that the server runs no more.
    """

    def __init__(self, runs: Runs, flush: Flush, put: Put, ended: Callable[[], None]) -> None:
        self._runs, self._flush, self._put, self._ended = runs, flush, put, ended
        self._lock = threading.Lock()
        self._last = Server("?")

    def start(self) -> None:
        """Look for as long as the process lives."""
        threading.Thread(target=self._watch, name="server", daemon=True).start()

    def look(self) -> Tuple[str, int]:
        """Look now, and tell what there is if it is something else than before."""
        with self._lock:
            run, process = self._runs.run()
            lives = bool(run)
            self._tell(Server(run, lives and self._flush.hung, lives and bool(self._flush.broken)))
            return run, process

    def _tell(self, found: Server) -> None:
        if found != self._last or found.hung or found.lost:
            if not found.run and self._last.run:
                self._ended()
            self._last = found
            self._put(found)

    def _watch(self) -> None:
        while True:
            self._watch_once()

    def _watch_once(self) -> None:
        try:
            _, process = self.look()
            _await_end(process, 0.5)
        except Exception:
            log.exception("the H2 server was not looked at")
            time.sleep(0.5)


def _await_end(process: int, within: float) -> None:
    """Wait until `process` (0: none) ends, at most `within` seconds."""
    try:
        descriptor = os.pidfd_open(process) if process else -1
    except OSError:
        return
    if descriptor < 0:
        time.sleep(within)
        return
    try:
        select.select([descriptor], [], [], within)
    finally:
        os.close(descriptor)
