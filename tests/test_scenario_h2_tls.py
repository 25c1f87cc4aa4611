"""Between the nodes of a pair with `database.tls` nothing of its data can be read, and faults cost it nothing more.

The tests are one story of two clusters, the second one without TLS as the control, and run in this order.
"""

import time
from collections.abc import Iterator

import pytest

from rehearsal.checks import between, copies
from rehearsal.drive import Rehearsal
from rehearsal.faults import catalog, pair, processes
from rehearsal.faults.fault import Fault
from rehearsal.faults.schedule import single
from rehearsal.faults.series import Series
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.between_support import SQL, WORDS, found, spoken
from tests.carbon_support import say
from tests.scenario_support import EXAMPLE, Bench, cluster_file, hung, item, kept_down, leaves_nothing, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

UNIT = "muster-between.service"
FRONTS = {
    "kill-front-b": Fault("kill-front-b", "kill -9 of the front on b", lambda s: processes.kill(s, UNIT, "b")),
    "pause-front-b": Fault(
        "pause-front-b", "SIGSTOP of the front on b for 6 s", lambda s: processes.pause(s, UNIT, "b"), 6.0, parts=True
    ),
}
FAULTS = {**catalog(), **FRONTS}


rehearsal = story(EXAMPLE)


def deployed(rehearsal: Rehearsal, factory: pytest.TempPathFactory, name: str, *, tls: bool) -> Bench:
    """Deploy a pair that may take over as often as it must."""
    folder = factory.mktemp(name)
    file = cluster_file(EXAMPLE, folder, name, {"database": {"tls": tls, "takeover_interval": 0}})
    made = Bench(rehearsal, file, folder)
    began = time.monotonic()
    run = made.deploy()
    assert run.code == 0, run.failure
    made.wait_until_healthy()
    say(f"database.tls: {str(tls).lower()}: deployed in {time.monotonic() - began:.0f} s")
    return made


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy the pair with TLS."""
    return deployed(rehearsal, tmp_path_factory, "secret", tls=True)


@pytest.fixture(scope="module")
def series(bench: Bench) -> Iterator[Series]:
    """Run trials of that pair."""
    made = Series(lambda: bench.scene, bench.folder / "faults.jsonl", FAULTS)
    yield made
    made.close()


def test_a_pair_with_tls_passes_every_check(bench: Bench) -> None:
    results = bench.checks()
    assert between.CHECK.name in {result.name for result in results}
    assert not_valid(results) == {}


def test_neither_statements_nor_rows_nor_a_copy_can_be_read_between_the_nodes(bench: Bench) -> None:
    """The control is the same question at the end, where the file says false."""
    assert found(spoken(bench), (*WORDS, *SQL)) == set()
    assert bench.check(copies.CHECK).verdict == "valid"


@pytest.mark.parametrize("name", ["power-off-b", "partition", *FRONTS])
def test_no_acknowledged_write_is_lost_under(series: Series, name: str) -> None:
    judged = series.run(single(FAULTS[name]))
    say(f"{name}: {dict(judged.figures)}")
    assert not_valid(judged.results) == {}


def test_without_a_front_one_node_serves_alone_and_with_it_the_other_comes_in_again(bench: Bench) -> None:
    stage = Stage(bench.rehearsal)
    with kept_down(bench, UNIT, "b"):
        poll(lambda: len(item(bench).members) == 1, within=30)
    poll(lambda: pair.whole(stage), within=90)
    bench.wait_until_healthy()
    assert bench.check(copies.CHECK).verdict == "valid"


def test_a_front_that_hangs_is_begun_anew_and_both_nodes_serve_again(bench: Bench) -> None:
    stage = Stage(bench.rehearsal)
    before = hung(bench, UNIT, "b")
    poll(lambda: len(item(bench).members) == 1, within=30)
    poll(lambda: pair.whole(stage), within=120)
    bench.wait_until_healthy()
    assert not before & set(processes.processes(stage, "b", UNIT))
    assert bench.check(copies.CHECK).verdict == "valid"


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)


def test_without_tls_statements_rows_and_copies_are_read(
    rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory, empty: set[str]
) -> None:
    bench = deployed(rehearsal, tmp_path_factory, "readable", tls=False)
    assert found(spoken(bench), (*WORDS, *SQL)) >= {*WORDS, SQL[0]}
    leaves_nothing(bench, empty)
