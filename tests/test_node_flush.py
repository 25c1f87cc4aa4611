"""What a kill can lose, and how a hung server is seen."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musternode.failure import Failure
from musternode.h2 import clock
from musternode.h2.faults import H2Error
from musternode.h2.flush import LOCKED, Flush, Turn, Vain
from rehearsal.poll import poll
from tests.h2_server import Held, held


class Told:
    """A database whose answers are told by the test."""

    def __init__(self, *, answers: bool = True, takes: float = 0.0) -> None:
        self.answers, self.takes = answers, takes
        self.probes = self.checkpoints = self.inside = 0
        self.fault: Exception | None = None

    def probe(self) -> bool:
        """Answer, or not."""
        self.probes += 1
        return self.answers

    def checkpoint(self) -> None:
        """Take its time."""
        self.inside += 1
        time.sleep(self.takes)
        self.inside -= 1
        self.checkpoints += 1
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def run() -> Iterator[Callable[[Told], Flush]]:
    """Return how to run a quick flush until the end of the test."""
    running: list[Flush] = []

    def started(database: Told) -> Flush:
        running.append(Flush(database, every=0.02, hung_after=0.1))
        running[-1].start()
        return running[-1]

    yield started
    for one in running:
        one.stop()


def test_each_period_has_a_checkpoint_and_a_probe(run: Callable[[Told], Flush]) -> None:
    database = Told()
    before = clock.now()
    flush = run(database)
    assert poll(lambda: database.checkpoints > 3 and database.probes > 3, within=5)
    assert before <= flush.last_flush <= clock.now()
    assert flush.late < 1


def test_a_checkpoint_that_takes_long_does_not_look_like_a_server_that_hangs(run: Callable[[Told], Flush]) -> None:
    database = Told(takes=0.5)
    flush = run(database)
    assert poll(lambda: database.probes > 10, within=5)
    assert not flush.hung


def test_what_else_is_done_with_the_open_database_makes_neither_flush_nor_probe_late_and_rests_with_them() -> None:
    database, looks, goes_on = Told(), list[float](), threading.Event()

    def look() -> None:
        looks.append(clock.now())
        goes_on.wait(5)

    flush = Flush(database, every=0.02, hung_after=0.1, look=look, look_every=0.05)
    flush.start()
    assert poll(lambda: looks and database.checkpoints > 10 and database.probes > 10, within=5)
    assert (len(looks), flush.hung) == (1, False)
    pausing = threading.Thread(target=flush.pause)
    pausing.start()
    seen = database.probes
    assert poll(lambda: database.probes > seen + 5, within=5)  # while the look is waited for
    assert pausing.is_alive()
    goes_on.set()
    pausing.join(5)
    rested = len(looks), database.probes, database.checkpoints
    time.sleep(0.2)
    assert (len(looks), database.probes, database.checkpoints) == rested
    flush.resume()
    assert poll(lambda: len(looks) > rested[0] + 1, within=5)
    flush.stop()


def test_a_server_that_gives_no_answer_is_seen_and_one_that_answers_again_is_forgiven(
    run: Callable[[Told], Flush],
) -> None:
    database = Told(answers=False)
    flush = run(database)
    assert poll(lambda: flush.hung, within=5)
    database.answers = True
    assert poll(lambda: not flush.hung, within=5)


@pytest.mark.parametrize("fault", [H2Error("gone"), OSError("odd"), RuntimeError("a fault of our own")])
def test_a_checkpoint_that_fails_does_not_count_and_the_next_one_comes(
    run: Callable[[Told], Flush], fault: Exception
) -> None:
    database = Told()
    database.fault = fault
    flush = run(database)
    assert poll(lambda: database.checkpoints > 2, within=5)
    assert flush.last_flush == 0.0
    database.fault = None
    assert poll(lambda: flush.last_flush > 0, within=5)


def test_a_server_that_fails_to_write_is_broken_and_one_whose_file_is_locked_is_not(
    run: Callable[[Told], Flush],
) -> None:
    """The last pass of a copying holds the file's lock for a moment after it was given up."""
    database = Told()
    database.fault = H2Error("already open", LOCKED)
    flush = run(database)
    assert poll(lambda: database.checkpoints > 2, within=5)
    assert flush.broken == ""
    database.fault = H2Error("cannot write")
    assert poll(lambda: flush.broken == "cannot write", within=5)


def test_a_pause_with_a_limit_says_that_something_is_in_flight_still(run: Callable[[Told], Flush]) -> None:
    database = Told(takes=0.5)
    flush = run(database)
    assert poll(lambda: database.inside == 1, within=5)
    with pytest.raises(Failure, match=r"still used for something else after 0\.1 s"):
        flush.pause(0.1)
    flush.pause(2.0)
    assert database.inside == 0


def test_pause_waits_for_what_is_in_flight_and_nothing_follows_until_resume(run: Callable[[Told], Flush]) -> None:
    database = Told(takes=0.2)
    flush = run(database)
    assert poll(lambda: database.inside == 1, within=5)
    flush.pause()
    assert database.inside == 0
    seen = database.checkpoints, database.probes
    time.sleep(0.1)
    assert (database.checkpoints, database.probes) == seen
    flush.resume()
    assert poll(lambda: database.checkpoints > seen[0] and database.probes > seen[1], within=5)


def test_what_was_asked_in_vain_before_a_pause_is_forgotten(run: Callable[[Told], Flush]) -> None:
    database = Told(answers=False)
    flush = run(database)
    assert poll(lambda: flush.hung, within=5)
    flush.pause()
    assert flush.late == 0.0


def test_a_flush_that_is_stopped_while_paused_ends(run: Callable[[Told], Flush]) -> None:
    flush = run(Told())
    flush.pause()
    flush.stop()
    assert not [one for one in threading.enumerate() if one.name in ("h2-flush", "h2-probe") and one.is_alive()]


def test_a_turn_comes_each_period_however_long_the_work_takes() -> None:
    begun: list[float] = []

    def work() -> None:
        begun.append(time.monotonic())
        time.sleep(0.05)

    turn = Turn("test", work, 0.1)
    turn.start()
    assert poll(lambda: len(begun) > 5, within=5)
    turn.stop()
    apart = [later - earlier for earlier, later in itertools.pairwise(begun)]
    assert min(apart) >= 0.099


def test_seconds_in_which_nobody_asked_do_not_count() -> None:
    """The process was stopped, or the machine suspended, for 100 s in the middle of a question."""
    at = [0.0]
    vain = Vain(most=1.0, now=lambda: at[0])
    for second in (0.0, 1.0, 2.0):
        at[0] = second
        vain.ask()
    at[0] = 2.5
    assert vain.seconds() == 2.5
    at[0] = 102.5
    assert vain.seconds() == 3.0
    vain.answered()
    assert vain.seconds() == 0.0


def test_a_frozen_server_is_late_by_more_than_is_allowed_and_hinders_nobody(tmp_path: Path) -> None:
    with held(tmp_path) as made:
        made.create("CREATE TABLE T(A INT)")
        flush = Flush(made.database, every=0.2, hung_after=1.5)
        flush.start()
        assert poll(lambda: flush.last_flush > 0, within=10)
        made.server.freeze()
        began = time.monotonic()
        assert poll(lambda: flush.hung, within=10)
        assert time.monotonic() - began < 6
        made.server.thaw()
        assert poll(lambda: not flush.hung, within=20)
        flush.stop()


def written(made: Held, seconds: float) -> list[tuple[float, int]]:
    """Write rows as fast as one client can, then kill the server; return when each was acknowledged."""
    acknowledged: list[tuple[float, int]] = []
    until = time.monotonic() + seconds
    with made.session() as client:
        for number in itertools.count():
            if time.monotonic() > until:
                break
            client.execute(f"INSERT INTO T VALUES({number})")
            acknowledged.append((clock.now(), number))
        made.database.kill()
    return acknowledged


def lost(made: Held, acknowledged: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Start the server again and return what it no longer knows."""
    made.database.start()
    with made.session() as client:
        kept = {int(str(row)) for (row,) in client.query("SELECT A FROM T")}
    return [(at, number) for at, number in acknowledged if number not in kept]


@pytest.mark.parametrize("flushed", [True, False])
def test_a_kill_loses_nothing_acknowledged_before_the_last_flush_and_without_it_all(
    tmp_path: Path, flushed: bool
) -> None:
    """H2's own background writing is put off, in the control too, so that its luck plays no part."""
    with held(tmp_path) as made:
        made.create("CREATE TABLE T(A INT)", "SET WRITE_DELAY 60000", "CHECKPOINT SYNC")
        made.database.checkpoint()
        flush = Flush(made.database, every=0.5)
        if flushed:
            flush.start()
        acknowledged = written(made, 2.5)
        flush.stop()
        gone = lost(made, acknowledged)
    assert len(acknowledged) > 100
    if flushed:
        assert flush.last_flush > acknowledged[0][0]
        assert [number for at, number in gone if at < flush.last_flush] == []
    else:
        assert len(gone) == len(acknowledged)
