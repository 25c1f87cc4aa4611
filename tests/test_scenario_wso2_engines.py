"""Every generation of kernels forms one cluster by what its own engine can do, says which engine that was, and heals.

For each engine one story of one cluster, in this order. What is too short to be a fault, and what ends every copy of a
session, test_scenario_wso2_faults.py shows as controls.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from muster.spec import load
from rehearsal.checks import membership
from rehearsal.checks.permissions import decisions
from rehearsal.drive import Rehearsal
from rehearsal.faults import power, processes
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.carbon_support import (
    BACK_WITHIN,
    DISCOVERY,
    EXAMPLE,
    GONE_WITHIN,
    HEARTBEAT,
    SMALL,
    UNIT,
    User,
    all_see,
    apart,
    asked_of_ec2,
    cluster_file,
    formed_in,
    healed,
    log,
    one_cluster,
    restart,
    say,
    sees,
    told,
    users_of,
    walk,
)
from tests.scenario_support import Bench, contents, not_valid, service, stand_in

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

FORMED_WITHIN = 90.0
ALL = {"a", "b", "c"}


@dataclass(frozen=True)
class Trial:
    """A kernel, the engine that it has, its Java, and whether instances are listed to find members."""

    kernel: str
    engine: str
    java: int
    more: Mapping[str, Any] = field(default_factory=dict)
    lists: bool = True


TRIALS = {
    "3.5.4": Trial("4.4.40", "3.5.4", 8),
    "3.12.2": Trial("4.6.3", "3.12.2", 11),
    "4.2.6": Trial("4.9.28", "4.2.6", 17),
    "5.3.6": Trial("4.10.126", "5.3.6", 17),
    "5.3.6-wka": Trial("4.10.126", "5.3.6", 17, {"wso2.membership": "wka"}, lists=False),
}


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Run one service for all engines, one after the other."""
    with service(EXAMPLE) as running:
        yield running


@dataclass(frozen=True)
class Story:
    """A cluster with one engine; before it the account held `before`, and `decisions` had been made."""

    trial: Trial
    bench: Bench
    before: set[str]
    decisions: int


@pytest.fixture(scope="module", params=[pytest.param(trial, id=name) for name, trial in TRIALS.items()])
def story(
    request: pytest.FixtureRequest, rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Deploy three members; whatever became of them, they go before the next engine comes."""
    trial: Trial = request.param
    before, made = contents(rehearsal), len(decisions(rehearsal))
    folder = tmp_path_factory.mktemp("engine")
    artifact = {"artifact.file": f"artifacts/wso2-carbon-{trial.kernel}.zip"}
    changes = {"wso2.kernel": trial.kernel, "instance.java": trial.java, **artifact, **SMALL, **trial.more}
    bench = Bench(rehearsal, cluster_file(folder, f"carbon-{trial.engine.replace('.', '-')}", changes), folder)
    rehearsal.artifacts = stand_in(load(bench.file)).parent
    run = bench.deploy()
    assert run.code == 0, run.failure
    try:
        yield Story(trial, bench, before, made)
    finally:
        bench.cdk("destroy", "--force")
        poll(lambda: not rehearsal.inventory().hosts, within=60)


@pytest.fixture
def bench(story: Story) -> Bench:
    """Return the cluster, whole, and healthy at the balancer."""
    poll(lambda: one_cluster(story.bench), within=BACK_WITHIN, every=1.0)
    story.bench.wait_until_healthy()
    return story.bench


def test_three_members_are_one_cluster_that_passes_every_check(story: Story, bench: Bench) -> None:
    trial = story.trial
    results = {result.name: result for result in bench.checks()}
    assert not_valid(results.values()) == {}
    assert f"engine {trial.engine} of kernel {trial.kernel}" in results[membership.CHECK.name].detail
    scheme = "aws" if trial.lists else "wka"
    for node in sorted(ALL):
        assert f"Using {scheme} based membership management scheme" in log(bench, node)
    assert asked_of_ec2(bench.rehearsal, story.decisions) == ({(DISCOVERY, True)} if trial.lists else set())
    seconds = formed_in(bench)
    say(f"engine {trial.engine} ({scheme}): three members {seconds:.1f} s after the first product's start")
    assert seconds < FORMED_WITHIN


def test_a_killed_member_is_seen_to_leave_at_once_and_comes_back_and_no_session_ends(bench: Bench) -> None:
    users, killed = users_of(bench, ALL), time.monotonic()
    processes.kill(Stage(bench.rehearsal), UNIT, "c")
    poll(lambda: all_see(bench, {"a", "b"}), within=HEARTBEAT, every=0.05)
    say(f"a killed member is gone {time.monotonic() - killed:.1f} s later")
    walk(bench, users, "a", "b")
    told(bench, killed, within=BACK_WITHIN, of="it died")
    walk(bench, users, "c", "a", "b")


def test_a_frozen_member_is_gone_after_the_heartbeat_and_comes_back_when_it_thaws(bench: Bench) -> None:
    users, began = users_of(bench, ALL), time.monotonic()
    with healed(processes.pause(Stage(bench.rehearsal), UNIT, "c")):
        poll(lambda: all_see(bench, {"a", "b"}), within=GONE_WITHIN)
        say(f"a frozen member is gone {time.monotonic() - began:.1f} s after it froze")
        assert time.monotonic() - began > HEARTBEAT / 2, "it was gone before it can have been silent for long enough"
        walk(bench, users, "a", "b")
    told(bench, time.monotonic())
    walk(bench, users, "c", "a", "b")


def test_a_cluster_that_is_cut_in_two_goes_on_in_its_larger_part_and_is_one_again_after_the_cut(bench: Bench) -> None:
    user = User("user of a")
    user.walk(bench, "a", "b")
    with healed(apart(Stage(bench.rehearsal), "c", {"a", "b"})):
        poll(lambda: all_see(bench, {"a", "b"}) and sees(bench, "c") == {"c"}, within=3 * GONE_WITHIN)
        split = bench.check(membership.CHECK)
        assert split.verdict == "invalid", split.detail
        poll(lambda: bench.states() == {"a": "healthy", "b": "healthy", "c": "unhealthy"}, within=60)
        user.walk(bench, "b", "a")
        with bench.scene.visitor() as visitor:
            assert visitor.request("GET", "/api/session").code == 200
    told(bench, time.monotonic())
    user.walk(bench, "c", "a", "b")


def test_a_member_without_power_is_gone_after_the_heartbeat_and_comes_back_with_it(bench: Bench) -> None:
    users, began = users_of(bench, ALL), time.monotonic()
    with healed(power.cut(Stage(bench.rehearsal), "c")):
        poll(lambda: all_see(bench, {"a", "b"}), within=GONE_WITHIN)
        say(f"a member without power is gone {time.monotonic() - began:.1f} s after it")
        walk(bench, users, "a", "b")
    told(bench, time.monotonic(), within=BACK_WITHIN, of="its power came back")
    walk(bench, users, "c", "a", "b")


def test_members_restarted_one_after_the_other_keep_every_session(bench: Bench) -> None:
    users = users_of(bench, ALL)
    for node in sorted(ALL):
        restart(bench, node)
        poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=0.5)
        walk(bench, users, *sorted(ALL))


def test_destroy_leaves_nothing_in_the_account(story: Story) -> None:
    rehearsal = story.bench.rehearsal
    assert story.bench.cdk("destroy", "--force").code == 0
    assert contents(rehearsal) - story.before == set()
    poll(lambda: not rehearsal.inventory().hosts, within=30)
