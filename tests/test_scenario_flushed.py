"""A node that loses its kernel's rules, as by `nft flush ruleset`, opens nothing to others: the groups stand outside.

What its own users reach until its member gives the rules again is told by a test too. One cluster for each product; the
member is frozen where a look must find the node without its rules. The pair is in test_scenario_network_acls.py.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from musternode.carbon.bridge import CREDENTIALS
from rehearsal.checks import out_of_reach
from rehearsal.checks.listeners import BRIDGE
from rehearsal.checks.out_of_reach import GIVEN, NOBODY
from rehearsal.faults import processes
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.carbon_support import healed, say
from tests.ports_support import Form, found, running
from tests.scenario_support import Bench, not_valid

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

GIVEN_AGAIN = 10.0
"""Seconds until a node has its rules again: its member looks each 5 s."""
UNREACHED = "000"
"""What curl says where it gets no answer."""
_COME = f"""\
setpriv --reuid="$1" --regid="$1" --clear-groups curl --silent --output /dev/null --max-time 2 \
--write-out '%{{http_code}}' http://127.0.0.1:{BRIDGE}{CREDENTIALS} || true
"""


@dataclass(frozen=True)
class Kept:
    """A form of a cluster, the tables by which a node's kernel keeps something, and who runs its product."""

    form: Form
    tables: frozenset[str]
    user: str
    bridged: bool = False


CASES: Mapping[str, Kept] = {
    "axonivy": Kept(
        Form("axonivy", {"balancer.to_nodes": "https"}),
        frozenset({"ip muster_ivy", "ip muster_tls", "inet muster_metadata"}),
        "ivy",
    ),
    "kaazing": Kept(Form("kaazing"), frozenset({"inet muster_metadata"}), "kaazing"),
    "wso2-carbon": Kept(
        Form("wso2-carbon", {"wso2.kernel": "4.9.28", "artifact.file": "artifacts/wso2-carbon-4.9.28.zip"}),
        frozenset({"ip muster_bridge", "inet muster_metadata"}),
        "wso2",
        bridged=True,
    ),
}
"""Engines of two ports by weight, behind fronts; gateways; members that find each other by the bridge."""


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Kept:
    """Return each case in turn."""
    return CASES[request.param]


@pytest.fixture(scope="module")
def bench(case: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run its cluster."""
    yield from running(case.form, tmp_path_factory.mktemp("flushed"))


def test_no_port_more_is_reached_while_a_node_is_without_its_rules(case: Kept, bench: Bench) -> None:
    assert tables(bench) == case.tables
    assert found(bench)[0] == "valid"
    with without_rules(bench):
        verdict, detail = found(bench)
    say(f"without rules: {verdict}, {detail}")
    assert verdict == "valid", detail


def test_until_they_are_given_again_the_products_user_gets_a_token_and_nothing_else(case: Kept, bench: Bench) -> None:
    """So the rules are what keeps him from it, and from the bridge all but the user for whom it is."""
    assert (reached(bench), stranger_at_the_bridge(bench)) == ("", UNREACHED)
    with without_rules(bench):
        loose, stranger = reached(bench), stranger_at_the_bridge(bench)
    say(f"without rules: {loose}; a stranger at the bridge: {stranger}")
    assert loose == f"{case.user} of node a gets a token for the instance's own credentials"
    assert stranger == (GIVEN if case.bridged else UNREACHED)
    assert (reached(bench), stranger_at_the_bridge(bench)) == ("", UNREACHED)


def test_the_member_gives_the_rules_again_and_nobody_leaves(bench: Bench, case: Kept) -> None:
    began = time.monotonic()
    flush(bench)
    poll(lambda: tables(bench) == case.tables, within=GIVEN_AGAIN)
    say(f"rules were there again after {time.monotonic() - began:.1f} s")
    bench.wait_until_healthy()
    assert not_valid(bench.checks()) == {}


@contextmanager
def without_rules(bench: Bench) -> Iterator[None]:
    """Let node a be without rules for the time of the block; they are there again on its other side."""
    before = tables(bench)
    with healed(processes.pause(Stage(bench.rehearsal), processes.MEMBER, "a")):
        flush(bench)
        yield
        assert tables(bench) == set()
    poll(lambda: tables(bench) == before, within=GIVEN_AGAIN)


def flush(bench: Bench) -> None:
    """Take all rules from node a, as its root may."""
    bench.scene.run_in(bench.member("a"), ["nft", "flush", "ruleset"], within=10)


def tables(bench: Bench) -> set[str]:
    """Return the tables of the kernel's firewall on node a."""
    listed = bench.scene.run_in(bench.member("a"), ["nft", "list", "tables"], within=10).splitlines()
    return {line.removeprefix("table ") for line in listed}


def reached(bench: Bench) -> str:
    """Return what users of any node reach that they may not, nothing if that is nothing."""
    result = bench.check(out_of_reach.CHECK)
    assert result.verdict != "unknown", result.detail
    return "" if result.verdict == "valid" else result.detail


def stranger_at_the_bridge(bench: Bench) -> str:
    """Return what the bridge of node a answers somebody for whom it is not (a code of HTTP)."""
    command = ["sh", "-c", _COME, "sh", NOBODY]
    return bench.scene.run_in(bench.member("a"), command, within=10).strip()
