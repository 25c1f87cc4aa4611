"""Workers and management of WSO2 AS come, go and change places under users, and what was deployed is with them all.

The tests are one story of one cluster and run in this order.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from operations.lock import lock_file
from rehearsal import existing
from rehearsal.checks import membership
from rehearsal.drive import Rehearsal
from rehearsal.faults import power
from rehearsal.faults.stage import Stage
from rehearsal.hosts.enter import EnterError
from rehearsal.poll import NotYet, poll
from tests.artifact_support import (
    EXAMPLE,
    UNIT,
    all_serve,
    cluster_file,
    commits,
    committed,
    committer,
    deployed,
    put,
    revision,
    scene,
    served,
    served_in_time,
    upload,
    whole,
)
from tests.carbon_support import hosts, log, say
from tests.load_support import MOVED_WITHIN, Killed, under_load
from tests.scenario_support import Bench, contents, kept_down, leaves_nothing, meanwhile, not_valid, stand_in, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

MGT: Mapping[str, Any] = {"zone": "eu-west-1a", "group": "mgt"}
SECOND: Mapping[str, Any] = {"zone": "eu-west-1b", "group": "mgt"}
ODD: Mapping[str, Any] = {"zone": "eu-west-1b", "group": "worker"}
EVEN: Mapping[str, Any] = {"zone": "eu-west-1a", "group": "worker"}

TWO: Mapping[str, Any] = {"a": MGT, "b": ODD, "c": EVEN}
FOUR: Mapping[str, Any] = {**TWO, "d": ODD, "e": EVEN}
WITHOUT_C: Mapping[str, Any] = {**TWO, "c": {**EVEN, "present": False}}
BOTH: Mapping[str, Any] = {**TWO, "m": SECOND}

NO_WORKER = "No member of the sub-domain worker is in the cluster yet"

rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy one management node and two workers, and two artifacts."""
    folder = tmp_path_factory.mktemp("cluster")
    made = Bench(rehearsal, cluster_file(folder, "shop", {"nodes": TWO}), folder)
    changed(made, {"nodes": TWO})
    assert contents(rehearsal) > empty
    deployed(made, "first", "1")
    deployed(made, "second", "2")
    return made


def changed(bench: Bench, fields: Mapping[str, Any]) -> None:
    """Lock and deploy the cluster with other fields, and wait until all are one cluster."""
    file = cluster_file(bench.folder, bench.cluster.name, fields)
    assert lock_file(file, check=False) == 0
    began = time.monotonic()
    run = bench.deploy()
    assert run.code == 0, run.failure
    say(f"deployed in {time.monotonic() - began:.1f} s")
    whole(bench)


def passes(bench: Bench) -> None:
    """See that every check holds."""
    assert not_valid(bench.checks()) == {}


# workers


def test_two_more_workers_come_under_load_and_have_every_artifact_before_they_have_users(bench: Bench) -> None:
    with under_load(bench) as load:
        changed(bench, {"nodes": FOUR})
        names = hosts(bench)
        assert {node: served(bench, node, "first") for node in "bcde"} == dict.fromkeys("bcde", "1")
        assert {node: served(bench, node, "second") for node in "bcde"} == dict.fromkeys("bcde", "2")
        came = {names[each.host] for each in load.requests if each.host in names}
        assert came <= {"b", "c"}, "users had a node before they were led to another"
    passes(bench)
    say(f"every one of four workers has an artifact after {deployed(bench, 'third', '3'):.1f} s")


def test_two_fewer_workers_go_under_load_and_take_nobodys_session_with_them(bench: Bench) -> None:
    """Users of those that go are led to the others, in their sessions."""
    with under_load(bench, users=16) as load:
        load.names = hosts(bench)
        poll(lambda: load.all_on(*"bcde"), within=30)
        changed(bench, {"nodes": TWO})
        poll(lambda: load.all_on(*"bc"), within=30)
    passes(bench)
    assert all_serve(bench, "third", "3")


def test_a_worker_whose_host_dies_is_replaced_under_load_by_a_new_one_that_has_every_artifact(bench: Bench) -> None:
    names = hosts(bench)
    killed: list[Killed] = []
    dead = bench.member("c").instance
    with under_load(bench, killed) as load:
        poll(lambda: load.all_on(*"bc"), within=20)
        power.cut(Stage(bench.rehearsal), "c")
        killed.append(Killed(next(host for host, node in names.items() if node == "c"), time.monotonic()))
        poll(lambda: load.all_on("b"), within=MOVED_WITHIN)
        say(f"all users are with b {time.monotonic() - killed[0].at:.1f} s after the power of c went")
        changed(bench, {"nodes": WITHOUT_C})
        changed(bench, {"nodes": TWO})
        assert [served(bench, "c", name) for name in ("first", "second", "third")] == ["1", "2", "3"]
    assert bench.member("c").instance != dead
    passes(bench)


# management


def test_without_a_worker_management_says_so_and_what_is_deployed_is_kept_for_them(bench: Bench) -> None:
    """The control is every other deployment here, which is answered without that sentence."""
    with kept_down(bench, UNIT, "b"), kept_down(bench, UNIT, "c"):
        poll(lambda: membership_of(bench, "a") == {"a"}, within=30)
        answer = upload(bench, "alone", "kept")
        told = answer.json()
        assert (answer.code, told["deployed"]) == (503, "webapps/alone.war")
        assert NO_WORKER in told["error"]
        poll(lambda: NO_WORKER in log(bench, "a"), within=30)
    whole(bench)
    assert all_serve(bench, "alone", "kept")


def membership_of(bench: Bench, node: str) -> set[str]:
    """Return the nodes whom the engine of a node sees."""
    names = {host.address: host.node for host in bench.rehearsal.inventory().hosts}
    seen = membership.engine_sight(scene(bench), bench.member(node)).sees
    return {names.get(address, address) for address in seen}


@contextmanager
def watched(bench: Bench) -> Iterator[list[set[str]]]:
    """Look again and again at who commits, for the time of a block: one at most at any time."""
    seen: list[set[str]] = []

    def look() -> None:
        with contextlib.suppress(EnterError, LookupError, OSError):  # a node that is not there, or begins, says nothing
            seen.append(commits(bench))

    with meanwhile(look, 0.3, "committing"):
        yield seen
    assert seen
    assert [each for each in seen if len(each) > 1] == []


def test_a_second_management_node_has_a_copy_and_is_given_no_administrators(bench: Bench) -> None:
    with under_load(bench), watched(bench):
        changed(bench, {"nodes": BOTH, "wso2as.committer": "a"})
        assert bench.states()["m"] == "unhealthy"
        deployed(bench, "fourth", "4")
        poll(lambda: copied(bench, "m"), within=30)
    passes(bench)


def copied(bench: Bench, node: str) -> bool:
    """Return whether a node's repository has all that the committing one's has, or raise `NotYet`."""
    there, here = revision(bench), revision(bench, bench.member(node))
    if here != there:
        raise NotYet(f"{node} has revision {here} of {there}")
    return committed(bench) == committed(bench, bench.member(node))


def test_what_is_put_into_the_other_management_nodes_folder_is_committed_by_nobody(bench: Bench) -> None:
    """The control is the next test's, by the same node, once it commits."""
    before = revision(bench)
    put(bench, "m", "passive", "of m alone")
    time.sleep(30.0)  # what must not happen has as long to happen as an artifact may take
    assert revision(bench) == before
    assert served(bench, "b", "passive") is None


def test_the_other_management_node_takes_over_under_load_with_every_artifact_and_never_do_both_commit(
    bench: Bench,
) -> None:
    held = committed(bench)
    with under_load(bench), watched(bench) as seen:
        changed(bench, {"nodes": BOTH, "wso2as.committer": "m"})
        poll(lambda: seen[-1] == {"m"}, within=30)
        assert committed(bench) >= held
        say(f"every worker has what the other one commits after {deployed(bench, 'fifth', '5'):.1f} s")
        began = time.monotonic()
        put(bench, "m", "sixth", "6")
        served_in_time(bench, "sixth", "6", began)
        assert bench.states()["a"] == "unhealthy"
        poll(lambda: copied(bench, "a"), within=30)
    assert {node: served(bench, node, "fourth") for node in "bc"} == {"b": "4", "c": "4"}
    passes(bench)


def test_the_first_one_is_taken_away_and_nothing_is_lost(bench: Bench) -> None:
    with under_load(bench):
        changed(bench, {"nodes": {name: node for name, node in BOTH.items() if name != "a"}})
        assert committer(bench).name == "m"
        deployed(bench, "seventh", "7")
    assert {node: served(bench, node, "first") for node in "bc"} == {"b": "1", "c": "1"}
    passes(bench)


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty, within=60)


# as the guide has it


DATABASE: Mapping[str, str] = {
    "url": "jdbc:mysql://db.example.org:3306/wso2",
    "secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:wso2-AbCdEf",
}
GUIDES: Mapping[str, Any] = {
    "wso2as.version": "5.2.1",
    "artifact.file": "artifacts/wso2as-5.2.1.zip",
    "wso2as.membership": "wka",
    "wso2as.proxy_ports": {"http": 8280, "https": 8243},
    "wso2as.http_port": 9764,
    "wso2as.tenants": "single",
    "wso2as.management_clients": ["10.64.1.0/24"],
    "wso2as.database": DATABASE,
}
"""The ports of the guide in front of servers with its offset, the older kernel, management as well-known member, and a
database beside."""


def test_with_the_guides_ports_offset_and_well_known_members_every_check_holds(
    rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("guide")
    made = Bench(rehearsal, cluster_file(folder, "guides", {**GUIDES, "nodes": TWO}), folder)
    rehearsal.artifacts = stand_in(made.cluster).parent
    existing.provide(rehearsal, made.cluster)
    changed(made, {**GUIDES, "nodes": TWO})
    passes(made)
    found = scene(made)
    assert (found.hosts.plain, found.hosts.secure, found.port("https")) == (8280, 8243, 9444)
    assert not found.let_in
    assert {node: database_of(made, node) for node in TWO} == dict.fromkeys(TWO, DATABASE["url"])
    assert made.cdk("destroy", "--force").code == 0
    assert contents(rehearsal) - empty <= {f"secret {DATABASE['secret']}"}


def database_of(bench: Bench, node: str) -> str:
    """Return the address of the shared database in the product's file, as the double on a node reads it."""
    with scene(bench).direct(bench.member(node)) as client:
        return str(client.request("GET", "/double").json()["database"])
