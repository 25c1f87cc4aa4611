"""A cluster file becomes one cluster of two Kaazing gateways, whose users outlive either of them, and leaves nothing.

The tests are one story of one cluster and run in this order.
"""

import time

import pytest

from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.carbon_support import say
from tests.kaazing_support import (
    BACK_WITHIN,
    CONNECTED_WITHIN,
    EXAMPLE,
    UNIT,
    all_on,
    cluster_file,
    gone_in_time,
    is_whole_again,
    one_cluster,
    talking,
    whole,
)
from tests.scenario_support import Bench, contents, kept_down, leaves_nothing, not_valid, story

pytestmark = [pytest.mark.host, pytest.mark.scenario]

USERS = 50


rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy two gateways that notice a fault within seconds."""
    folder = tmp_path_factory.mktemp("cluster")
    made = Bench(rehearsal, cluster_file(folder, "pair", {"nodes.c": None, "kaazing.outside": [389]}), folder)
    run = made.deploy()
    assert run.code == 0, run.failure
    assert contents(rehearsal) > empty
    return made


def test_two_gateways_are_one_cluster_that_passes_every_check(bench: Bench) -> None:
    """The deploy itself waits for the cluster: nothing is waited for here but the balancer's own checks."""
    assert one_cluster(bench)
    assert whole(bench)
    bench.wait_until_healthy()
    results = bench.checks()
    assert results
    assert not_valid(results) == {}


def test_a_killed_gateway_is_gone_in_time_its_users_go_on_with_the_other_one_and_it_comes_back(bench: Bench) -> None:
    with talking(bench, USERS, fall="b") as talk:
        assert min(talk.users.values()) > 0, talk.users
        killed = time.time()
        with kept_down(bench, UNIT, "b"):
            gone_in_time(bench, "b", {"a"}, killed)
            poll(lambda: all_on(bench, talk.crowd, "a"), within=CONNECTED_WITHIN)
            say(f"of {talk.users} users all are on a {time.time() - killed:.1f} s after b's gateway was killed")
        is_whole_again(bench, BACK_WITHIN)


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)
