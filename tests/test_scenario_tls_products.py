"""Between the balancer and nodes of any product nobody reads along, where the cluster file says so.

One story for each product that test_scenario_tls.py, with the changes to HTTPS and back, is not about; in this order.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.cdk_cli import ROOT
from rehearsal.drive import Rehearsal
from tests.carbon_support import say
from tests.ivy_support import once_prepared, prepared
from tests.scenario_support import Bench, cluster_file, deployed_example, leaves_nothing, not_valid, service
from tests.tls_support import MARK, Place, heard, way_in

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

PRODUCTS = ("axonivy", "kaazing", "wso2-carbon")
RECORD = b"\x17\x03\x03"
"""How a record begins in which TLS carries data (RFC 8446, 5.2)."""


@pytest.fixture(scope="module", params=PRODUCTS)
def example(request: pytest.FixtureRequest) -> Path:
    """Return each product's example in turn."""
    return ROOT / "clusters" / f"{request.param}.yaml"


@pytest.fixture(scope="module")
def rehearsal(example: Path) -> Iterator[Rehearsal]:
    """Run a service of its own for each."""
    with service(example) as running:
        yield running


empty = once_prepared()


@pytest.fixture(scope="module")
def file(rehearsal: Rehearsal, example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the cluster file, and let there be what it takes for granted."""
    folder = tmp_path_factory.mktemp("cluster")
    return prepared(rehearsal, cluster_file(example, folder, "secure", {"balancer.to_nodes": "https"}))


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], file: Path) -> Bench:
    """Deploy the cluster, and wait until all of it takes users."""
    made = deployed_example(rehearsal, file, file.parent, empty)
    made.wait_until_healthy()
    return made


def test_a_cluster_with_tls_to_its_nodes_passes_every_check(bench: Bench) -> None:
    results = bench.checks()
    assert results
    say("; ".join(f"{result.name}: {result.detail}" for result in results))
    assert not_valid(results) == {}


def test_nothing_of_what_users_say_can_be_read_between_balancer_and_nodes(bench: Bench) -> None:
    """Each port on which a node takes users is a way there. The control is what was heard before the balancer."""
    scene, way = bench.scene, way_in(bench.scene)
    wire = heard(scene, way)
    assert MARK in wire.at(way[1])
    assert {place: RECORD in wire.at(place) for place in doors(bench)} == dict.fromkeys(doors(bench), True)
    assert MARK not in wire.of([member.address for member in scene.members])


def test_what_is_said_to_the_plain_port_of_a_node_is_read(bench: Bench) -> None:
    """The control of the test above: the balancer may still go there, and what does is heard of every node."""
    scene, plain = bench.scene, bench.scene.port(bench.cluster.about.serving)
    places = [(member.address, plain) for member in scene.members]
    wire = heard(scene, *((scene.balancer.namespace, place) for place in places), times=1)
    assert [place for place in places if MARK not in wire.at(place)] == []


def doors(bench: Bench) -> list[Place]:
    """Return every address and port to which the balancer leads users: a heavier engine has several ports."""
    targets = bench.cluster.about.targets(bench.cluster)
    return [(member.address, port) for member in bench.scene.members for port in targets[member.name]]


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)
