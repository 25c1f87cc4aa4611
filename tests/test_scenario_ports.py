"""Every rule of a cluster's security groups and network ACLs is needed, and none opens more than it says.

Each product is a story of one cluster. Rules are taken away by the account's API, as an administrator may, and each is
given back; the cluster as deployed, before and after, is the control.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest

from rehearsal.cdk_cli import ROOT
from rehearsal.checks import copies, ports
from rehearsal.checks.allowed import VISITOR
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.carbon_support import say
from tests.ivy_support import cluster_file, prepared
from tests.rules_support import Rule, entries, made, rules, with_rule, without_entry, without_rule
from tests.scenario_support import Bench, service

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

T = TypeVar("T")

PRODUCTS = ("as400gateway", "wso2-carbon", "wso2-as", "kaazing", "axonivy")
DEBUGGER = {"IpProtocol": "tcp", "FromPort": 5005, "ToPort": 5005, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
"""What somebody who looks for a fault in a Java machine leaves open."""


def running(example: str, folder: Path) -> Iterator[Bench]:
    """Run the example of a product, deployed and healthy."""
    file = ROOT / "clusters" / f"{example}.yaml"
    with service(file) as rehearsal:
        yield deployed(rehearsal, file, folder)


def deployed(rehearsal: Rehearsal, file: Path, folder: Path) -> Bench:
    """Deploy a cluster file, with what it takes for granted, and wait until it is healthy."""
    if file.stem == "axonivy":
        file = prepared(rehearsal, cluster_file(folder, "engines", {}))
    bench = Bench(rehearsal, file, folder)
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()
    return bench


@pytest.fixture(scope="module", params=PRODUCTS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run each product in turn."""
    yield from running(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run the H2 pair, whose gate has rules of its own on its nodes."""
    yield from running("as400gateway", tmp_path_factory.mktemp("pair"))


def found(bench: Bench) -> tuple[str, str]:
    """Scan the ports, and return verdict and detail."""
    result = bench.check(ports.CHECK)
    return result.verdict, result.detail


def unmissed(
    bench: Bench, things: Iterable[T], without: Callable[[Bench, T], AbstractContextManager[None]]
) -> list[str]:
    """Take each of the things away for a scan, and return those after which no port was silent that must answer."""
    left = []
    for each in things:
        with without(bench, each):
            verdict, detail = found(bench)
        say(f"without {each}: {verdict}, {detail}")
        if verdict != "invalid" or "is silent" not in detail:
            left.append(str(each))
    return left


def test_each_rule_of_each_group_is_missed(bench: Bench) -> None:
    assert found(bench)[0] == "valid"
    assert unmissed(bench, rules(bench), without_rule) == []
    assert found(bench)[0] == "valid"


def test_behind_each_way_into_nodes_a_program_listens(bench: Bench) -> None:
    """A rule that leads to nobody would be missed by a scan, and by no user."""
    heard = {port for member in bench.scene.members for port in listening(bench, member.name)}
    (group,) = {host for host in made(bench, "SecurityGroup") if is_nodes(bench, host)}
    ways = [rule.permission for rule in rules(bench) if (rule.group, rule.way) == (group, "Ingress")]
    assert ways
    assert [way for way in ways if not heard & set(range(way["FromPort"], way["ToPort"] + 1))] == []


def is_nodes(bench: Bench, group: str) -> bool:
    """Tell whether a group is that of the nodes."""
    mine = [{"Name": "instance.group-id", "Values": [group]}]
    machines = bench.rehearsal.client("ec2").describe_instances(Filters=mine)
    return any(reservation["Instances"] for reservation in machines["Reservations"])


def listening(bench: Bench, node: str) -> set[int]:
    """Return the TCP ports of a node at which somebody listens for others than the node itself."""
    lines = bench.scene.run_in(bench.member(node), ["ss", "-Hltn"], within=10).splitlines()
    local = [line.split()[3] for line in lines]
    return {int(each.rpartition(":")[2]) for each in local if not each.startswith(("127.", "[::1]", "[::ffff:127."))}


def test_one_rule_more_is_found(bench: Bench) -> None:
    (group,) = {each for each in made(bench, "SecurityGroup") if is_nodes(bench, each)}
    with with_rule(bench, Rule(group, "Ingress", DEBUGGER)):
        verdict, detail = found(bench)
    assert verdict == "invalid"
    assert f"a answers at TCP 5005 to {VISITOR}" in detail


def test_each_entry_of_each_network_acl_is_missed(pair: Bench) -> None:
    """But for the one about too large packets: all wires of a rehearsal carry packets of one size."""
    asked = [entry for entry in entries(pair) if not entry.is_icmp]
    assert len(asked) > 8
    assert unmissed(pair, asked, without_entry) == []
    assert found(pair)[0] == "valid"


def test_a_network_acl_keeps_shut_what_a_group_opens_to_the_internet(pair: Bench) -> None:
    """A debugger's port, which is one of those that services have, is open to the VPC then: see the test above."""
    (group,) = {each for each in made(pair, "SecurityGroup") if is_nodes(pair, each)}
    ssh = {**DEBUGGER, "FromPort": 22, "ToPort": 22}
    with with_rule(pair, Rule(group, "Ingress", ssh)):
        assert found(pair)[0] == "valid"


def test_a_node_that_flushes_its_firewall_opens_nothing(pair: Bench) -> None:
    """What the node loses is the gate's second lock, which refuses whoever comes while the gate itself is stuck."""
    assert found(pair)[0] == "valid"
    member = pair.member("a")
    tables = pair.scene.run_in(member, ["nft", "list", "tables"], within=10)
    say(f"before: {tables.split()}")
    pair.scene.run_in(member, ["nft", "flush", "ruleset"], within=10)
    assert found(pair)[0] == "valid"
    after = pair.scene.run_in(member, ["nft", "list", "tables"], within=10)
    say(f"after: {after.split()}")
    pair.wait_until_healthy()
    result = pair.check(copies.CHECK)
    assert result.verdict == "valid", result.detail
    poll(lambda: pair.scene.run_in(member, ["nft", "list", "tables"], within=10) == tables, within=60)
