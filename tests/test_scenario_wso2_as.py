"""A cluster file becomes management and workers of WSO2 AS behind one balancer, and artifacts reach every worker.

The tests are one story of one cluster and run in this order.
"""

import time

import pytest

from rehearsal.checks import security
from rehearsal.drive import Rehearsal
from rehearsal.faults import power
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.artifact_support import (
    EXAMPLE,
    UNIT,
    account,
    commits,
    committed,
    committer,
    deployed,
    put,
    refused,
    revision,
    served,
    served_in_time,
    upload,
    whole,
)
from tests.carbon_support import healed, hosts, say
from tests.load_support import MOVED_WITHIN, Killed, under_load
from tests.scenario_support import Bench, deployed_example, kept_down, leaves_nothing, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario]

WAITED = 15.0
"""Seconds for which a worker's own file is waited for in the repository: three times as long as between two looks."""

AWAY = (502, 503, 504)
"""What a balancer answers for a node that is not there: before its checks have noticed, and after that."""

rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy the example with the words that a person uses."""
    return deployed_example(rehearsal, EXAMPLE, tmp_path_factory.mktemp("cluster"), empty)


def test_a_deployed_cluster_passes_every_check(bench: Bench) -> None:
    """The deploy itself waits for the cluster: nothing is waited for here but the balancer's own checks."""
    bench.wait_until_healthy()
    results = bench.checks()
    assert len(results) == 9 + len(security.CHECKS)
    assert not_valid(results) == {}
    for result in results:
        say(f"{result.name}: {result.detail}")


def test_a_diff_right_after_the_deploy_is_empty(bench: Bench) -> None:
    run = bench.cdk("diff", "--fail")
    assert run.code == 0, run.failure


def test_a_workers_own_file_never_reaches_the_repository(bench: Bench) -> None:
    """The control: the same file, put into management's folder in the same way, is with every worker in time."""
    assert commits(bench) == {"a"}
    before = revision(bench)
    put(bench, "b", "own", "of b alone")
    poll(lambda: served(bench, "b", "own") == "of b alone", within=WAITED)
    began = time.monotonic()
    put(bench, "a", "shared", "of all")
    served_in_time(bench, "shared", "of all", began)
    say(f"what was put into management's folder is with every worker {time.monotonic() - began:.1f} s later")
    time.sleep(max(0.0, began + WAITED - time.monotonic()))  # what must not happen has this long to happen
    assert revision(bench) == before + 1
    assert {path.rpartition("/")[2] for path in committed(bench)} & {"own.war", "shared.war"} == {"shared.war"}
    assert served(bench, "c", "own") is None


def test_the_account_of_workers_may_not_commit_and_that_of_management_may(bench: Bench) -> None:
    before = revision(bench)
    url, user, password = account(bench, "b")
    assert "Authorization failed" in refused(bench, bench.member("b"), url, user, password)
    assert revision(bench) == before
    assert refused(bench, bench.member("b"), *account(bench, "a")) == ""
    assert revision(bench) == before + 1


def test_users_of_a_killed_worker_go_on_in_their_sessions_with_the_others_and_nobody_else_notices(
    bench: Bench,
) -> None:
    names = hosts(bench)
    killed: list[Killed] = []
    with under_load(bench, killed) as load:
        poll(lambda: load.all_on("b", "c"), within=20)
        with kept_down(bench, UNIT, "c"):
            killed.append(Killed(next(host for host, node in names.items() if node == "c"), time.monotonic()))
            poll(lambda: load.all_on("b"), within=MOVED_WITHIN)
            say(f"all users are with b {time.monotonic() - killed[0].at:.1f} s after c's server was killed")
        whole(bench)
    assert served(bench, "c", "shared") == "of all"


@pytest.mark.full
def test_workers_go_on_without_management_and_artifacts_reach_them_again_once_it_is_back(bench: Bench) -> None:
    deployed(bench, "before", "of before")
    with under_load(bench):
        with healed(power.cut(Stage(bench.rehearsal), committer(bench).name)):
            began = time.monotonic()
            poll(lambda: upload(bench, "late", "while it was away").code in AWAY, within=30)
            say(f"the console is not there any more {time.monotonic() - began:.1f} s after its power went")
            assert {served(bench, node, "before") for node in ("b", "c")} == {"of before"}
        began = time.monotonic()
        whole(bench)
        say(f"all are one cluster again {time.monotonic() - began:.1f} s after power came back")
        say(f"every worker has what is deployed now after {deployed(bench, 'late', 'now it is back'):.1f} s")


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)
