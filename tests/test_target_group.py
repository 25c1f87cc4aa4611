"""Which nodes a balancer sends users to, on which ports, and what it asks them: by the product's own words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from muster.products import PRODUCTS
from muster.products.product import Product
from muster.spec import load
from muster.weights import spread
from tests.conftest import BASE, Template, WriteCluster
from tests.parts_support import parts, parts_of
from tests.template_help import attribute, of_type, the

PLAIN = PRODUCTS["as400gateway"]
GROUP = "ElasticLoadBalancingV2::TargetGroup"


def weighed(**weights: int) -> Product:
    """Return the plain product with weights of nodes."""
    return replace(PLAIN, weighed=lambda cluster: spread(weights, cluster.nodes, 8080))


@pytest.fixture(scope="module")
def heavy() -> Template:
    """Return the template of a cluster whose node a gets two of three users."""
    return parts_of(weighed(a=2))


def targets(template: Template) -> list[tuple[str, int]]:
    """Return the node's logical id and the port of each target."""
    return [(each["Id"]["Ref"], each["Port"]) for each in the(template, GROUP)[1]["Targets"]]


def node(template: Template, name: str) -> str:
    """Return the logical id of a node's instance."""
    (found,) = [each for each in of_type(template, "EC2::Instance") if each.startswith(f"Node{name}")]
    return found


def attributes(properties: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the attributes of a load balancer or target group as a mapping."""
    return {each["Key"]: each["Value"] for each in properties[key]}


def test_a_heavier_node_stands_on_more_ports_of_the_one_group(heavy: Template) -> None:
    a, b = node(heavy, "a"), node(heavy, "b")
    assert targets(heavy) == [(a, 8080), (a, 8090), (b, 8080)]
    assert the(heavy, GROUP)[1]["Port"] == 8080


def test_a_product_without_weights_has_each_node_on_its_serving_port(write_cluster: WriteCluster) -> None:
    assert PLAIN.targets(load(write_cluster(as400gateway={"port": 8888}))) == {"a": (8888,), "b": (8888,)}


def test_an_absent_node_is_no_target_and_changes_no_other_ones_ports() -> None:
    absent = parts_of(weighed(a=2), nodes={**BASE["nodes"], "b": {"zone": "eu-west-1b", "present": False}})
    a = node(absent, "a")
    assert targets(absent) == [(a, 8080), (a, 8090)]


def test_every_port_is_opened_on_nodes_for_the_balancer_alone(heavy: Template) -> None:
    own, _ = the(heavy, "EC2::SecurityGroup", GroupDescription="Load balancer of the cluster")
    rules = [
        each
        for each in of_type(heavy, "EC2::SecurityGroupIngress").values()
        if each["SourceSecurityGroupId"] == attribute(own, "GroupId")
    ]
    assert {each["FromPort"]: each["Description"] for each in rules} == {
        8080: "users' requests from the balancer",
        8090: "users' requests from the balancer",
        9180: "readiness from the balancer",
    }
    assert all(each["ToPort"] == each["FromPort"] for each in rules)
    members, _ = the(heavy, "EC2::SecurityGroup", GroupName="muster-as400")
    assert {tuple(each["GroupId"]["Fn::GetAtt"]) for each in rules} == {(members, "GroupId")}


def test_the_balancer_is_let_out_to_every_port(heavy: Template) -> None:
    _, own = the(heavy, "EC2::SecurityGroup", GroupDescription="Load balancer of the cluster")
    assert [each["FromPort"] for each in own["SecurityGroupEgress"]] == [8080, 8090, 9180]


def test_administration_has_the_same_targets() -> None:
    template = parts_of(
        replace(weighed(a=2), leads=lambda _: False), balancer={"admin": {"route": "host", "host": "admin.example.org"}}
    )
    one, other = of_type(template, GROUP).values()
    assert one["Targets"] == other["Targets"]
    assert len(one["Targets"]) == 3


def test_a_port_that_serves_users_and_health_is_opened_once() -> None:
    template = parts_of(replace(PLAIN, readiness="http"))
    _, own = the(template, "EC2::SecurityGroup", GroupDescription="Load balancer of the cluster")
    assert [(each["FromPort"], each["Description"]) for each in own["SecurityGroupEgress"]] == [
        (8080, "users' requests to nodes")
    ]
    assert the(template, GROUP)[1]["HealthCheckPort"] == "8080"


def test_a_product_may_let_quiet_connections_live_longer() -> None:
    template = parts_of(replace(PLAIN, idle=lambda _: 600))
    found = attributes(the(template, "ElasticLoadBalancingV2::LoadBalancer")[1], "LoadBalancerAttributes")
    assert found["idle_timeout.timeout_seconds"] == "600"


def test_without_a_word_of_the_product_the_time_out_is_left_to_aws() -> None:
    found = attributes(the(parts(), "ElasticLoadBalancingV2::LoadBalancer")[1], "LoadBalancerAttributes")
    assert "idle_timeout.timeout_seconds" not in found


@pytest.mark.parametrize(
    ("cookie", "kind", "name"),
    [(None, "lb_cookie", None), ("balancer", "lb_cookie", None), ("SESSION2", "app_cookie", "SESSION2")],
)
def test_the_products_defaults_say_by_which_cookie_users_stay(cookie: str | None, kind: str, name: str | None) -> None:
    balancer = {"balancer": {"stickiness": {"cookie": cookie}}} if cookie else {}
    template = parts_of(replace(PLAIN, defaults=lambda _: {"instance": {"java": 17}, **balancer}))
    found = attributes(the(template, GROUP)[1], "TargetGroupAttributes")
    assert (found["stickiness.type"], found.get("stickiness.app_cookie.cookie_name")) == (kind, name)


def test_users_of_gateways_stay_by_the_balancers_cookie_and_may_be_quiet_as_long_as_the_file_says() -> None:
    artifact = {"file": "artifacts/kaazing-gateway-5.6.2.zip"}
    template = parts(product="kaazing", artifact=artifact, kaazing={"host": "gateway.example.org", "idle": 4000})
    found = attributes(the(template, GROUP)[1], "TargetGroupAttributes")
    assert found["stickiness.type"] == "lb_cookie"
    assert found["stickiness.enabled"] == "true"
    balancer = attributes(the(template, "ElasticLoadBalancingV2::LoadBalancer")[1], "LoadBalancerAttributes")
    assert balancer["idle_timeout.timeout_seconds"] == "4000"
