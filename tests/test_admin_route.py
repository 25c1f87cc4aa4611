"""The ways to a product's administration."""

from typing import Any

import pytest

from tests.conftest import Template
from tests.parts_support import CERTIFICATE, parts, warnings
from tests.template_help import depends_on, of_type, ref, text, the
from tests.test_sticky_balancer import attributes

HOST = {"route": "host", "host": "admin.example.org"}
PORT = {"route": "port", "port": 8443}
PATH = {"route": "path"}
PATHS = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/admin", "/admin/*"]}}
NOT_FOUND = {
    "Type": "fixed-response",
    "FixedResponseConfig": {"ContentType": "text/plain", "MessageBody": "not found", "StatusCode": "404"},
}


def routed(admin: dict[str, Any], **changes: Any) -> Template:
    """Return the template with an admin route, and more about the balancer."""
    return parts(balancer={"admin": admin, **changes})


def rules(template: Template) -> dict[int, tuple[str, list[Any], dict[str, Any]]]:
    """Return each rule by its priority: listener, conditions, the one action."""
    found = of_type(template, "ElasticLoadBalancingV2::ListenerRule").values()
    return {each["Priority"]: (each["ListenerArn"]["Ref"], each["Conditions"], each["Actions"][0]) for each in found}


def groups(template: Template) -> tuple[str, str]:
    """Return the target groups of users and of administration."""
    users, admin = of_type(template, "ElasticLoadBalancingV2::TargetGroup")
    return users, admin


def stickiness(template: Template) -> dict[str, str]:
    """Return the attributes of the admin target group."""
    properties = template["Resources"][groups(template)[1]]["Properties"]
    return attributes(properties, "TargetGroupAttributes")


def to(group: str) -> dict[str, Any]:
    """Describe the action that sends to a target group."""
    return {"Type": "forward", "TargetGroupArn": ref(group)}


def test_without_a_route_admin_requests_go_the_way_of_all_others() -> None:
    template = parts()
    assert rules(template) == {}
    assert "AdminUrl" not in template["Outputs"]


@pytest.mark.parametrize("admin", [HOST, PORT, PATH])
@pytest.mark.parametrize(("writes", "path"), [("any", "/ready"), ("leader", "/ready/admin")])
def test_administration_reaches_the_same_nodes_in_the_health_that_is_asked_for(
    writes: str, path: str, admin: dict[str, Any]
) -> None:
    template = parts(balancer={"admin": admin}, as400gateway={"admin_writes": writes})
    users, own = (dict(template["Resources"][name]["Properties"]) for name in groups(template))
    assert (users.pop("HealthCheckPath"), own.pop("HealthCheckPath")) == ("/ready", path)
    assert {key: value for key, value in own.items() if key != "TargetGroupAttributes"} == {
        key: value for key, value in users.items() if key != "TargetGroupAttributes"
    }


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({}, True),
        ({"as400gateway": {"admin_writes": "leader"}}, True),
        ({"as400gateway": {"admin_writes": "any"}}, False),
        ({"balancer": {"admin": PATH}}, False),
    ],
    ids=str,
)
def test_the_synthesis_warns_where_administration_cannot_be_led(changes: dict[str, Any], warned: bool) -> None:
    """Writes of two nodes at once give one id to different rows, and without a route nothing keeps them on one."""
    assert ("or say as400gateway.admin_writes: any" in warnings(**changes)) is warned


def test_a_host_of_its_own_is_looked_for_first_and_users_find_no_administration() -> None:
    template = routed(HOST)
    listener, _ = the(template, "ElasticLoadBalancingV2::Listener")
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["admin.example.org"]}}
    assert rules(template) == {
        10: (listener, [host], to(groups(template)[1])),
        20: (listener, [PATHS], NOT_FOUND),
    }


def test_a_host_of_its_own_keeps_its_users_by_the_balancers_cookie() -> None:
    assert stickiness(routed(HOST, stickiness={"cookie": "JSESSIONID", "hours": 2})) == {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "7200",
    }


@pytest.mark.parametrize("admin", [PORT, PATH])
def test_administration_on_users_host_sets_no_cookies(admin: dict[str, Any]) -> None:
    assert stickiness(routed(admin))["stickiness.enabled"] == "false"


def test_a_port_of_its_own_leads_to_administration_alone() -> None:
    template = routed(PORT)
    users, _ = the(template, "ElasticLoadBalancingV2::Listener", Port=80)
    own, listener = the(template, "ElasticLoadBalancingV2::Listener", Port=8443)
    assert (listener["Protocol"], listener["DefaultActions"]) == ("HTTP", [NOT_FOUND])
    assert rules(template) == {10: (own, [PATHS], to(groups(template)[1])), 20: (users, [PATHS], NOT_FOUND)}


def test_a_port_of_its_own_speaks_https_as_users_do() -> None:
    _, listener = the(routed(PORT, certificate=CERTIFICATE), "ElasticLoadBalancingV2::Listener", Port=8443)
    assert (listener["Protocol"], listener["Certificates"]) == ("HTTPS", [{"CertificateArn": CERTIFICATE}])
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"


def test_a_path_leads_to_administration_where_users_are() -> None:
    template = routed(PATH)
    listener, properties = the(template, "ElasticLoadBalancingV2::Listener")
    users, admin = groups(template)
    assert rules(template) == {10: (listener, [PATHS], to(admin))}
    assert properties["DefaultActions"] == [to(users)]


def test_the_path_is_the_products() -> None:
    template = parts(balancer={"admin": PATH}, as400gateway={"admin": "/manage/gw"})
    (condition,) = rules(template)[10][1]
    assert condition["PathPatternConfig"]["Values"] == ["/manage/gw", "/manage/gw/*"]


@pytest.mark.parametrize(
    ("admin", "changes", "url"),
    [
        (HOST, {}, "http://admin.example.org/admin"),
        (HOST, {"certificate": CERTIFICATE}, "https://admin.example.org/admin"),
        (PORT, {}, "http://DNS:8443/admin"),
        (PORT, {"domain": {"name": "gw.example.org", "zone": "Z1"}}, "http://gw.example.org:8443/admin"),
        (PATH, {"certificate": CERTIFICATE}, "https://DNS/admin"),
    ],
)
def test_the_url_leads_to_administration(admin: dict[str, Any], changes: dict[str, Any], url: str) -> None:
    template = routed(admin, **changes)
    balancer, _ = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    assert text(template["Outputs"]["AdminUrl"]["Value"], **{balancer: "DNS"}) == url


@pytest.mark.parametrize("admin", [HOST, PORT, PATH])
def test_the_formation_waits_for_the_route(admin: dict[str, Any]) -> None:
    template = routed(admin)
    (handle,) = of_type(template, "CloudFormation::WaitConditionHandle")
    kinds = ("Listener", "ListenerRule", "TargetGroup")
    assert depends_on(template, handle) == {
        name for kind in kinds for name in of_type(template, f"ElasticLoadBalancingV2::{kind}")
    }
