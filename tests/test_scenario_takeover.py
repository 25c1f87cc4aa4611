"""Who serves alone and who takes administrative writes: at most one automatic take-over in each interval, one leader.

One story of one cluster, in this order: with the default for administrative writes, and an interval of its own.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pytest

from muster.names import READY_TO_ADMINISTER
from rehearsal.checks import acknowledged, copies
from rehearsal.checks.acknowledged import Kept, entries_of, settle
from rehearsal.checks.h2 import DUMP, ask
from rehearsal.checks.scene import PATIENCE
from rehearsal.faults import catalog, pair
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from rehearsal.visitor import Client
from rehearsal.writers.journal import Journal
from rehearsal.writers.load import Load, Shape, place_of
from rehearsal.writers.operation import WRITE, Operation
from tests.scenario_support import Bench, derived, item, service

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

HOST = "admin.example.org"
INTERVAL = 60.0
"""Seconds of the cluster file: longer than a fault, its healing and the next fault take."""
FAULTS = catalog()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Deploy a cluster with an administration of its own, which may take over once in `INTERVAL`."""
    folder = tmp_path_factory.mktemp("cluster")
    region, sticky = "region: eu-west-1\n", "  stickiness: {cookie: JSESSIONID, hours: 8}\n"
    file = derived(
        folder,
        "leader",
        (region, f"{region}database: {{takeover_interval: {INTERVAL:g}}}\n"),
        (sticky, f"{sticky}  admin: {{route: host, host: {HOST}}}\n"),
    )
    with service() as rehearsal:
        one = Bench(rehearsal, file, folder)
        run = one.deploy()
        assert run.code == 0, run.failure
        one.wait_until_healthy()
        yield one


def leader(bench: Bench) -> str:
    """Return the leader that both nodes name, or nothing while they differ."""
    named = {each.leader for each in pair.standings(Stage(bench.rehearsal)).values()}
    return named.pop() if len(named) == 1 else ""


def administration(bench: Bench) -> set[str]:
    """Return the nodes to which the balancer gives administrative requests."""
    names = {host.instance: host.node for host in bench.rehearsal.inventory().hosts}
    balancing = bench.rehearsal.client("elbv2")
    groups = balancing.describe_target_groups()["TargetGroups"]
    (arn,) = [each["TargetGroupArn"] for each in groups if each.get("HealthCheckPath") == READY_TO_ADMINISTER]
    found = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {names[each["Target"]["Id"]] for each in found if each["TargetHealth"]["State"] == "healthy"}


def administer(bench: Bench, key: str) -> int:
    """Write one entry as an administrator does, and return the answer's code."""
    scene = bench.scene
    place = (scene.balancer.address, scene.listener_port)
    with Client(scene.visitor_namespace, place, host=HOST, timeout=PATIENCE) as user:
        return user.request("PUT", f"/admin/configuration/{key}", b"x").code


def test_administrative_writes_go_to_the_leader_alone_while_both_nodes_serve_users(bench: Bench) -> None:
    assert bench.states() == {"a": "healthy", "b": "healthy"}
    poll(lambda: administration(bench) == {leader(bench)}, within=60)
    assert administer(bench, "by-the-leader") == 200


def test_administration_follows_the_leader_of_a_planned_switch_over(bench: Bench) -> None:
    before, stage = leader(bench), Stage(bench.rehearsal)
    after = stage.other(before)
    FAULTS[f"restart-gate-{before}"].begin(stage)
    poll(lambda: leader(bench) == after and pair.whole(stage), within=60)
    poll(lambda: administration(bench) == {after}, within=60)
    assert administer(bench, "by-the-next-one") == 200
    assert item(bench).taken == 0.0, "a planned switch-over is no take-over"


@contextmanager
def writers(bench: Bench) -> Iterator[Journal]:
    """Let clients write at both nodes all the time; yields what they did."""
    journal = Journal(bench.folder / "history.jsonl")
    load = Load([place_of(bench.scene, each) for each in bench.scene.members], journal, Shape(users=0))
    load.start()
    try:
        load.wait_for(5)
        yield journal
        load.wait_for(5, within=60.0)
    finally:
        load.stop()
        journal.close()


@contextmanager
def isolated(bench: Bench, node: str) -> Iterator[None]:
    """Let `node` reach neither the other one nor DynamoDB; after it the pair is whole again."""
    stage = Stage(bench.rehearsal)
    with ExitStack() as stack:
        stack.callback(FAULTS[f"isolated-{node}"].begin(stage))
        yield
    poll(lambda: pair.whole(stage), within=60)


def written(operations: list[Operation], node: str, since: float) -> int:
    """Return how many writes that began after `since` were acknowledged at `node`."""
    return sum(
        each.kind == WRITE and each.succeeded and each.node == node and each.start > since for each in operations
    )


def kept(bench: Bench) -> list[Kept]:
    """Return what each copy holds."""
    return [Kept(each.name, entries_of(ask(bench.scene, each, DUMP))) for each in bench.scene.members]


def said(bench: Bench) -> Mapping[str, str]:
    """Return what each node complains of."""
    return {name: each.failure for name, each in pair.standings(Stage(bench.rehearsal)).items()}


def test_a_second_take_over_comes_only_after_the_interval_and_costs_no_acknowledged_write(bench: Bench) -> None:
    with writers(bench) as journal:
        with isolated(bench, "b"):
            poll(lambda: item(bench).members == {"a"}, within=20)
            taken, since = item(bench).taken, time.monotonic()
            assert taken > 0.0
            poll(lambda: written(list(journal.operations()), "a", since) > 5, within=20)
        with isolated(bench, "b"):
            poll(lambda: "the last take-over was less than 60 s ago" in said(bench)["a"], within=20)
            since = time.monotonic()
            time.sleep(5.0)  # what must not happen has this long to happen
            assert item(bench).members == {"a", "b"}
            assert written(list(journal.operations()), "a", since) == 0
            poll(lambda: item(bench).members == {"a"}, within=INTERVAL + 20)
            assert item(bench).taken >= taken + INTERVAL
            since = time.monotonic()
            poll(lambda: written(list(journal.operations()), "a", since) > 5, within=20)
    account = settle(journal.operations(), kept(bench))
    assert acknowledged.judge(account).verdict == "valid", acknowledged.judge(account).detail
    assert bench.check(copies.CHECK).verdict == "valid"


def test_without_an_interval_the_same_pair_takes_over_twice_within_seconds(bench: Bench) -> None:
    """Negative control; the field is changed as an operator changes it."""
    text = bench.file.read_text()
    bench.file.write_text(text.replace(f"takeover_interval: {INTERVAL:g}", "takeover_interval: 0"))
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()
    moments = []
    with writers(bench):
        for _ in range(2):
            with isolated(bench, "b"):
                poll(lambda: item(bench).members == {"a"}, within=20)
                moments.append(item(bench).taken)
    assert 0.0 < moments[1] - moments[0] < INTERVAL
