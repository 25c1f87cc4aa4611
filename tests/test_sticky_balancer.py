"""How users reach the cluster."""

from typing import Any

from tests.conftest import Synthesize, Template
from tests.template_help import of_type, ref, the

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def attributes(properties: dict[str, Any], key: str) -> dict[str, str]:
    """Return the attributes of a load balancer or target group as a mapping."""
    return {each["Key"]: each["Value"] for each in properties[key]}


def target_group(template: Template) -> dict[str, Any]:
    """Return the one target group."""
    return the(template, "ElasticLoadBalancingV2::TargetGroup")[1]


def test_the_balancer_is_internal_and_strict_about_requests(template: Template) -> None:
    _, balancer = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internal"
    assert attributes(balancer, "LoadBalancerAttributes") == {
        "deletion_protection.enabled": "false",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "strictest",
    }


def test_every_node_is_a_target_on_the_applications_port(template: Template) -> None:
    targets = target_group(template)["Targets"]
    assert targets == [{"Id": ref(name), "Port": 8080} for name in of_type(template, "EC2::Instance")]


def test_health_is_asked_of_the_readiness_port(synthesize: Synthesize) -> None:
    group = target_group(synthesize(as400gateway={"readiness_port": 19180}))
    assert {
        key: value for key, value in group.items() if "Health" in key or "Threshold" in key or key == "Matcher"
    } == {
        "HealthCheckIntervalSeconds": 5,
        "HealthCheckPath": "/ready",
        "HealthCheckPort": "19180",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckTimeoutSeconds": 2,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
    }


def test_users_stay_by_the_applications_cookie(synthesize: Synthesize) -> None:
    group = target_group(synthesize(balancer={"stickiness": {"cookie": "SID", "hours": 2}}))
    assert attributes(group, "TargetGroupAttributes") == {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "app_cookie",
        "stickiness.app_cookie.cookie_name": "SID",
        "stickiness.app_cookie.duration_seconds": "7200",
    }


def test_users_stay_by_the_balancers_own_cookie(synthesize: Synthesize) -> None:
    group = target_group(synthesize(balancer={"stickiness": {"cookie": "balancer", "hours": 168}}))
    assert attributes(group, "TargetGroupAttributes") == {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "604800",
    }


def test_without_a_certificate_it_speaks_http(template: Template) -> None:
    group, _ = the(template, "ElasticLoadBalancingV2::TargetGroup")
    _, listener = the(template, "ElasticLoadBalancingV2::Listener")
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert listener["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": ref(group)}]
    balancer, _ = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    assert template["Outputs"]["Url"]["Value"] == {
        "Fn::Join": ["", ["http://", {"Fn::GetAtt": [balancer, "DNSName"]}]],
    }


def test_with_a_certificate_it_speaks_https_and_sends_http_there(synthesize: Synthesize) -> None:
    template = synthesize(balancer={"certificate": CERTIFICATE})
    group, _ = the(template, "ElasticLoadBalancingV2::TargetGroup")
    _, https = the(template, "ElasticLoadBalancingV2::Listener", Port=443)
    _, http = the(template, "ElasticLoadBalancingV2::Listener", Port=80)
    assert https["Protocol"] == "HTTPS"
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert https["Certificates"] == [{"CertificateArn": CERTIFICATE}]
    assert https["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": ref(group)}]
    (action,) = http["DefaultActions"]
    assert action["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    assert str(template["Outputs"]["Url"]["Value"]).count("https://") == 1
