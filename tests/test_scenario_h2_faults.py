"""A pair under load loses no acknowledged write under any named fault, and heals without a human.

One cluster for all of them, each fault with the whole pair that the one before left. The control, which loses writes
under the same writers and the same checker, is the guide's recipe (`tests/test_guide_recipe.py`).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.faults import catalog
from rehearsal.faults.catalog import SHORT
from rehearsal.faults.judging import Judged
from rehearsal.faults.measures import CLASSES, LIMITS, summary
from rehearsal.faults.schedule import Schedule, schedule, single
from rehearsal.faults.series import Series, as_line
from rehearsal.faults.table import trials_file, waits_file
from tests.scenario_support import Bench, for_faults, service

pytestmark = [pytest.mark.host, pytest.mark.scenario]

FAULTS = catalog()
TABLE = [*SHORT, *(name for name in FAULTS if name not in SHORT)]
SEEDS = (1, 2, 3)
REPETITIONS = 30


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Series]:
    """Deploy a cluster that may take over as often as it must."""
    folder = tmp_path_factory.mktemp("faults")
    with service() as rehearsal:
        bench = Bench(rehearsal, for_faults(folder, "faults"), folder)
        run = bench.deploy()
        assert run.code == 0, run.failure
        bench.wait_until_healthy()
        made = Series(lambda: bench.scene, folder / "history.jsonl")
        yield made
        made.close()


def tried(series: Series, what: Schedule, folder: Path) -> Judged:
    """Run a schedule; what the nodes said of one that is not valid lies in the test's folder."""
    judged = series.run(what)
    if judged.verdict != "valid":
        series.evidence(folder)
    return judged


def broken(judged: Judged) -> dict[str, str]:
    """Return what is not valid, by the name of the promise."""
    return {result.name: f"{result.verdict}: {result.detail}" for result in judged.results if result.verdict != "valid"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SHORT else pytest.mark.full) for name in TABLE]
)
def test_no_acknowledged_write_is_lost_under(series: Series, tmp_path: Path, name: str) -> None:
    judged = tried(series, single(FAULTS[name]), tmp_path)
    with trials_file().open("a") as trials:  # for docs/reliability.md
        trials.write(json.dumps(as_line(single(FAULTS[name]), judged)) + "\n")
    assert broken(judged) == {}


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS)
def test_no_acknowledged_write_is_lost_under_two_drawn_faults(series: Series, tmp_path: Path, seed: int) -> None:
    """`./muster soak` runs many more of these."""
    assert broken(tried(series, schedule(seed), tmp_path)) == {}


@pytest.mark.full
@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_the_database_is_back_in_time_for_users_of_the_node_that_goes_on(
    series: Series, tmp_path: Path, kind: str
) -> None:
    names = [CLASSES[kind][number % len(CLASSES[kind])] for number in range(REPETITIONS)]
    lines = []
    for number, name in enumerate(names):
        judged = tried(series, single(FAULTS[name]), tmp_path / str(number))
        assert broken(judged) == {}
        lines.append(as_line(single(FAULTS[name]), judged))
    kept = waits_file()
    measured = json.loads(kept.read_text()) if kept.exists() else {}
    figures = summary(lines)
    kept.write_text(json.dumps({**measured, kind: figures}, indent=2) + "\n")
    assert figures["classes"][kind]["trials"] == REPETITIONS
    assert figures["classes"][kind]["failover"]["p95"] <= LIMITS[kind]
