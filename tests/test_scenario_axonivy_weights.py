"""Axon.ivy engines get new users by weights that a cluster file changes as it likes, whatever holds users on a node.

One story of one cluster of engines that know no cookie but JSESSIONID, in this order. What no cluster forms without is
taken away in the end, one thing at a time.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muster.products.axonivy import AxonIvy
from rehearsal.checks import sessions
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.carbon_support import say
from tests.ivy_support import (
    EXAMPLE,
    Users,
    cluster_file,
    engines_see_each_other,
    once_prepared,
    outlives,
    prepared,
    spreads,
    undiminished,
)
from tests.scenario_support import Bench, contents, not_valid, sentence, stacks, story
from tests.template_edits import Edit, edit_template, without_action, without_self_rule

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

OLD: Mapping[str, Any] = {
    "axonivy.version": "9.4",
    "artifact.file": "artifacts/AxonIvyEngine9.4.zip",
    "instance.java": None,
    "axonivy.weights": None,
}
"""An engine that keeps a session by JSESSIONID, and has no health page of its own."""
TWO: Mapping[str, Any] = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}}
THREE: Mapping[str, Any] = {**TWO, "c": {"zone": "eu-west-1a"}}

JGROUPS, NFS = 7800, 2049
READ_SECRET = "secretsmanager:GetSecretValue"
TIME_OUT = "WaitCondition timed out"
"""What CloudFormation says where no node said anything."""


def by_weights(nodes: Mapping[str, Any], weights: Mapping[str, int] | None, **more: Any) -> Mapping[str, Any]:
    """Return the fields of a cluster of these nodes and weights (None: nothing is said of them)."""
    return {**OLD, "nodes": nodes, **({"axonivy.weights": weights} if weights else {}), **more}


rehearsal = story(EXAMPLE)
empty = once_prepared()


@pytest.fixture(scope="module")
def file(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the first cluster file, and let there be what it takes for granted."""
    folder = tmp_path_factory.mktemp("cluster")
    return prepared(rehearsal, cluster_file(folder, "weighed", by_weights(TWO, None)))


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], file: Path) -> Bench:
    """Deploy two engines without a word of weights."""
    made = Bench(rehearsal, file, file.parent)
    deployed(made)
    assert contents(rehearsal) > empty
    return made


def deployed(bench: Bench) -> None:
    """Deploy, and wait until all engines take users."""
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()


def changed(bench: Bench, fields: Mapping[str, Any]) -> None:
    """Deploy the cluster with other fields."""
    cluster_file(bench.folder, bench.cluster.name, fields)
    deployed(bench)


def serves(bench: Bench) -> None:
    """See that new users spread by the weights, that each stays where it is, and that engines and checks are whole."""
    spreads(bench)
    sticky = bench.check(sessions.STICKY)
    assert sticky.verdict == "valid", sticky.detail
    poll(lambda: engines_see_each_other(bench), within=60, every=1.0)
    assert not_valid(bench.checks()) == {}


def test_without_a_word_of_weights_each_node_gets_as_many_new_users(bench: Bench) -> None:
    serves(bench)


@pytest.mark.parametrize(("a", "b", "stay"), [(3, 2, "ab"), (5, 1, "a"), (2, 4, "b")])
def test_other_weights_in_the_file_spread_new_users_otherwise_and_users_stay_where_no_weight_falls(
    bench: Bench, a: int, b: int, stay: str
) -> None:
    """The last ones are those of the example the other way round, and not as small as they might be: one port and two.

    A user is kept on a port, and goes on from there as long as that is one of its node's.
    """
    users, before = Users(bench), bench.cluster.block(AxonIvy).weights
    changed(bench, by_weights(TWO, {"a": a, "b": b}))
    assert undiminished(before, {"a": a, "b": b}, "ab") == {*stay}
    for node in stay:
        assert users.on(node), f"{node} has no user"
        users.go_on(users.on(node))
    serves(bench)


def test_three_nodes_have_three_weights(bench: Bench) -> None:
    changed(bench, by_weights(THREE, {"a": 3, "b": 2, "c": 1}))
    serves(bench)


def test_the_users_of_the_heaviest_of_three_move_once(bench: Bench) -> None:
    outlives(bench, "a")


def test_a_cookie_of_the_balancers_own_does_the_same(bench: Bench) -> None:
    changed(bench, by_weights(TWO, {"a": 2, "b": 1}, **{"balancer.stickiness.cookie": "balancer"}))
    serves(bench)


def test_the_users_of_a_dead_engine_move_once_by_a_cookie_of_the_balancers_own_too(bench: Bench) -> None:
    outlives(bench, "a")


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    run = bench.cdk("destroy", "--force")
    assert run.code == 0, run.failure
    assert contents(bench.rehearsal) - empty == set()
    poll(lambda: not bench.rehearsal.inventory().hosts, within=60)


# what no cluster forms without; the deploy of the same cluster above is the control


def faulty(rehearsal: Rehearsal, folder: Path, **changes: Any) -> Bench:
    """Return two engines under another name."""
    return Bench(rehearsal, cluster_file(folder, "faulty", {**by_weights(TWO, None), **changes}), folder)


def rolled_back(bench: Bench, empty: set[str], edit: Edit) -> str:
    """Deploy with a fault of the template, and return the cause, having seen that all was rolled back."""
    assembly = bench.synthesize()
    edit_template(assembly, edit)
    why = sentence(bench.deploy(assembly))
    say(why)
    assert TIME_OUT not in why
    assert stacks(bench.rehearsal)["muster-faulty"] == "ROLLBACK_COMPLETE"
    assert contents(bench.rehearsal) - empty == set()
    poll(lambda: not bench.rehearsal.inventory().hosts, within=60)
    return why


def test_without_its_licence_nothing_is_deployed(rehearsal: Rehearsal, empty: set[str], tmp_path: Path) -> None:
    bench = faulty(rehearsal, tmp_path, **{"axonivy.licence": "artifacts/lost.lic"})
    run = bench.deploy()
    assert run.code != 0
    assert "axonivy.licence" in run.output
    assert f"no such file: {tmp_path / 'artifacts/lost.lic'}" in run.output
    assert "muster-faulty" not in stacks(rehearsal)
    assert contents(rehearsal) - empty == set()


def test_engines_that_do_not_reach_each_other_fail_the_deploy_with_the_rule_that_is_missing(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    bench = faulty(rehearsal, tmp_path, **{"formation.timeout": 150})
    why = rolled_back(bench, empty, without_self_rule(JGROUPS))
    assert f"TCP {JGROUPS}" in why
    assert "muster-faulty" in why


def test_a_file_system_that_is_not_reached_fails_the_deploy_with_the_rule_that_is_missing(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    why = rolled_back(faulty(rehearsal, tmp_path), empty, without_self_rule(NFS))
    assert f"TCP {NFS}" in why
    assert "fs-" in why


def test_a_role_that_may_not_read_the_databases_user_fails_the_deploy_with_what_it_may_not(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    why = rolled_back(faulty(rehearsal, tmp_path), empty, without_action(READ_SECRET))
    assert READ_SECRET in why
