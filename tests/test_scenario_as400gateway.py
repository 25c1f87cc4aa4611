"""A cluster file becomes a formed AS400Gateway cluster, survives restarts, shows its changes, and leaves nothing.

The tests are one story of one cluster and run in this order.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.canaries.executions import Watcher
from rehearsal.canaries.search import Search
from rehearsal.canaries.values import canaries
from rehearsal.checks import copies, security
from rehearsal.checks.h2 import ask
from rehearsal.drive import Rehearsal
from tests.canary_support import MISSED
from tests.carbon_support import say
from tests.scenario_support import (
    EXAMPLE,
    Bench,
    contents,
    deployed_example,
    derived,
    leaves_nothing,
    not_valid,
    sentence,
    stacks,
    story,
)
from tests.template_edits import edit_template, without_action

pytestmark = [pytest.mark.host, pytest.mark.scenario]


rehearsal = story()


@pytest.fixture(scope="module")
def watcher() -> Iterator[Watcher]:
    """See every program that starts on this machine."""
    with Watcher() as made:
        yield made


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], watcher: Watcher, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy the example with the words that a person uses, while `watcher` looks on."""
    assert watcher
    made = deployed_example(rehearsal, EXAMPLE, tmp_path_factory.mktemp("cluster"), empty)
    made.wait_until_healthy()
    return made


def test_a_deployed_cluster_passes_every_check(bench: Bench) -> None:
    results = bench.checks()
    assert len(results) == 6 + len(security.CHECKS)
    assert not_valid(results) == {}


def test_no_program_was_ever_given_a_secret_by_arguments_or_environment(bench: Bench, watcher: Watcher) -> None:
    """That one would be seen is shown in tests/test_canaries.py."""
    told = watcher.asked(Search(canaries(bench.scene)))
    say(f"{told.seen} programs were started, {told.missed} more were not seen")
    assert told.found == ()
    assert told.seen > 100
    assert told.missed <= MISSED * told.seen


def test_each_node_restarted_in_turn_keeps_the_data(bench: Bench) -> None:
    """The control: one copy is damaged behind the cluster's back, which the comparison must see and a restart heal."""
    before = written(bench)
    assert before["kept"] == "through every restart"
    for node in ("a", "b"):
        if node == "b":
            ask(bench.scene, bench.member("b"), "DELETE FROM CONFIGURATION WHERE \"KEY\" = 'kept';")
            assert bench.check(copies.CHECK).verdict == "invalid"
        bench.restart(node)
        assert {member.name: read(bench, member.name) for member in bench.scene.members} == {"a": before, "b": before}
        assert bench.check(copies.CHECK).verdict == "valid"


def written(bench: Bench) -> dict[str, str]:
    """Write one entry through the balancer and return the whole configuration."""
    with bench.scene.visitor() as user:
        assert user.request("PUT", "/admin/configuration/kept", b"through every restart").code == 200
    return read(bench, "a")


def read(bench: Bench, node: str) -> dict[str, str]:
    """Return the configuration as one node serves it."""
    with bench.scene.direct(bench.member(node)) as client:
        entries: dict[str, str] = client.request("GET", "/admin/configuration").json()
        return entries


def test_a_diff_right_after_the_deploy_is_empty_and_a_change_shows(bench: Bench) -> None:
    run = bench.cdk("diff", "--fail")
    assert run.code == 0, run.failure
    assert "no differences" in run.output
    changed = bench.of(derived(bench.folder, "as400", ("hours: 8", "hours: 4")))
    run = changed.cdk("diff", "--fail")
    assert run.code == 1
    assert "14400" in run.output


@pytest.mark.full
def test_a_changed_setting_reaches_every_node_by_a_second_deploy_without_a_new_instance(bench: Bench) -> None:
    instances = {member.instance for member in bench.scene.members}
    block = "  stickiness: {cookie: JSESSIONID, hours: 8}"
    fields = "as400gateway: {health: /actuator/info, outside: [449]}"
    changed = bench.of(derived(bench.folder, "as400", (block, f"{block}\n{fields}")))
    run = changed.deploy()
    assert run.code == 0, run.failure
    changed.wait_until_healthy()
    told = changed.scene.settings_document
    assert told["settings"]["health"] == "/actuator/info"
    for member in changed.scene.members:
        known = json.loads(changed.scene.run_in(member, ["cat", "/etc/muster/settings.json"], within=10))
        assert known["generation"] == told["generation"]
    assert {member.instance for member in changed.scene.members} == instances
    assert {result.verdict for result in changed.checks()} == {"valid"}
    assert changed.cdk("diff", "--fail").code == 0


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)


def test_a_role_that_may_not_read_the_secrets_fails_the_deploy_with_that_cause(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    """The deploy of the same cluster with the whole role, above, is the control."""
    broken = Bench(rehearsal, EXAMPLE, tmp_path)
    assembly = broken.synthesize()
    edit_template(assembly, without_action("secretsmanager:GetSecretValue"))
    why = sentence(broken.deploy(assembly))
    assert "GetSecretValue" in why
    assert stacks(rehearsal)["muster-as400"] == "ROLLBACK_COMPLETE"
    assert contents(rehearsal) - empty == set()
