"""Kaazing gateways put out whom they do not hear, mend what a cut leaves behind, and become more and fewer by the file.

One story of one cluster in this order, with two hundred users of the echo who may be told nothing that is not true.
What is too short to be a fault, and what a cluster cannot form without, are the controls.
"""

import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.drive import Rehearsal
from rehearsal.faults import power, processes, wires
from rehearsal.faults.catalog import together as at_once
from rehearsal.faults.stage import Stage
from rehearsal.poll import NotYet, poll
from tests.carbon_support import apart, healed, say
from tests.kaazing_support import (
    BACK_WITHIN,
    CONFIG,
    CONNECTED_WITHIN,
    EXAMPLE,
    GONE_WITHIN,
    HEARTBEAT,
    MENDED_WITHIN,
    UNIT,
    Watch,
    all_on,
    cluster_file,
    downs,
    gone_in_time,
    is_whole_again,
    log,
    merges,
    one_cluster,
    run_of,
    seen,
    starts,
    talking,
    together,
)
from tests.scenario_support import Bench, contents, kept_down, not_valid, sentence, stacks, stand_in, story
from tests.template_edits import edit_template, without_self_rule

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

TWO: Mapping[str, Any] = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}}
THREE: Mapping[str, Any] = {**TWO, "c": {"zone": "eu-west-1a"}}
ALL, LIVING = {"a", "b", "c"}, {"a", "b"}
USERS = 200

STILL = 2.5 * HEARTBEAT
"""Seconds for which a gateway stands still: long enough for the others to put it out."""
DRAINED = 20.0
"""Seconds without new users before a gateway that has merged begins anew, at least: a node leads them away for 30."""
MEMBER_PORT = 5942
TIME_OUT = "WaitCondition timed out"
"""What CloudFormation says where no node said anything."""


rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy two gateways that notice a fault within seconds."""
    folder = tmp_path_factory.mktemp("cluster")
    made = Bench(rehearsal, cluster_file(folder, "gateways", {"nodes": TWO}), folder)
    run = made.deploy()
    assert run.code == 0, run.failure
    assert contents(rehearsal) > empty
    made.wait_until_healthy()
    return made


@pytest.fixture
def stage(bench: Bench) -> Stage:
    """Return where faults are made, the gateways being one cluster that all users may reach."""
    poll(lambda: one_cluster(bench), within=MENDED_WITHIN, every=1.0)
    bench.wait_until_healthy()
    return Stage(bench.rehearsal)


def changed_in_turn(bench: Bench, nodes: Mapping[str, Any]) -> None:
    """Deploy the cluster with other nodes; those that stay begin anew, one after the other and each once."""
    with Watch(bench) as watch:
        cluster_file(bench.folder, bench.cluster.name, {"nodes": nodes})
        run = bench.deploy()
    assert run.code == 0, run.failure
    begun = [start for start in starts(watch.looks) if start.node in LIVING]
    assert [start.node for start in begun] == ["a", "b"]
    assert [start for start in begun if start.unready & LIVING] == [], "one began anew though the other was not ready"
    is_whole_again(bench, BACK_WITHIN)
    bench.wait_until_healthy()
    assert not_valid(bench.checks()) == {}


# more gateways


@pytest.mark.usefixtures("stage")
def test_a_third_node_in_the_file_is_a_third_gateway_and_users_go_on_meanwhile(bench: Bench) -> None:
    """They lose a gateway while it begins anew, and no connection else."""
    with talking(bench, USERS, LIVING):
        changed_in_turn(bench, THREE)
        assert seen(bench, "c") == ALL


# faults of one gateway


def test_a_killed_gateway_is_gone_in_time_and_its_users_go_on_with_the_others(bench: Bench, stage: Stage) -> None:
    assert stage.nodes == ("a", "b", "c")
    with talking(bench, USERS, "c") as talk:
        killed = time.time()
        with kept_down(bench, UNIT, "c"):
            gone_in_time(bench, "c", LIVING, killed)
            poll(lambda: all_on(bench, talk.crowd, "a", "b"), within=CONNECTED_WITHIN)
        is_whole_again(bench, BACK_WITHIN)


def test_a_pause_that_is_shorter_than_the_heartbeat_puts_nobody_out(bench: Bench, stage: Stage) -> None:
    """The control of the gateway that stands still: the same signal, for a third of the heartbeat.

    Users wait longer than that, so that nobody loses a connection.
    """
    began = time.time()
    runs = {node: run_of(bench, node) for node in sorted(ALL)}
    with talking(bench, USERS) as talk:
        with healed(processes.pause(stage, UNIT, "c")):
            time.sleep(HEARTBEAT / 3)  # the fault is this long
        until = time.monotonic() + GONE_WITHIN
        while time.monotonic() < until:
            assert {node: seen(bench, node) for node in sorted(ALL)} == dict.fromkeys(sorted(ALL), ALL)
            time.sleep(0.5)  # what must not happen has this long to happen
    assert talk.crowd.tally().lines == USERS
    assert {node: downs(log(bench, node), began) for node in sorted(ALL)} == {node: [] for node in sorted(ALL)}
    assert {node: run_of(bench, node) for node in sorted(ALL)} == runs


def test_a_gateway_that_stands_still_is_gone_in_time_and_mended_when_it_goes_on(bench: Bench, stage: Stage) -> None:
    runs = {node: run_of(bench, node) for node in sorted(ALL)}
    with talking(bench, USERS, "c") as talk:
        began = time.time()
        with healed(processes.pause(stage, UNIT, "c")):
            gone_in_time(bench, "c", LIVING, began)
            time.sleep(max(0.0, began + STILL - time.time()))  # the fault is this long
            poll(lambda: all_on(bench, talk.crowd, "a", "b"), within=CONNECTED_WITHIN)
        mended(bench, time.time(), {"c"}, runs)


def test_a_gateway_that_is_cut_off_is_gone_in_time_and_after_the_cut_drained_and_begun_anew(
    bench: Bench, stage: Stage
) -> None:
    """Its users stay with it until then: the balancer reaches it, and the echo needs no cluster."""
    runs = {node: run_of(bench, node) for node in sorted(ALL)}
    with talking(bench, USERS, "c"), Watch(bench) as watch:
        began = time.time()
        with healed(apart(stage, "c", LIVING)):
            gone_in_time(bench, "c", LIVING, began)
            poll(lambda: alone(bench, "c"), within=6 * HEARTBEAT)
            states = {"a": "healthy", "b": "healthy", "c": "unhealthy"}
            poll(lambda: bench.states() == states, within=30)
        cut = time.time()
        mended(bench, cut, {"c"}, runs)
    begun = starts(watch.looks)
    assert [start.node for start in begun] == ["c"]
    assert begun[0].drained >= DRAINED, begun
    assert together(watch.looks) == []


def test_gateways_that_were_all_cut_from_each_other_begin_anew_one_after_the_other(bench: Bench, stage: Stage) -> None:
    """As many merge as there were parts but one, and no two of them are away at a time.

    Users of the first one to begin anew may meet the second one.
    """
    cuts = [wires.both_ways(stage.host(one).address, stage.host(other).address) for one, other in ("ab", "ac", "bc")]
    with talking(bench, USERS) as talk, Watch(bench) as watch:
        with healed(at_once(*(lambda cut=cut: wires.drop(stage.router, cut) for cut in cuts))):
            poll(lambda: all(alone(bench, node) for node in sorted(ALL)), within=10 * HEARTBEAT)
        cut = time.time()
        poll(lambda: two_have_merged(bench, cut), within=MENDED_WITHIN / 2, every=1.0)
        merged = [node for node in sorted(ALL) if merges(log(bench, node), cut)]
        talk.fall.update(merged)
        poll(lambda: len(starts(watch.looks)) >= len(merged), within=MENDED_WITHIN)
        is_whole_again(bench, BACK_WITHIN)
    begun = starts(watch.looks)
    assert sorted(start.node for start in begun) == merged
    say(f"{', '.join(start.node for start in begun)} have begun anew in this order")
    assert min(start.drained for start in begun) >= DRAINED, begun
    assert together(watch.since(begun[0].at)) == []


def test_a_gateway_without_power_is_gone_in_time_and_comes_back_with_it(bench: Bench, stage: Stage) -> None:
    with talking(bench, USERS, "c") as talk:
        began = time.time()
        with healed(power.cut(stage, "c")):
            gone_in_time(bench, "c", LIVING, began)
            poll(lambda: all_on(bench, talk.crowd, "a", "b"), within=CONNECTED_WITHIN)
        is_whole_again(bench, BACK_WITHIN)


def alone(bench: Bench, node: str) -> bool:
    """Return whether a node sees its own gateway alone, or raise `NotYet` with whom it sees."""
    if seen(bench, node) != {node}:
        raise NotYet(f"{node} sees {', '.join(sorted(seen(bench, node))) or 'nobody'}")
    return True


def two_have_merged(bench: Bench, since: float) -> bool:
    """Return whether two gateways have joined the third one again."""
    found = [node for node in sorted(ALL) if merges(log(bench, node), since)]
    if len(found) != len(ALL) - 1:
        raise NotYet(f"those that have merged are {', '.join(found) or 'none'}")
    return True


def mended(bench: Bench, since: float, merged: set[str], runs: Mapping[str, int]) -> None:
    """See that these gateways and no others merge, that each of them has another run then, and all are whole."""
    poll(lambda: {node for node in ALL if run_of(bench, node) not in (0, runs[node])} == merged, within=MENDED_WITHIN)
    say(f"{', '.join(sorted(merged))} has begun anew {time.time() - since:.1f} s after the fault")
    assert {node for node in ALL if merges(log(bench, node), since)} == merged
    is_whole_again(bench, BACK_WITHIN)
    assert {node for node in ALL if run_of(bench, node) != runs[node]} == merged


# fewer gateways


@pytest.mark.usefixtures("stage")
def test_a_node_that_is_taken_from_the_file_is_a_gateway_fewer_and_users_go_on_meanwhile(bench: Bench) -> None:
    """The node that goes falls, and the others begin anew."""
    with talking(bench, USERS, ALL):
        changed_in_turn(bench, TWO)
        assert seen(bench, "a") == seen(bench, "b") == LIVING
    assert {host.node for host in bench.rehearsal.inventory().hosts} == LIVING


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    run = bench.cdk("destroy", "--force")
    assert run.code == 0, run.failure
    assert contents(bench.rehearsal) - empty == set()
    poll(lambda: not bench.rehearsal.inventory().hosts, within=60)


# what no cluster forms without; the deploy of the same cluster above is the control


def rolled_back(bench: Bench, empty: set[str], assembly: Path | None = None) -> str:
    """Deploy what must fail, and return the cause, having seen that all was rolled back."""
    why = sentence(bench.deploy(assembly))
    say(why)
    assert TIME_OUT not in why
    assert stacks(bench.rehearsal)[f"muster-{bench.cluster.name}"] == "ROLLBACK_COMPLETE"
    assert contents(bench.rehearsal) - empty == set()
    poll(lambda: not bench.rehearsal.inventory().hosts, within=60)
    return why


def test_gateways_that_do_not_reach_each_other_fail_the_deploy_with_the_rule_that_is_missing(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path
) -> None:
    file = cluster_file(tmp_path, "faulty", {"nodes": TWO, "formation.timeout": 120})
    bench = Bench(rehearsal, file, tmp_path)
    assembly = bench.synthesize()
    edit_template(assembly, without_self_rule(MEMBER_PORT))
    why = rolled_back(bench, empty, assembly)
    assert f"TCP {MEMBER_PORT}" in why
    assert "muster-faulty" in why


Change = Callable[[bytes], bytes]


def without_services(config: bytes) -> bytes:
    """Return a gateway's configuration without its service."""
    before, rest = config.split(b"<service>")
    return before + rest.partition(b"</service>")[2]


def over_http(config: bytes) -> bytes:
    """Return a gateway's configuration whose service accepts HTTP alone."""
    assert config.count(b"<accept>ws://") == 1
    return config.replace(b"<accept>ws://", b"<accept>http://")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(without_services, "no <service> accepts ws:// or http:// from users", id="no service"),
        pytest.param(over_http, "no <service> accepts ws:// from users", id="http alone"),
    ],
)
def test_a_gateway_without_a_service_for_websocket_fails_the_deploy_with_its_file(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path, change: Change, words: str
) -> None:
    bench = Bench(rehearsal, cluster_file(tmp_path, "faulty", {"nodes": TWO}), tmp_path)
    product = stand_in(bench.cluster)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    repacked(product, shelf / product.name, change)
    before = rehearsal.artifacts
    rehearsal.artifacts = shelf
    try:
        why = rolled_back(bench, empty)
    finally:
        rehearsal.artifacts = before
    assert words in why
    assert CONFIG in why


def repacked(source: Path, target: Path, change: Change) -> None:
    """Write the archive `source` with another configuration of the gateway."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        (config,) = (name for name in old.namelist() if name.endswith(f"/{CONFIG}"))
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry.filename == config else content)
