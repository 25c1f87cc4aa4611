"""A cluster file becomes one WSO2 Carbon cluster of three, whose users outlive a member, and leaves nothing.

The tests are one story of one cluster and run in this order.
"""

import time

import pytest

from rehearsal.checks import membership, replicated, security
from rehearsal.checks.permissions import decisions
from rehearsal.drive import Rehearsal
from rehearsal.faults import processes
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.carbon_support import (
    DISCOVERY,
    EXAMPLE,
    UNIT,
    User,
    all_see,
    asked_of_ec2,
    formed_in,
    one_cluster,
    say,
    user_of,
)
from tests.scenario_support import Bench, contents, deployed_example, leaves_nothing, not_valid, sentence, stacks, story
from tests.template_edits import edit_template, without_action

pytestmark = [pytest.mark.host, pytest.mark.scenario]

FORMED_WITHIN = 60.0
"""Seconds from the first product's start until every member sees all others."""

BACK_WITHIN = 120.0
"""Seconds from a member's death until it is one of them again: systemd starts it, and Java takes its time."""


rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy the example with the words that a person uses."""
    return deployed_example(rehearsal, EXAMPLE, tmp_path_factory.mktemp("cluster"), empty)


def test_a_deployed_cluster_is_one_cluster_and_passes_every_check(bench: Bench) -> None:
    """The deploy itself waits for the cluster: nothing is waited for here but the balancer's own checks."""
    at_once = bench.check(membership.CHECK)
    assert at_once.verdict == "valid", at_once.detail
    bench.wait_until_healthy()
    results = bench.checks()
    assert len(results) == 6 + len(security.CHECKS)
    assert not_valid(results) == {}
    seconds = formed_in(bench)
    say(f"{len(bench.cluster.present_nodes)} members see each other {seconds:.1f} s after the first product's start")
    assert seconds < FORMED_WITHIN


def test_a_diff_right_after_the_deploy_is_empty(bench: Bench) -> None:
    run = bench.cdk("diff", "--fail")
    assert run.code == 0, run.failure
    assert "no differences" in run.output


def test_instances_are_listed_and_nothing_else_is_asked_of_ec2(bench: Bench) -> None:
    """Zones above all (`DescribeAvailabilityZones`, which some guides allow) come from the metadata service."""
    assert asked_of_ec2(bench.rehearsal) == {(DISCOVERY, True)}
    asked = {each["principal"].rpartition("/")[2] for each in decisions(bench.rehearsal) if each["action"] == DISCOVERY}
    assert asked == {member.instance for member in bench.scene.members}


def test_a_killed_member_is_seen_to_leave_at_once_and_comes_back_and_no_session_ends(bench: Bench) -> None:
    everybody = set(bench.cluster.present_nodes)
    living = everybody - {"c"}
    users = {node: User(f"user of {node}") for node in sorted(everybody)}
    for node, user in users.items():
        user.walk(bench, node, *sorted(living))
    sent = user_of(bench, "c")
    killed = time.monotonic()
    processes.kill(Stage(bench.rehearsal), UNIT, "c")
    poll(lambda: all_see(bench, living), within=20, every=0.05)
    say(f"a killed member is seen to have left {time.monotonic() - killed:.1f} s later")
    for user in users.values():
        user.walk(bench, *sorted(living))
    moved = poll(lambda: sent.visit(bench), within=30)
    say(f"its user is with {moved} {time.monotonic() - killed:.1f} s after it died")
    assert moved in living
    poll(lambda: one_cluster(bench), within=BACK_WITHIN, every=0.5)
    say(f"they are one cluster again {time.monotonic() - killed:.1f} s after it died")
    for user in users.values():
        user.walk(bench, "c", *sorted(living))
    bench.wait_until_healthy()
    assert bench.check(replicated.CHECK).verdict == "valid"


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)


def test_a_role_that_may_not_list_instances_fails_the_deploy_in_the_engines_words(
    rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The deploy of the same cluster with the whole role, above, is the control."""
    broken = Bench(rehearsal, EXAMPLE, tmp_path_factory.mktemp("broken"))
    assembly = broken.synthesize()
    edit_template(assembly, without_action(DISCOVERY))
    before = len(decisions(rehearsal))
    why = sentence(broken.deploy(assembly))
    assert "Starting standalone" in why
    assert asked_of_ec2(rehearsal, before) == {(DISCOVERY, False)}
    assert stacks(rehearsal)["muster-carbon"] == "ROLLBACK_COMPLETE"
    assert contents(rehearsal) - empty == set()
