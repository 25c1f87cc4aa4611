"""What a cluster file of Axon.ivy becomes: settings, ports by weight, cookie, Java."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.products import Reach
from muster.products.axonivy import PRODUCT, AxonIvy, told
from muster.products.axonivy_engines import engine
from muster.products.axonivy_fields import ports_of
from muster.spec import Cluster, SpecError, load
from musternode.axonivy import eras
from musternode.axonivy.settings import read
from tests.conftest import WriteCluster
from tests.refusals_of_axonivy import PLACED
from tests.spec_help import CERTIFICATE, changed, judge

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy-AbCdEf"
DOMAIN = {"name": "ivy.example.org", "zone": "Z0123456789ABC"}
URL = "jdbc:postgresql://db.example.org:5433/ivy"

IVY: Mapping[str, Any] = {
    "name": "ivy",
    "product": "axonivy",
    "nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b"}, "c": {"zone": "eu-west-1a"}},
    "artifact": {"file": "artifacts/axonivy-engine-9.4.0.zip"},
    "axonivy": {
        "version": "9.4",
        "licence": "artifacts/axonivy.lic",
        "database": {"url": URL, "secret": SECRET},
        "shared": "efs",
    },
}
"""What a plain cluster file of the product has otherwise than `BASE`."""

Make = Callable[..., Cluster]


some_ports = st.sampled_from([1024, 7800, 8080, 8090, 8100, 9180, 9181, 65500, 65535])


@pytest.fixture(scope="module")
def cluster(write_cluster: WriteCluster) -> Make:
    """Return a function from a product's block and other changes to the cluster."""

    def cluster(changes: dict[str, Any] | None = None, **others: Any) -> Cluster:
        return load(write_cluster(**{**IVY, **others, "axonivy": {**IVY["axonivy"], **(changes or {})}}))

    return cluster


def test_a_plain_file_tells_nodes_exactly_this(cluster: Make) -> None:
    found = cluster()
    assert PRODUCT.settings(found) == {
        "home": "/opt/ivy",
        "version": "9.4",
        "jgroups": 7800,
        "database": {"url": URL},
        "shared": "/mnt/axonivy",
        "licence": "/etc/muster/axonivy.lic",
        "nodes": {name: {"route": name, "connectors": [8080, 8090, 8100, 8110, 8120]} for name in "abc"},
    }
    assert {port.name: port.number for port in PRODUCT.ports(found)} == {
        "http": 8080,
        "jgroups": 7800,
        "peer": 9181,
        "readiness": 9180,
    }


def test_a_node_is_told_its_own_route_and_connectors(cluster: Make) -> None:
    found = cluster({"weights": {"a": 4, "b": 2, "c": 2}, "http_port": 8100})
    assert told(found, "a") == {
        "home": "/opt/ivy",
        "version": "9.4",
        "route": "a",
        "connectors": [8100, 8110, 8120, 8130, 8140],
        "jgroups": 7800,
        "database": {"url": URL},
        "shared": "/mnt/axonivy",
        "licence": "/etc/muster/axonivy.lic",
    }
    assert {**told(found, "b"), "route": "a"} == told(found, "a")


@pytest.mark.parametrize("weights", [{}, {"a": 2}, {"c": 5}, {"a": 3, "b": 2}], ids=str)
def test_no_weight_changes_what_nodes_are_told(weights: dict[str, int], cluster: Make) -> None:
    """A port that a node led to its engine only later would answer nobody until then."""
    assert PRODUCT.settings(cluster({"weights": weights})) == PRODUCT.settings(cluster())


def test_near_the_last_port_a_node_leads_as_many_as_there_are(cluster: Make) -> None:
    found = cluster({"http_port": 65515, "weights": {"a": 2}})
    assert told(found, "b")["connectors"] == [65515, 65525, 65535]
    assert PRODUCT.targets(found)["a"] == (65515, 65525)


@pytest.mark.parametrize("driver", [None, "org.postgresql.Driver"])
def test_the_node_takes_what_it_is_told(driver: str | None, cluster: Make) -> None:
    database = {"url": URL, "secret": SECRET} | ({"driver": driver} if driver else {})
    found = cluster({"weights": {"a": 5}, "database": database, "home": "/srv/ivy"})
    for name in "abc":
        taken = read(told(found, name))
        assert (taken.route, len(taken.connectors), taken.database.driver) == (name, 5, driver or "")


@given(st.dictionaries(st.sampled_from("abc"), st.integers(1, 12)), some_ports, some_ports)
def test_whatever_weights_and_ports_a_file_passes_with_the_node_takes(
    write_cluster: WriteCluster, weights: dict[str, int], http: int, jgroups: int
) -> None:
    block = {**IVY["axonivy"], "weights": weights, "http_port": http, "jgroups_port": jgroups}
    try:
        found = load(write_cluster(**{**IVY, "axonivy": block}))
    except SpecError:
        return
    ports = PRODUCT.targets(found)
    for name in "abc":
        led = read(told(found, name)).connectors
        assert led[: len(ports[name])] == ports[name]
        assert not {*led} & {jgroups, found.block(AxonIvy).peer_port, found.block(AxonIvy).readiness_port}
    given_ = {name: weights.get(name, 1) for name in "abc"}
    assert all(len(ports[name]) * given_["a"] == len(ports["a"]) * given_[name] for name in "abc")


@pytest.mark.parametrize(
    ("weights", "ports"),
    [
        ({}, {"a": (8080,), "b": (8080,), "c": (8080,)}),
        ({"a": 2}, {"a": (8080, 8090), "b": (8080,), "c": (8080,)}),
        ({"a": 2, "b": 2, "c": 2}, {"a": (8080,), "b": (8080,), "c": (8080,)}),
        ({"a": 30, "b": 20, "c": 10}, {"a": (8080, 8090, 8100), "b": (8080, 8090), "c": (8080,)}),
        ({"c": 5}, {"a": (8080,), "b": (8080,), "c": (8080, 8090, 8100, 8110, 8120)}),
    ],
    ids=str,
)
def test_the_balancer_reaches_a_node_on_as_many_ports_as_its_weight(
    weights: dict[str, int], ports: dict[str, tuple[int, ...]], cluster: Make
) -> None:
    assert PRODUCT.targets(cluster({"weights": weights})) == ports


def test_further_ports_pass_over_those_that_the_node_has_for_something_else(cluster: Make) -> None:
    found = cluster({"weights": {"a": 4}, "jgroups_port": 8090, "readiness_port": 8110})
    assert PRODUCT.targets(found)["a"] == (8080, 8100, 8120, 8130)


def test_an_absent_node_keeps_its_part(cluster: Make) -> None:
    nodes = {**IVY["nodes"], "c": {"zone": "eu-west-1a", "present": False}}
    found = cluster({"weights": {"a": 4, "b": 2, "c": 1}}, nodes=nodes)
    assert {name: len(ports) for name, ports in PRODUCT.targets(found).items()} == {"a": 4, "b": 2, "c": 1}


def test_members_reach_two_ports_and_the_balancer_two_beside_those_of_weights(cluster: Make) -> None:
    names = {reach: [port.name for port in PRODUCT.ports_for(cluster(), reach)] for reach in Reach}
    assert names == {Reach.MEMBERS: ["jgroups", "peer"], Reach.BALANCER: ["http", "readiness"], Reach.NOBODY: []}


def test_the_balancer_keeps_its_idle_time(cluster: Make) -> None:
    assert PRODUCT.idle(cluster()) is None


@pytest.mark.parametrize(
    ("version", "cookie", "java"),
    [
        ("8.0", "JSESSIONID", 11),
        ("9.3.1", "JSESSIONID", 11),
        ("9.4", "JSESSIONID", 17),
        ("10.0.20", "JSESSIONID", 17),
        ("11.4.0", "JSESSIONID", 21),
        ("12.0.8", "JSESSIONID", 21),
        ("12.0.9", "IVYSESSIONID", 21),
        ("13.2.0", "IVYSESSIONID", 21),
    ],
)
def test_the_version_decides_cookie_and_java(version: str, cookie: str, java: int, cluster: Make) -> None:
    found = cluster({"version": version})
    assert (found.balancer.stickiness.cookie, found.instance.java, PRODUCT.java(found)) == (cookie, java, (java,))


@pytest.mark.parametrize(
    "version", ["8.0", "9.2", "9.3", "9.4", "10.0", "11.3", "12", "12.0.8", "12.0.9", "12.1", "13.2"]
)
def test_balancer_and_node_know_the_same_cookie(version: str) -> None:
    assert engine(version).cookie == eras.of(version).cookie


@pytest.mark.parametrize("cookie", ["balancer", "JSESSIONID", "IVYSESSIONID", "MYSESSION"])
def test_a_new_engines_users_stay_by_whichever_cookie_the_file_names(cookie: str, cluster: Make) -> None:
    found = cluster({"version": "12.0.9"}, balancer={"stickiness": {"cookie": cookie}})
    assert found.balancer.stickiness.cookie == cookie


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("jdbc:postgresql://db.example.org/ivy", {5432}),
        ("jdbc:postgresql://db.example.org:5433/ivy", {5433}),
        ("jdbc:postgresql://one:5433,two:5434/ivy?targetServerType=primary", {5433, 5434}),
        ("jdbc:postgresql://one,two:5433/ivy", {5432, 5433}),
        ("jdbc:postgresql://one:5433,two/ivy?targetServerType=primary", {5432, 5433}),
        ("jdbc:postgresql://one,two/ivy", {5432}),
        ("jdbc:mysql://db.example.org/ivy", {3306}),
        ("jdbc:mysql:loadbalance://one:3307,two/ivy", {3306, 3307}),
        ("jdbc:mysql://address=(host=one)(port=3307),address=(host=two)/ivy", {3306, 3307}),
        ("jdbc:mysql://(host=one,port=3307),(host=two,port=3308)/ivy", {3307, 3308}),
        ("jdbc:mariadb://10.0.0.7:3307/ivy", {3307}),
        ("jdbc:sqlserver://db.example.org;databaseName=ivy", {1433}),
        ("jdbc:sqlserver://db.example.org:1434;databaseName=ivy", {1434}),
        ("jdbc:sqlserver://db.example.org;portNumber=1435;databaseName=ivy", {1435}),
        ("jdbc:oracle:thin:@db.example.org:1522:ivy", {1522}),
        ("jdbc:oracle:thin:@//db.example.org:1523/ivy", {1523}),
        (
            "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db)(PORT=1524))(CONNECT_DATA=(SID=ivy)))",
            {1524},
        ),
        ("jdbc:oracle:thin:@ivy", {1521}),
    ],
)
def test_nodes_reach_their_database_on_the_port_of_its_address(url: str, ports: set[int], cluster: Make) -> None:
    assert ports_of(url) == ports
    assert PRODUCT.ways_out(cluster({"database": {"url": url, "secret": SECRET}})) == tuple(sorted(ports))


def test_engines_reach_outside_what_the_file_says_beside_database_and_folder(cluster: Make) -> None:
    assert PRODUCT.ways_out(cluster({"outside": [9200, 25, 5433]})) == (25, 5433, 9200)


def test_a_folder_of_an_own_image_is_told_as_it_is_and_can_be_reached_by_nfs(cluster: Make) -> None:
    instance = {"type": "t4g.medium", "ami": "ami-0123456789abcdef0"}
    for folder in ("/mnt/shared", "/mnt/axonivy"):
        found = cluster({"shared": folder}, instance=instance)
        assert PRODUCT.settings(found)["shared"] == folder
        assert PRODUCT.ways_out(found) == (2049, 5433)


@pytest.mark.parametrize(
    ("balancer", "address"),
    [
        ({"domain": DOMAIN, "certificate": CERTIFICATE}, "https://ivy.example.org"),
        ({"domain": DOMAIN}, "http://ivy.example.org"),
        ({"certificate": CERTIFICATE}, None),
        ({}, None),
    ],
    ids=["domain and certificate", "domain", "certificate", "neither"],
)
def test_engines_are_told_by_which_address_users_come_where_the_file_knows_their_name(
    balancer: dict[str, Any], address: str | None, cluster: Make
) -> None:
    assert PRODUCT.settings(cluster(balancer=balancer)).get("address") == address


def test_no_user_and_no_secret_stands_in_what_nodes_are_told(cluster: Make) -> None:
    assert SECRET not in str(PRODUCT.settings(cluster()))


@pytest.mark.parametrize("count", [2, 8])
def test_a_cluster_has_two_to_eight_nodes(count: int, cluster: Make) -> None:
    nodes = {f"n{number}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(count)}
    assert len(PRODUCT.targets(cluster(nodes=nodes))) == count


@pytest.mark.parametrize("count", [1, 9])
def test_fewer_or_more_nodes_are_refused(count: int, cluster: Make) -> None:
    nodes = {f"n{number}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(count)}
    with pytest.raises(SpecError, match=f"got {count}, want 2 to 8 nodes for axonivy"):
        cluster(nodes=nodes)


def test_nodes_with_addresses_of_their_own_and_a_file_system_that_is_there_are_accepted(tmp_path: Path) -> None:
    other = ("b: {zone: eu-west-1a, address: 10.0.1.10}", "b: {zone: eu-west-1a, address: 10.0.1.11}")
    judge(changed(PLACED, *other), None, tmp_path)


def test_a_file_without_the_block_is_refused_for_all_that_is_missing(write_cluster: WriteCluster) -> None:
    with pytest.raises(SpecError) as error:
        load(write_cluster(**{**IVY, "axonivy": None}))
    assert [fault.field for fault in error.value.faults] == [
        f"axonivy.{name}" for name in ("database", "licence", "shared", "version")
    ]


def test_the_rules_alone_let_a_file_without_an_engine_through_to_nobody(cluster: Make) -> None:
    with pytest.raises(ValueError, match="the engine of ivy is not known as a whole"):
        PRODUCT.settings(cluster().model_copy(update={"axonivy": AxonIvy(weights={})}))


def test_a_block_that_is_no_mapping_is_refused_and_ends_nothing(write_cluster: WriteCluster) -> None:
    blocks: list[Any] = ["9.4", 9.4, ["9.4"], {"version": 9}, {"version": ["x"]}, {"weights": []}]
    for block in [*blocks, {"weights": {"A B": 1}}, {"database": "x"}, {"shared": {"efs": True}}]:
        with pytest.raises(SpecError, match="axonivy"):
            load(write_cluster(**{**IVY, "axonivy": block}))
