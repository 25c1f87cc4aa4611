"""The network ACLs behind the groups: each entry is needed, they keep shut what a group opens.

The tests share one H2 pair, whose gate has rules of its own on its nodes. Entries are taken away by the account's API,
and each is given back; the cluster as deployed, before and after, is the control.
"""

from collections.abc import Iterator

import pytest

from rehearsal.checks import copies
from rehearsal.poll import poll
from tests.carbon_support import say
from tests.ports_support import DEBUGGER, Form, found, nodes_group, running, unmissed
from tests.rules_support import Rule, entries, with_rule, without_entry
from tests.scenario_support import Bench

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run the pair."""
    yield from running(Form("as400gateway"), tmp_path_factory.mktemp("pair"))


def test_each_entry_of_each_network_acl_is_missed(pair: Bench) -> None:
    """But for the one about too large packets: all wires of a rehearsal carry packets of one size."""
    asked = [entry for entry in entries(pair) if not entry.is_icmp]
    assert len(asked) > 8
    assert found(pair)[0] == "valid"
    assert unmissed(pair, asked, without_entry) == []
    assert found(pair)[0] == "valid"


def test_a_network_acl_keeps_shut_what_a_group_opens_to_the_internet(pair: Bench) -> None:
    """A debugger's port, which is one of those that services have, is open to the VPC then: see test_scenario_ports."""
    ssh = {**DEBUGGER, "FromPort": 22, "ToPort": 22}
    with with_rule(pair, Rule(nodes_group(pair), "Ingress", ssh)):
        assert found(pair)[0] == "valid"


def test_a_node_that_flushes_its_firewall_opens_nothing(pair: Bench) -> None:
    """What the node loses is the gate's second lock, which refuses whoever comes while the gate itself is stuck."""
    assert found(pair)[0] == "valid"
    before = tables(pair)
    say(f"before: {before}")
    pair.scene.run_in(pair.member("a"), ["nft", "flush", "ruleset"], within=10)
    assert found(pair)[0] == "valid"
    say(f"after: {tables(pair)}")
    pair.wait_until_healthy()
    result = pair.check(copies.CHECK)
    assert result.verdict == "valid", result.detail
    poll(lambda: tables(pair) == before, within=60)


def tables(pair: Bench) -> set[str]:
    """Return the tables of the kernel's firewall on node a."""
    return set(pair.scene.run_in(pair.member("a"), ["nft", "list", "tables"], within=10).splitlines())
