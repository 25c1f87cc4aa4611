"""What a cluster file of Kaazing Gateway becomes: settings, ports, the balancer's idle time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from muster.products import Reach
from muster.products.kaazing import PRODUCT, public_port
from muster.spec import Cluster, SpecError, load
from tests.conftest import WriteCluster
from tests.refusals_of_kaazing import PLACED
from tests.spec_help import CERTIFICATE, changed, judge

GATEWAY: Mapping[str, Any] = {
    "name": "wss",
    "product": "kaazing",
    "artifact": {"file": "artifacts/kaazing-gateway-5.6.2.zip"},
    "kaazing": {"host": "gateway.example.org"},
}
"""What a plain cluster file of the product has otherwise than `BASE`."""

Make = Callable[..., Cluster]


@pytest.fixture(scope="module")
def cluster(write_cluster: WriteCluster) -> Make:
    """Return a function from a product's block and other changes to the cluster."""

    def cluster(changes: dict[str, Any] | None = None, **others: Any) -> Cluster:
        return load(write_cluster(**{**GATEWAY, **others, "kaazing": {**GATEWAY["kaazing"], **(changes or {})}}))

    return cluster


def test_a_plain_file_tells_nodes_exactly_this(cluster: Make) -> None:
    found = cluster()
    assert PRODUCT.settings(found) == {
        "home": "/opt/kaazing",
        "cluster": "wss",
        "host": "gateway.example.org",
        "public_port": 80,
        "heartbeat": 60,
        "idle": 300,
    }
    assert {port.name: port.number for port in PRODUCT.ports(found)} == {
        "http": 8000,
        "member": 5942,
        "peer": 9181,
        "readiness": 9180,
    }


def test_what_a_file_says_reaches_the_nodes(cluster: Make) -> None:
    block = {
        "cluster": "Gateways of Basel",
        "home": "/srv/kaazing",
        "path": "/echo",
        "heartbeat": 10,
        "idle": 4000,
        "http_port": 8001,
        "member_port": 5943,
        "peer_port": 9281,
        "readiness_port": 9280,
    }
    found = cluster(block)
    assert PRODUCT.settings(found) == {
        "home": "/srv/kaazing",
        "cluster": "Gateways of Basel",
        "host": "gateway.example.org",
        "public_port": 80,
        "heartbeat": 10,
        "idle": 4000,
        "path": "/echo",
    }
    assert [port.number for port in PRODUCT.ports(found)] == [8001, 5943, 9281, 9280]


def test_users_come_by_443_where_the_balancer_has_a_certificate(cluster: Make) -> None:
    assert public_port(cluster(balancer={"certificate": CERTIFICATE})) == 443


def test_a_file_without_a_host_takes_the_name_of_the_balancers_domain(cluster: Make) -> None:
    domain = {"name": "wss.example.org", "zone": "Z0123456789ABC"}
    found = cluster({"host": None}, balancer={"domain": domain})
    assert PRODUCT.settings(found)["host"] == "wss.example.org"


def test_the_rules_alone_let_a_file_without_a_name_through_to_nobody(cluster: Make) -> None:
    found = cluster()
    nameless = found.block(PRODUCT.block).model_copy(update={"host": None})
    with pytest.raises(ValueError, match="the public name of wss is not known"):
        PRODUCT.settings(found.model_copy(update={"kaazing": nameless}))


def test_members_reach_two_ports_and_the_balancer_two(cluster: Make) -> None:
    names = {reach: [port.name for port in PRODUCT.ports_for(cluster(), reach)] for reach in Reach}
    assert names == {Reach.MEMBERS: ["member", "peer"], Reach.BALANCER: ["http", "readiness"], Reach.NOBODY: []}


def test_gateways_reach_outside_what_the_file_says_and_nothing_else(cluster: Make) -> None:
    assert PRODUCT.ways_out(cluster()) == ()
    assert PRODUCT.ways_out(cluster({"outside": [61616, 389]})) == (61616, 389)


def test_ports_outside_want_a_way_there_which_a_vpc_that_exists_may_have(cluster: Make, tmp_path: Path) -> None:
    assert cluster({"outside": [389]}, network={"egress": "nat"}).network.egress == "nat"
    there = ("b: {zone: eu-west-1a, address: 10.0.1.10}", "b: {zone: eu-west-1a, address: 10.0.1.11}")
    told = changed(changed(PLACED, *there), "network:\n", "network:\n  egress: endpoints\n")
    judge(changed(told, "kaazing: {", "kaazing: {outside: [389], "), None, tmp_path)


def test_users_come_to_one_port_of_each_node(cluster: Make) -> None:
    assert PRODUCT.targets(cluster()) == {"a": (8000,), "b": (8000,)}


def test_the_balancer_ends_quiet_connections_when_the_gateways_know_that_it_does(cluster: Make) -> None:
    found = cluster({"idle": 120})
    assert PRODUCT.idle(found) == PRODUCT.settings(found)["idle"] == 120


def test_users_stay_on_a_node_by_the_balancers_cookie_since_gateways_set_none(cluster: Make) -> None:
    assert cluster().balancer.stickiness.cookie == "balancer"
    assert cluster(balancer={"stickiness": {"hours": 2}}).balancer.stickiness.cookie == "balancer"


@pytest.mark.parametrize("java", [8, 11, 17])
def test_the_gateway_runs_with(java: int, cluster: Make) -> None:
    assert cluster(instance={"type": "t4g.medium", "java": java}).instance.java == java


def test_a_file_without_java_takes_17(cluster: Make) -> None:
    assert cluster().instance.java == 17


@pytest.mark.parametrize("count", [2, 16])
def test_a_cluster_has_two_to_sixteen_nodes(count: int, cluster: Make) -> None:
    nodes = {f"n{number}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(count)}
    assert len(cluster(nodes=nodes).nodes) == count


@pytest.mark.parametrize("count", [1, 17])
def test_fewer_or_more_nodes_are_refused(count: int, cluster: Make) -> None:
    nodes = {f"n{number}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(count)}
    with pytest.raises(SpecError, match=f"got {count}, want 2 to 16 nodes for kaazing"):
        cluster(nodes=nodes)


def test_bounds_of_time_are_accepted(cluster: Make) -> None:
    for heartbeat, idle in ((5, 10), (600, 4000)):
        assert PRODUCT.settings(cluster({"heartbeat": heartbeat, "idle": idle}))["idle"] == idle


def test_nodes_with_addresses_of_their_own_are_accepted(tmp_path: Path) -> None:
    judge(
        changed(PLACED, "b: {zone: eu-west-1a, address: 10.0.1.10}", "b: {zone: eu-west-1a, address: 10.0.1.11}"),
        None,
        tmp_path,
    )


def test_a_block_that_is_no_mapping_is_refused_and_ends_nothing(write_cluster: WriteCluster) -> None:
    blocks: list[Any] = ["gateway.example.org", 5, ["host"], {"host": 4.4}, {"host": ["x"]}, {"cluster": {}}]
    for block in blocks:
        with pytest.raises(SpecError, match="kaazing"):
            load(write_cluster(**{**GATEWAY, "kaazing": block}))


def test_a_block_beside_another_product_is_refused(write_cluster: WriteCluster) -> None:
    with pytest.raises(SpecError, match="kaazing: belongs to the product kaazing, allowed: "):
        load(write_cluster(kaazing={"host": "gateway.example.org"}))
