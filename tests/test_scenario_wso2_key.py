"""Members get another key to find each other by, one after the other and under their users, and the former one ends.

One story of one cluster whose engine takes a user's key alone; both steps are deployed by the real command line.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from operations.errors import Failure
from operations.lock import lock_file
from rehearsal.checks import membership
from rehearsal.drive import CdkRun, Rehearsal
from rehearsal.poll import poll
from rehearsal.visitor import CookieJar
from tests.carbon_support import EXAMPLE, User, cluster_file, one_cluster, restart, say, started
from tests.key_support import Key, configured, found_by, key_in_the_secret, rotate
from tests.scenario_support import Bench, contents, not_valid, stand_in, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

KERNEL, ENGINE = "4.4.40", "3.5.4"
BACK_WITHIN = 120.0


@dataclass
class Watch:
    """What is seen of a cluster while it is deployed: which products are down at each look, and one user's requests."""

    looks: list[frozenset[str]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    @property
    def turns(self) -> list[str]:
        """The nodes whose product was seen to be down, in the order of the first look at which it was."""
        return list(dict.fromkeys(node for look in self.looks for node in sorted(look)))


rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy three members of that engine, with their lock file."""
    folder = tmp_path_factory.mktemp("cluster")
    artifact = f"artifacts/wso2-carbon-{KERNEL}.zip"
    file = cluster_file(folder, "keyed", {"wso2.kernel": KERNEL, "instance.java": 8, "artifact.file": artifact})
    made = Bench(rehearsal, file, folder)
    rehearsal.artifacts = stand_in(made.cluster).parent
    assert lock_file(file, check=False) == 0
    run = made.deploy()
    assert run.code == 0, run.failure
    assert contents(rehearsal) > empty
    made.wait_until_healthy()
    return made


@pytest.fixture(scope="module")
def users(bench: Bench) -> list[User]:
    """Return a user of each node, whose session that node made."""
    made = {node: User(f"user of {node}") for node in sorted(bench.cluster.present_nodes)}
    for node, user in made.items():
        user.walk(bench, node)
    return list(made.values())


@pytest.fixture(scope="module")
def first(bench: Bench) -> Key:
    """Return the key that the members begin with."""
    return key_in_the_secret(bench)


def deploy_watched(bench: Bench) -> tuple[CdkRun, Watch]:
    """Deploy, and look at all products and be a user of the balancer's as often as possible meanwhile."""
    watch, scene, jar = Watch(), bench.scene, CookieJar()
    with ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(bench.deploy)
        while not deploying.done():
            watch.looks.append(frozenset(each.name for each in scene.members if not answers(scene.direct(each))))
            visit(watch, scene.visitor(jar))
            time.sleep(0.05)  # looks are twenty a second at most: a product takes seconds to come back
        return deploying.result(), watch


def answers(client: Any) -> bool:
    """Return whether a product answers users."""
    try:
        with client:
            return bool(client.request("GET", "/services").code == 200)
    except OSError:
        return False


def visit(watch: Watch, client: Any) -> None:
    """Make a user's request at the balancer, and note what the session has come to, if it was answered."""
    try:
        with client:
            answer = client.request("GET", "/api/session")
    except OSError:
        return
    if answer.code == 200:
        told = answer.json()
        watch.counts.append(int(told["count"]))
        watch.sessions.add(str(told["session"]))


def starts(bench: Bench) -> dict[str, float]:
    """Return when the product of each node has begun."""
    return {node: started(bench, node) for node in sorted(bench.cluster.present_nodes)}


def restarted(before: dict[str, float], after: dict[str, float]) -> set[str]:
    """Return the nodes whose product has begun anew; times are read to a fraction of a second."""
    return {node for node in before if after[node] > before[node] + 1.0}


def go_on(bench: Bench, users: list[User]) -> None:
    """See that every session goes on at every node."""
    for user in users:
        user.walk(bench, *sorted(bench.cluster.present_nodes))


def test_the_first_deploy_gives_each_member_another_key_in_its_turn_and_both_work(
    bench: Bench, users: list[User], first: Key
) -> None:
    assert f"engine {ENGINE} of kernel {KERNEL}" in bench.check(membership.CHECK).detail
    before, nodes = starts(bench), set(bench.cluster.present_nodes)
    rotate(bench)
    with pytest.raises(Failure, match="the nodes use key 1, and key 2 is the lock file's"):
        rotate(bench)
    run, watch = deploy_watched(bench)
    assert run.code == 0, run.failure
    assert one_cluster(bench), "the deploy itself has waited for that"
    assert [sorted(look) for look in watch.looks if len(look) > 1] == []
    assert watch.turns == sorted(nodes), "each was seen to be down, in the order of their places"
    assert restarted(before, starts(bench)) == nodes
    assert len(watch.sessions) == 1
    assert watch.counts == sorted(set(watch.counts)), "the session of a user at the balancer went on"
    go_on(bench, users)
    second = key_in_the_secret(bench)
    assert second["access_key_id"] != first["access_key_id"]
    for node in sorted(nodes):
        text = configured(bench, node)
        assert second["access_key_id"] in text
        assert first["access_key_id"] not in text
    assert found_by(bench, first) == found_by(bench, second) == nodes
    say(f"{len(watch.looks)} looks, {len(watch.counts)} answers to one user while {', '.join(watch.turns)} restarted")


def test_the_second_deploy_ends_the_former_key_and_restarts_nobody(bench: Bench, users: list[User], first: Key) -> None:
    """That the former key is accepted until then is the end of the test above."""
    before, nodes = starts(bench), set(bench.cluster.present_nodes)
    bench.wait_until_healthy()
    rotate(bench)
    run, watch = deploy_watched(bench)
    assert run.code == 0, run.failure
    assert watch.turns == []
    assert watch.looks
    assert restarted(before, starts(bench)) == set()
    assert found_by(bench, first) == "AuthFailure"
    assert found_by(bench, key_in_the_secret(bench)) == nodes
    assert one_cluster(bench)
    go_on(bench, users)


def test_a_member_that_starts_anew_finds_the_others_by_the_key_that_is_left(bench: Bench, users: list[User]) -> None:
    restart(bench, "c")
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=0.5)
    bench.wait_until_healthy()
    go_on(bench, users)
    assert not_valid(bench.checks()) == {}


def test_destroy_leaves_neither_key_nor_user(bench: Bench, empty: set[str]) -> None:
    assert bench.cdk("destroy", "--force").code == 0
    assert contents(bench.rehearsal) - empty == set()
    assert bench.rehearsal.client("iam").list_users()["Users"] == []
    poll(lambda: not bench.rehearsal.inventory().hosts, within=30)
