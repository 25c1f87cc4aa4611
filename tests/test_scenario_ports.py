"""Every rule of a cluster's security groups is needed, and none opens more than it says.

Each product is a story of one cluster, and so is what options bring. Rules are taken away by the account's API, as an
administrator may, and each is given back; the cluster as deployed, before and after, is the control.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rehearsal.checks.allowed import VISITOR
from tests.ports_support import DEBUGGER, Form, found, nodes_group, running, unmissed
from tests.rules_support import Rule, rules, with_rule, without_rule
from tests.scenario_support import Bench

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

PORTS: Mapping[str, Any] = {
    "balancer.to_nodes": "https",
    "balancer.admin": {"route": "port", "port": 8444},
    "database.tls": True,
    "as400gateway.outside": [449, 8471],
}
"""Every option that has a port of its own; with HTTPS the balancer may still go to the plain one."""
FORMS: Mapping[str, Form] = {
    **{product: Form(product) for product in ("as400gateway", "wso2-carbon", "wso2-as", "kaazing", "axonivy")},
    "options-with-ports": Form("as400gateway", PORTS),
    "endpoints": Form("as400gateway", {"network.egress": "endpoints"}),
}


@pytest.fixture(scope="module", params=FORMS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run each form in turn."""
    yield from running(FORMS[request.param], tmp_path_factory.mktemp(request.param))


def test_each_rule_of_each_group_is_missed(bench: Bench) -> None:
    assert found(bench)[0] == "valid"
    assert unmissed(bench, rules(bench), without_rule) == []
    assert found(bench)[0] == "valid"


def test_behind_each_way_into_nodes_a_program_listens(bench: Bench) -> None:
    """A rule that leads to nobody would be missed by a scan, and by no user."""
    heard = {port for member in bench.scene.members for port in listening(bench, member.name)}
    group = nodes_group(bench)
    ways = [rule.permission for rule in rules(bench) if (rule.group, rule.way) == (group, "Ingress")]
    assert ways
    assert [way for way in ways if not heard & set(range(way["FromPort"], way["ToPort"] + 1))] == []


def listening(bench: Bench, node: str) -> set[int]:
    """Return the TCP ports of a node at which somebody listens for others than the node, or that lead to such a one."""
    lines = bench.scene.run_in(bench.member(node), ["ss", "-Hltn"], within=10).splitlines()
    local = [line.split()[3] for line in lines]
    heard = {int(each.rpartition(":")[2]) for each in local if not each.startswith(("127.", "[::1]", "[::ffff:127."))}
    rules_of_node = bench.scene.run_in(bench.member(node), ["nft", "list", "ruleset"], within=10)
    led = re.findall(r"tcp dport (?:\{ )?([\d, ]+?)(?: \})? dnat to [\d.]+:(\d+)", rules_of_node)
    return heard | {int(port) for ports, to in led if int(to) in heard for port in ports.split(",")}


def test_one_rule_more_is_found(bench: Bench) -> None:
    with with_rule(bench, Rule(nodes_group(bench), "Ingress", DEBUGGER)):
        verdict, detail = found(bench)
    assert verdict == "invalid"
    assert f"a answers at TCP 5005 to {VISITOR}" in detail
