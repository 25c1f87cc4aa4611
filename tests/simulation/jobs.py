"""The jobs of a gate process, step by step as the real ones do them; each step takes time and may fail."""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from musternode.h2.events import Disk, Job, JobEnded, Wanting

if TYPE_CHECKING:
    from tests.simulation.machine import Host, Server
    from tests.simulation.process import Process

Steps = Generator[float, None, None]
HOLD_WITHIN, REACH_WITHIN = 60.0, 3.0
"""Seconds within which the source must hold, and within which a broken connection counts as lost."""


BACKUP = 1
"""The writes that the backup holds."""


class JobFault(Exception):  # noqa: N818 - a cause is handled
    """Why a job fails."""


class Jobs:
    """Runs one job at a time in a thread of the process. `begun` is the last one begun."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._host = process.host
        self._abandoned = False
        self._steps_left = -1
        self.begun: Job | None = None
        self._work: dict[Job, Callable[[], Steps]] = {
            Job.SEED: self._seed,
            Job.SERVE: self._serve,
            Job.FORM: self._form,
            Job.COPY: self._copy,
            Job.LEND: self._lend,
            Job.HALT: self._halt,
            Job.RESTORE: self._restore,
        }

    def begin(self, job: Job) -> None:
        """Begin `job`."""
        world = self._process.world
        self._abandoned, self.begun = False, job
        self._steps_left = world.job_faults.pop(self._host.name, -1)
        self._process.flushing = False
        world.happened(f"{job.value} {self._host.name}")
        self._go_on(job, self._work[job]())

    def fail_after(self, steps: int) -> None:
        """Have the running job fail after some more of its steps."""
        self._steps_left = steps

    def abandon(self) -> None:
        """Tell the job that it need not go on."""
        self._abandoned = True

    def _go_on(self, job: Job, steps: Steps) -> None:
        if self._steps_left == 0:
            self._end(job, "it failed")
            return
        self._steps_left -= 1
        try:
            pause = next(steps)
        except StopIteration:
            self._end(job, "")
        except JobFault as cause:
            self._end(job, str(cause))
        else:
            self._process.later(pause, self._go_on, job, steps)

    def _end(self, job: Job, fault: str) -> None:
        files = self._host.files
        self._process.look()
        self._process.tell(Disk(files.kind, files.epoch, files.written))
        self._process.tell(JobEnded(job, fault))

    def _takes(self, seconds: float) -> float:
        return seconds * (0.1 + self._process.random())

    def _start(self) -> Steps:
        yield self._takes(0.5)
        self._host.start_server()
        yield self._takes(0.05)
        if self._host.server is None:
            raise JobFault("the server did not start")

    def _set_aside(self) -> Steps:
        """Stop the server and put its files aside: what it lost is of no matter any more."""
        yield self._takes(0.1)
        self._host.end_server(cleanly=True)
        files = self._host.files
        files.kind, files.epoch, files.rows, files.clustered, self._host.lost = "empty", 0, 0, False, 0
        yield self._takes(0.05)

    def _seed(self) -> Steps:
        yield from self._set_aside()
        yield from self._start()
        yield self._takes(0.5)
        self._running().rows |= 1
        self._host.flush()
        self._host.files.kind = "seeded"

    def _serve(self) -> Steps:
        yield from self._start()

    def _restore(self) -> Steps:
        item = self._process.state.seen
        if item is None or item.restore is None:
            raise JobFault("the order to restore is gone")
        yield self._takes(0.8)
        yield from self._set_aside()
        self._host.files.rows = BACKUP
        yield from self._start()
        self._host.files.kind, self._host.files.epoch = "held", item.restore.epoch

    def _form(self) -> Steps:
        yield from self._set_aside()
        yield from self._start()
        attempt = yield from self._want()
        yield self._takes(0.3)
        source = self._peer()
        if source.process is None or source.process.state.seen is not None or not source.process.state.holds:
            raise JobFault("may not tunnel")
        yield from self._reach()
        theirs, mine = self._peer_server(), self._running()
        mine.rows, mine.clustered, theirs.clustered = theirs.rows, True, True
        yield from self._compare(attempt)
        self._host.flush()
        self._host.files.kind = "seeded"

    def _copy(self) -> Steps:
        process, host = self._process, self._host
        yield from self._set_aside()
        yield from self._start()
        yield from self._reach()
        yield self._takes(0.3)
        host.files.rows = self._peer().files.rows & int(process.random() * (1 << 60))  # torn: the file is in use
        attempt = yield from self._want()
        yield from self._reach()
        source = self._peer_server()
        if not source.closed:
            raise JobFault("the other node's database was in use in the last pass")
        yield self._takes(0.1)
        exact = self._peer().files
        self._running().rows = host.files.rows = exact.rows
        self._running().clustered = host.files.clustered = exact.clustered
        word = process.state.word
        epoch = word.epoch if word else 0
        yield from self._compare(attempt)
        yield from self._arm(attempt)
        host.files.kind, host.files.epoch = "held", epoch

    def _arm(self, attempt: str) -> Steps:
        self._running().clustered = True
        yield from self._reach()
        self._lent_source(attempt).clustered = True
        yield self._takes(0.02)
        self._peer().flush()
        self._host.flush()
        self._must_hold(attempt)

    def _compare(self, attempt: str) -> Steps:
        yield self._takes(0.2)
        yield from self._reach()
        if self._process.state.seen is not None:
            self._lent_source(attempt)
        theirs = self._peer_server()
        theirs.closed = False
        self._must_hold(attempt)
        if theirs.rows != self._running().rows:
            raise JobFault("the copy differs from its source")

    def _lent_source(self, attempt: str) -> "Server":
        source = self._peer().process
        if source is None or not source.state.lent or source.state.holds != attempt:
            raise JobFault("the other node: its database is not lent")
        return self._peer_server()

    def _lend(self) -> Steps:
        yield self._takes(0.15)
        server = self._running()
        if server.hung:
            raise JobFault("the database file is still in use after SHUTDOWN")
        self._host.flush()
        server.closed = True

    def _halt(self) -> Steps:
        yield self._takes(0.5)
        self._host.end_server(cleanly=True)

    def _want(self) -> Generator[float, None, str]:
        process, waited = self._process, 0.0
        process.attempts += 1
        attempt = f"{process.state.boot}-{process.attempts}"
        process.tell(Wanting(attempt))
        process.world.happened(f"wanting {self._host.name}")
        while not self._holds(attempt):
            if self._abandoned:
                raise JobFault("it is not needed any more")
            if waited > HOLD_WITHIN:
                raise JobFault("the other node did not shut its clients out for the copy")
            yield 0.05
            waited += 0.05
        return attempt

    def _holds(self, attempt: str) -> bool:
        word = self._process.state.word
        return word is not None and word.holds == attempt

    def _must_hold(self, attempt: str) -> None:
        if self._abandoned or not self._holds(attempt):
            raise JobFault("the other node no longer shuts its clients out")

    def _peer(self) -> "Host":
        return self._process.world.hosts[self._host.peer]

    def _running(self) -> "Server":
        if self._host.server is None:
            raise JobFault("the server has ended")
        return self._host.server

    def _peer_server(self) -> "Server":
        server = self._peer().server
        if server is None or server.hung:
            raise JobFault("the other node's server does not answer")
        return server

    def _reach(self) -> Steps:
        """Wait until the peer can be reached, for a while."""
        waited, peer = 0.0, self._peer()
        network = self._process.world.network
        while not (peer.process and peer.process.active and network.both(self._host.name, peer.name)):
            if waited > REACH_WITHIN:
                raise JobFault("the other node is silent")
            yield 0.1
            waited += 0.1
