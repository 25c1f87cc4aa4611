"""Where the checks stand: which ports of a node the balancer needs, and by which name users come."""

from typing import Any, cast

from muster.spec import Cluster, load
from rehearsal.checks import security
from rehearsal.checks.run import checks_of
from rehearsal.checks.scene import Scene
from rehearsal.inventory import BalancerEntry, HostEntry, Inventory
from tests.axonivy_support import ivy
from tests.conftest import WriteCluster

GATEWAY = {"product": "kaazing", "artifact": {"file": "gateway.zip"}, "kaazing": {"host": "gateway.example.org"}}
BALANCER = "alb.eu-west-1.elb.amazonaws.com"


class Account:
    """As much of a rehearsal as a scene asks: hosts of the nodes, and a balancer."""

    def inventory(self) -> Inventory:
        hosts = tuple(HostEntry(f"i-{n}", n, n, f"10.64.0.{n}", f"mu-{n}", 1, "running") for n in "ab")
        return Inventory(hosts, (BalancerEntry(BALANCER, "10.64.8.20", "mu-b-1"),))

    def client(self, _service: str) -> "Account":
        return self

    def describe_load_balancers(self) -> dict[str, Any]:
        return {"LoadBalancers": [{"LoadBalancerArn": "arn", "DNSName": BALANCER}]}


def scene(cluster: Cluster) -> Scene:
    return Scene(cast("Any", Account()), cluster)


def test_the_balancer_needs_the_ports_of_the_heaviest_node_and_the_one_of_readiness(
    write_cluster: WriteCluster,
) -> None:
    weighed = load(write_cluster(**ivy({"weights": {"a": 3, "b": 1}})))
    assert scene(weighed).balancer_ports() == [8080, 8090, 8100, 9180]
    assert scene(load(write_cluster())).balancer_ports() == [8080, 9180]


def test_with_tls_the_balancer_still_needs_the_plain_ports_for_the_end_of_a_change(write_cluster: WriteCluster) -> None:
    """While it goes over to TLS it leads some requests to where it led before, though CloudFormation is done."""
    https = {"to_nodes": "https"}
    assert scene(load(write_cluster(balancer=https))).balancer_ports() == [8080, 8443, 9180]
    weighed = scene(load(write_cluster(**ivy({"weights": {"a": 3, "b": 1}}), balancer=https)))
    assert weighed.balancer_ports() == [8080, 8090, 8100, 8443, 8453, 8463, 9180]
    assert weighed.unused_ports() == [8110, 8120, 8473, 8483]


def test_ports_that_are_led_for_higher_weights_are_unused(write_cluster: WriteCluster) -> None:
    weighed = load(write_cluster(**ivy({"weights": {"a": 3, "b": 1}})))
    assert scene(weighed).unused_ports() == [8110, 8120]
    assert scene(load(write_cluster(**ivy({"weights": {"a": 5, "b": 1}})))).unused_ports() == []
    assert scene(load(write_cluster())).unused_ports() == []


def test_users_come_by_the_balancers_name_unless_the_product_answers_to_its_own_alone(
    write_cluster: WriteCluster,
) -> None:
    assert scene(load(write_cluster())).host == BALANCER
    assert scene(load(write_cluster(**GATEWAY))).host == "gateway.example.org"


def test_engines_are_checked_for_sticky_users_and_for_weights() -> None:
    assert [check.name for check in checks_of("axonivy")] == [
        "every member is healthy at the balancer",
        "the members form one cluster",
        "the engines are one JGroups cluster",
        "a user stays on one node",
        "new users spread over the nodes by their weights",
        "a host outside the security groups reaches nothing but the balancer",
        *(check.name for check in security.CHECKS),
    ]
