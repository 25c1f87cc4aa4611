"""Security updates come to one node after the other, and users notice nothing; a broken one comes to one node alone."""

from collections.abc import Iterator

import pytest

from musternode.updates import words
from musternode.updates.units import SERVICE, TIMER
from rehearsal.checks import copies, hardening
from rehearsal.poll import poll
from tests.pair_users import users
from tests.scenario_support import EXAMPLE, Bench
from tests.updates_support import (
    FEATURE,
    HOLE,
    NODES,
    begin,
    deployed,
    installed,
    journal,
    offer,
    until_over,
    updated,
    word,
)

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Deploy a pair for all tests that come to it.

    Its nodes speak TLS to each other, and a lost node may be taken over from every ten minutes: a restart that counted
    as a loss would leave the second one of a round without the database.
    """
    with deployed(EXAMPLE, tmp_path_factory.mktemp("updates"), {"database.tls": True}) as made:
        yield made


def test_the_hour_of_the_file_is_that_of_every_nodes_timer(bench: Bench) -> None:
    for node in NODES:
        argv = ["systemctl", "show", "--property=TimersCalendar,ActiveState", TIMER]
        said = bench.scene.run_in(bench.member(node), argv, within=20)
        assert "OnCalendar=Sun *-*-* 03:00:00 UTC" in said
        assert "ActiveState=active" in said
    assert bench.check(hardening.CHECK).verdict == "valid"


def test_both_nodes_are_updated_one_after_the_other_and_no_request_fails(bench: Bench) -> None:
    updated(bench, users(bench), *reversed(NODES))
    assert bench.check(copies.CHECK).verdict == "valid"


def test_a_round_with_nothing_to_install_disturbs_nobody(bench: Bench) -> None:
    before = {node: bench.process_1(node) for node in NODES}
    with users(bench) as answers:
        begin(bench, *NODES)
        said = until_over(bench, *NODES, within=60)
    phases = {phase for each in said for phase in each.values()}
    assert said[-1] == dict.fromkeys(NODES, words.DONE)
    assert phases <= {"", words.WAITS, words.DONE}  # empty on a node that never took part before
    for node in NODES:
        assert f"there are no security updates for node {node}" in journal(bench, node)
    assert {node: bench.process_1(node) for node in NODES} == before
    assert set(answers) == {"200"}


def test_an_update_that_fails_on_the_first_node_stops_the_round(bench: Bench) -> None:
    for node in NODES:
        offer(bench, node, "1.2", script="exit 1" if node == "a" else "exit 0")
    before = {node: bench.process_1(node) for node in NODES}
    with users(bench) as answers:
        begin(bench, "a")
        poll(lambda: word(bench, "a") in words.TURN, within=30)  # in this week it has said before that it is done
        begin(bench, "b")
        said = until_over(bench, *NODES, within=120)
        bench.wait_until_healthy()
    assert said[-1] == {"a": words.FAILED, "b": words.STOPPED}
    assert installed(bench, "b") == {HOLE: "1.1", FEATURE: "1.0"}
    assert {node: bench.process_1(node) for node in NODES} == before
    assert set(answers) == {"200"}
    told = journal(bench, "a")
    assert "node a: its security updates failed: `apt-get" in told
    assert f"mend it, then `systemctl start {SERVICE.partition('.')[0]}` on this node" in told


def test_a_restart_without_a_turn_is_noticed(bench: Bench) -> None:
    """The control of the requests that did not fail: users of a node that goes without leading them away notice it."""
    before = bench.process_1("b")
    with users(bench) as answers:
        bench.scene.run_in(bench.member("b"), ["systemctl", "--no-block", "reboot"], within=20)
        until_over(bench, "b", within=90)
        bench.wait_until_healthy()
    assert bench.process_1("b") != before
    assert set(answers) != {"200"}
