"""A cluster file becomes two Axon.ivy engines of which one gets two of three new users, and leaves nothing.

The tests are one story of one cluster and run in this order.
"""

from pathlib import Path

import pytest

from rehearsal.checks import sessions
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.ivy_support import (
    EXAMPLE,
    cluster_file,
    description,
    engines_see_each_other,
    once_prepared,
    outlives,
    prepared,
    spreads,
)
from tests.scenario_support import Bench, contents, leaves_nothing, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario]

SHARED = "/mnt/axonivy"


rehearsal = story(EXAMPLE)
empty = once_prepared()


@pytest.fixture(scope="module")
def file(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the cluster file, and let there be what it takes for granted."""
    return prepared(rehearsal, cluster_file(tmp_path_factory.mktemp("cluster"), "engines", {}))


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], file: Path) -> Bench:
    """Deploy the example with the words that a person uses."""
    made = Bench(rehearsal, file, file.parent)
    run = made.deploy()
    assert run.code == 0, run.failure
    assert contents(rehearsal) > empty
    return made


def test_two_engines_are_one_cluster_that_passes_every_check(bench: Bench) -> None:
    bench.wait_until_healthy()
    results = bench.checks()
    assert results
    assert not_valid(results) == {}
    poll(lambda: engines_see_each_other(bench), within=30)


def test_new_users_spread_by_the_weights_and_each_stays_where_it_is(bench: Bench) -> None:
    spreads(bench)
    sticky = bench.check(sessions.STICKY)
    assert sticky.verdict == "valid", sticky.detail


def test_what_one_node_writes_into_the_shared_folder_the_other_one_reads(bench: Bench) -> None:
    """The engines have their data there, too."""
    bench.scene.run_in(bench.member("a"), ["tee", f"{SHARED}/written"], text="by a", within=20)
    assert bench.scene.run_in(bench.member("b"), ["cat", f"{SHARED}/written"], within=20) == "by a"
    for node in ("a", "b"):
        told = description(bench, node)
        assert str(told["shared"]).startswith(f"{SHARED}/"), told
        assert told["database"] == "jdbc:postgresql://db.example.org:5432/ivy"


def test_a_dead_engines_users_go_to_the_other_one_and_it_gets_its_share_of_new_ones_when_it_is_back(
    bench: Bench,
) -> None:
    outlives(bench, "a")


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)
