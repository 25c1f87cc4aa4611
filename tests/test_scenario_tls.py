"""Between balancer and nodes nobody reads along, where the cluster file says so; changes to it and back cut nobody off.

The tests are one story of one cluster and run in this order.
"""

import pytest

from rehearsal.checks import targets
from rehearsal.drive import Rehearsal
from rehearsal.faults import processes
from rehearsal.faults.stage import Stage
from rehearsal.poll import poll
from tests.scenario_support import EXAMPLE, Bench, cluster_file, hung, kept_down, leaves_nothing, not_valid, story
from tests.tls_support import MARK, asked, nobody_notices, shown

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

UNIT = "muster-tls.service"
HANDSHAKE = b"\x16\x03"
"""How a record begins in which TLS shakes hands (RFC 8446, 5.1)."""


rehearsal = story(EXAMPLE)


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:  # noqa: ARG001
    """Deploy a pair to which the balancer speaks HTTPS."""
    folder = tmp_path_factory.mktemp("cluster")
    made = Bench(rehearsal, cluster_file(EXAMPLE, folder, "secure", {"balancer.to_nodes": "https"}), folder)
    run = made.deploy()
    assert run.code == 0, run.failure
    return made


def test_a_cluster_with_tls_to_its_nodes_passes_every_check(bench: Bench) -> None:
    bench.wait_until_healthy()
    results = bench.checks()
    assert results
    assert not_valid(results) == {}


def test_nothing_of_a_request_can_be_read_between_balancer_and_nodes(bench: Bench) -> None:
    """The control is the same question below, where the file says http."""
    heard = asked(bench.scene)
    assert HANDSHAKE in heard
    assert MARK not in heard


def test_a_front_that_ends_begins_again_at_once_and_without_one_its_node_gets_no_users(bench: Bench) -> None:
    scene, b = bench.scene, bench.member("b")
    with kept_down(bench, UNIT, "b"):
        poll(lambda: bench.check(targets.CHECK).verdict == "invalid", within=30)
        with scene.direct(b, port="readiness") as client:
            answer = client.request("GET", "/ready")
        assert (answer.code, answer.json()["reasons"]) == (503, ["the TLS front completes no handshake at port 8443"])
    poll(lambda: shown(scene, b) is not None, within=2)
    bench.wait_until_healthy()


def test_a_front_that_hangs_is_begun_anew_and_its_node_gets_users_again(bench: Bench) -> None:
    scene, b = bench.scene, bench.member("b")
    before = hung(bench, UNIT, "b")
    assert shown(scene, b) is None
    poll(lambda: shown(scene, b) is not None, within=45)
    assert not before & set(processes.processes(Stage(bench.rehearsal), "b", UNIT))
    bench.wait_until_healthy()


def test_the_certificate_is_made_anew_while_connections_live_on(bench: Bench) -> None:
    scene, a = bench.scene, bench.member("a")
    before, other = shown(scene, a), shown(scene, bench.member("b"))
    assert before not in (None, other)
    with scene.direct(a) as client:
        assert client.request("GET", "/api/session").code == 200
        connection = client._connection.sock
        run = ["sh", "-c", "rm /etc/muster/tls/front.pem && systemctl restart muster-member"]
        scene.run_in(a, run, within=60)
        poll(lambda: shown(scene, a) not in (None, before), within=30)
        assert client.request("GET", "/api/session").code == 200
        assert client._connection.sock is connection
    assert bench.states() == {"a": "healthy", "b": "healthy"}


def test_the_change_to_plain_http_cuts_nobody_off_and_then_requests_can_be_read(bench: Bench) -> None:
    with nobody_notices(bench):
        to(bench, "http")
    assert MARK in asked(bench.scene)


def test_the_change_to_https_cuts_nobody_off(bench: Bench) -> None:
    with nobody_notices(bench):
        to(bench, "https")
    assert MARK not in asked(bench.scene)


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)


def to(bench: Bench, protocol: str) -> None:
    """Deploy the same cluster with another word in its file; see that it is whole."""
    instances = {member.instance for member in bench.scene.members}
    cluster_file(EXAMPLE, bench.folder, "secure", {"balancer.to_nodes": protocol})
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()
    assert {member.instance for member in bench.scene.members} == instances
    assert not_valid(bench.checks()) == {}
