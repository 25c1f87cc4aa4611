"""Schedules one after the other against one cluster: what was acknowledged in any of them counts to the last one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.checks.acknowledged import settle
from rehearsal.checks.result import CheckResult
from rehearsal.faults import pair, trial
from rehearsal.faults.catalog import catalog
from rehearsal.faults.clearing import clear
from rehearsal.faults.fault import Fault
from rehearsal.faults.judging import Judged, judge
from rehearsal.faults.schedule import Schedule
from rehearsal.faults.stage import Stage
from rehearsal.hosts.enter import EnterError, run_at
from rehearsal.writers.journal import Journal
from rehearsal.writers.load import Load, Shape, place_of, users_of

if TYPE_CHECKING:
    from rehearsal.checks.scene import Scene

Tell = Callable[[str], None]

REPAIRED_WITHIN = 240.0
"""Seconds for copies that a trial left different: the pair itself looks for that only in a quiet minute."""

UNITS = ("muster-gate", "muster-h2", "muster-member", "as400gateway")


class Series:
    """Trials of a formed cluster; closed at the end. `scene` gives what runs now, looked up anew for each trial."""

    def __init__(
        self,
        scene: Callable[[], "Scene"],
        history: Path,
        known: Mapping[str, Fault] | None = None,
        shape: Shape | None = None,
    ) -> None:
        self.known = catalog() if known is None else known
        self._scene, self._shape = scene, shape or Shape()
        self._journal = Journal(history)
        self._forgiven: set[str] = set()
        self._damaged = False

    def run(self, schedule: Schedule, tell: Tell = lambda _: None) -> Judged:
        """Carry out and judge a schedule. A trial that cannot be carried out, or a judge that crashes, is unknown."""
        scene = self._scene()
        load = Load([place_of(scene, m) for m in scene.members], self._journal, self._shape, users_of(scene))
        try:
            if self._damaged:
                tell("waits until the last trial's damage is repaired")
                trial.wait_until_equal(scene, within=REPAIRED_WITHIN)
            pair.forget_take_over(scene)
            load.start()
            seen = trial.run(scene, schedule, self.known, load, tell)
            judged = judge(seen, self.known, self._journal.operations(), self._forgiven)
        except Exception as crash:
            judged = _unknown(crash)
        finally:
            load.stop()
        self._damaged = judged.verdict != "valid"
        if self._damaged:
            clear(Stage(scene.rehearsal))
        self._forgiven |= judged.account.all_lost()
        return judged

    def evidence(self, folder: Path) -> None:
        """Keep what the units of each node have said of late, for whoever looks for the cause of a verdict."""
        folder.mkdir(parents=True, exist_ok=True)
        stage = Stage(self._scene().rehearsal)
        units = [word for unit in UNITS for word in ("-u", unit)]
        for node in stage.nodes:
            try:
                said = run_at(
                    stage.leader(node), ["journalctl", "-o", "short-precise", "-n", "2000", *units], within=20
                ).out
            except (EnterError, TimeoutError, OSError) as fault:
                said = str(fault)
            (folder / f"{node}.log").write_text(said)

    def close(self) -> None:
        """Write the rest of the history."""
        self._journal.close()


def _unknown(crash: Exception) -> Judged:
    result = CheckResult("the trial was carried out", "unknown", f"{type(crash).__name__}: {crash}".splitlines()[0])
    return Judged([result], settle((), ()), {})


def as_line(schedule: Schedule, judged: Judged) -> dict[str, Any]:
    """Return a trial as one line of a file of verdicts."""
    return {
        "seed": schedule.seed,
        "schedule": str(schedule),
        "faults": [step.fault for step in schedule.steps],
        "verdict": judged.verdict,
        "results": {result.name: f"{result.verdict}: {result.detail}" for result in judged.results},
        "figures": dict(judged.figures),
    }
