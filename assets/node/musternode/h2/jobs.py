"""What takes longer than a step of the membership: making, copying, starting and closing the database."""

import logging
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Mapping, Optional

from ..failure import Failure
from . import copying
from .database import Database
from .events import Event, Job, JobEnded, Wanting
from .faults import H2Error
from .flush import Flush
from .order import Order
from .pair_state import State
from .peer import PeerClient, Refused, Silent
from .tunnel import Tunnel

log = logging.getLogger(__name__)
YIELD = 5.0
"""Seconds for which clients are kept out at most while a backup that has begun goes on; the copying is tried again."""
LONG = 600.0
"""Seconds for the peer to read all of its database."""
HOLD_WITHIN = 60.0
"""Seconds within which the source must have shut its clients out."""
ROUGH_PASSES = 4
"""Passes over the live file at most: each moves what was written while the one before was made."""
FEW = 8
"""Blocks of a pass that are few enough for the last one to be short."""


class Abandoned(Exception):  # noqa: N818 - a cause is reported
    """The job need not go on, or cannot; the text says why."""


class Jobs:
    """Runs one job at a time in a thread. `state` gives the membership's state now; `put` takes events.

    `look` looks at the server anew; `seed(database)` makes the first data, `restore(database, order)` that of a backup.
    """

    def __init__(
        self,
        database: Database,
        flush: Flush,
        client: PeerClient,
        *,
        state: Callable[[], State],
        put: Callable[[Event], None],
        look: Callable[[], object],
        seed: Callable[[Database], None],
        restore: Callable[[Database, Order], None],
    ) -> None:
        self._database, self._flush, self._client = database, flush, client
        self._state, self._put, self._look, self._seed = state, put, look, seed
        self._make_from = restore
        self._abandoned = threading.Event()
        self.doing = ""
        """A clause for people on what is being done."""
        self._work: Dict[Job, Callable[[], None]] = {
            Job.SEED: lambda: self._seed(self._database),
            Job.SERVE: self._database.start,
            Job.FORM: self._form,
            Job.COPY: self._copy,
            Job.LEND: self._database.release,
            Job.RESTORE: self._restore,
            Job.HALT: self._database.stop,
        }

    def begin(self, job: Job) -> None:
        """Begin `job`; its end is told by `JobEnded`."""
        self._abandoned.clear()
        try:
            threading.Thread(target=self._run, args=(job,), name=job.value, daemon=True).start()
        except RuntimeError as fault:  # the machine gives no thread now: a job that nobody does must end
            self._end(job, str(fault))

    def abandon(self) -> None:
        """Tell the running job that it need not go on."""
        self._abandoned.set()

    def _run(self, job: Job) -> None:
        fault = ""
        try:
            self.doing = job.value
            self._flush.pause(YIELD if job is Job.LEND else None)
            self._work[job]()
        except (Failure, H2Error, Abandoned, copying.CopyFailed, Refused, Silent) as cause:
            fault = str(cause) or type(cause).__name__
        except Exception as cause:
            log.exception("the job %s failed", job.value)
            fault = f"{type(cause).__name__}: {cause}"
        self.doing = ""
        self._end(job, fault)

    def _end(self, job: Job, fault: str) -> None:
        try:
            self._look()
            self._put(self._database.disk())
        except (Failure, OSError) as cause:
            fault = fault or str(cause)
        self._put(JobEnded(job, fault))

    def _restore(self) -> None:
        seen = self._state().seen
        if seen is None or seen.restore is None:
            raise Abandoned("the order to restore is gone")
        self.doing = f"restores the backup {seen.restore.key}"
        self._make_from(self._database, seen.restore)

    def _form(self) -> None:
        attempt = self._want("forms the pair with the other node's data")
        lost = self._lost(attempt)
        with Tunnel(self._client.connect) as tunnel:
            try:
                self._database.create_cluster(tunnel.address, lost)
            except H2Error as fault:
                raise H2Error(f"{fault} ({tunnel.failure})" if tunnel.failure else str(fault)) from None
        self._compare(lost, "digest", self._database.digest)
        self._database.checkpoint()
        self._database.mark(0)

    def _copy(self) -> None:
        """Copy the peer's file: roughly while it is in use, then exactly while nobody uses it; compare every table."""
        database = self._database
        database.set_aside(max(0, database.disk().epoch))
        database.start()  # before the source is held: a Java machine takes its time
        rough = self._rough_passes()
        attempt = self._want("copies the database: last pass")
        lost = self._lost(attempt)
        exact = self._pass(lost, rough)
        if not exact.still:
            raise Abandoned("the other node's database was in use in the last pass")
        epoch = self._peer_epoch()
        self.doing = "compares every table with the other node's"
        copying.verify(database.file, exact)
        self._compare(lost, "outline", database.outline)
        database.arm()
        self._ask("arm")
        database.checkpoint()
        if reason := lost():
            raise Abandoned(reason)
        database.mark(epoch)

    def _rough_passes(self) -> "Optional[copying.Fetched]":
        known: Optional[copying.Fetched] = None
        for _ in range(ROUGH_PASSES):
            known = self._pass(self._gone, known)
            if known.still or known.moved <= FEW:
                break
        return known

    def _pass(self, lost: Callable[[], Optional[str]], known: "Optional[copying.Fetched]") -> "copying.Fetched":
        def tell(done: int, size: int) -> None:
            self.doing = f"copies the database: {100 * done // max(1, size)} %"

        file = self._database.file
        return copying.fetch(self._client.connect, file.name, file, lost=lost, tell=tell, known=known)

    def _want(self, doing: str) -> str:
        """Have the source shut its clients out, and return what this copying is named by."""
        self.doing = doing
        attempt = secrets.token_hex(8)
        self._put(Wanting(attempt))
        waited = 0.0
        while not self._holds(attempt):
            if reason := self._gone():
                raise Abandoned(reason)
            if waited > HOLD_WITHIN:
                raise Abandoned("the other node did not shut its clients out for the copy")
            self._abandoned.wait(0.05)
            waited += 0.05
        return attempt

    def _holds(self, attempt: str) -> bool:
        word = self._state().word
        return word is not None and word.holds == attempt

    def _gone(self) -> Optional[str]:
        return "it is not needed any more" if self._abandoned.is_set() else None

    def _lost(self, attempt: str) -> Callable[[], Optional[str]]:
        def lost() -> Optional[str]:
            if reason := self._gone():
                return reason
            return None if self._holds(attempt) else "the other node no longer shuts its clients out"

        return lost

    def _compare(self, lost: Callable[[], Optional[str]], what: str, look: Callable[[], Mapping[str, str]]) -> None:
        """Raise unless both servers show the same: every row by `digest`, the rows' numbers by `outline`.

        For a file that was read back equal byte by byte the outline says that the server has opened that very file;
        the rows are compared later, while nobody waits (`comparing`).
        """
        self.doing = "compares every table with the other node's"
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(self._ask, what)
            own = dict(look())
            theirs = asking.result().get("tables")
        if reason := lost():
            raise Abandoned(reason)
        if own != theirs:
            unlike = sorted(set(own) ^ set(theirs or {})) or sorted(
                name for name in own if own[name] != (theirs or {}).get(name)
            )
            raise H2Error(f"the copy differs from its source in {', '.join(unlike[:5])}")
        log.info("both copies are equal: %d tables and the schema", len(own) - 1)

    def _ask(self, what: str) -> Mapping[str, Any]:
        answer = self._client.ask({"ask": what}, timeout=LONG)
        if answer.get("fault"):
            raise H2Error(f"the other node: {answer['fault']}")
        return answer

    def _peer_epoch(self) -> int:
        word = self._state().word
        return word.epoch if word is not None else 0
