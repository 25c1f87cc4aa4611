"""How users reach the cluster."""

from typing import Any

import pytest

from tests.conftest import Template
from tests.parts_support import CERTIFICATE, existing, parts
from tests.template_help import attribute, depends_on, of_type, ref, the

DOMAIN = {"name": "gw.example.org", "zone": "Z0123456789ABC"}


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of the plain cluster file."""
    return parts()


def attributes(properties: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the attributes of a load balancer or target group as a mapping."""
    return {each["Key"]: each["Value"] for each in properties[key]}


def balancer_attributes(template: Template) -> dict[str, Any]:
    """Return the attributes of the load balancer."""
    return attributes(the(template, "ElasticLoadBalancingV2::LoadBalancer")[1], "LoadBalancerAttributes")


def target_group(template: Template) -> dict[str, Any]:
    """Return the one target group."""
    return the(template, "ElasticLoadBalancingV2::TargetGroup")[1]


def test_the_balancer_is_internal_and_strict_about_requests() -> None:
    template = parts(protection="off")
    assert the(template, "ElasticLoadBalancingV2::LoadBalancer")[1]["Scheme"] == "internal"
    assert balancer_attributes(template) == {
        "deletion_protection.enabled": "false",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "strictest",
    }


def test_protection_refuses_its_deletion_and_logs_every_request(template: Template) -> None:
    bucket, _ = the(template, "S3::Bucket")
    found = balancer_attributes(template)
    assert found["deletion_protection.enabled"] == "true"
    assert {key: value for key, value in found.items() if key.startswith("access_logs")} == {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": ref(bucket),
        "access_logs.s3.prefix": "balancer",
    }


def test_protection_that_is_lifted_lets_it_be_deleted_and_keeps_the_logs() -> None:
    template = parts(protection="lifted")
    assert balancer_attributes(template)["deletion_protection.enabled"] == "false"
    assert len(of_type(template, "S3::Bucket")) == 1


def test_without_protection_there_is_no_bucket() -> None:
    assert of_type(parts(protection="off"), "S3::Bucket") == {}


def test_every_node_is_a_target_on_the_applications_port(template: Template) -> None:
    targets = target_group(template)["Targets"]
    assert targets == [{"Id": ref(name), "Port": 8080} for name in of_type(template, "EC2::Instance")]


def test_an_absent_node_is_no_target() -> None:
    nodes = {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}}
    template = parts(nodes=nodes)
    (node,) = of_type(template, "EC2::Instance")
    assert [each["Id"] for each in target_group(template)["Targets"]] == [ref(node)]


def test_health_is_asked_of_the_readiness_port() -> None:
    group = target_group(parts(as400gateway={"readiness_port": 19180}))
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


def test_users_stay_by_the_applications_cookie() -> None:
    group = target_group(parts(balancer={"stickiness": {"cookie": "SID", "hours": 2}}))
    assert attributes(group, "TargetGroupAttributes") == {
        "deregistration_delay.timeout_seconds": "30",
        "stickiness.enabled": "true",
        "stickiness.type": "app_cookie",
        "stickiness.app_cookie.cookie_name": "SID",
        "stickiness.app_cookie.duration_seconds": "7200",
    }


def test_users_stay_by_the_balancers_own_cookie() -> None:
    group = target_group(parts(balancer={"stickiness": {"cookie": "balancer", "hours": 168}}))
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
        "Fn::Join": ["", ["http://", attribute(balancer, "DNSName")]],
    }


def test_with_a_certificate_it_speaks_https_and_sends_http_there() -> None:
    template = parts(balancer={"certificate": CERTIFICATE})
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


def test_the_tls_policy_is_the_one_that_the_file_names() -> None:
    policy = "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"
    template = parts(balancer={"certificate": CERTIFICATE, "tls_policy": policy})
    assert the(template, "ElasticLoadBalancingV2::Listener", Port=443)[1]["SslPolicy"] == policy


def test_the_formation_waits_for_all_listeners_and_targets(template: Template) -> None:
    (handle,) = of_type(template, "CloudFormation::WaitConditionHandle")
    expected = {
        *of_type(template, "ElasticLoadBalancingV2::Listener"),
        *of_type(template, "ElasticLoadBalancingV2::TargetGroup"),
    }
    assert depends_on(template, handle) == expected


def test_a_domain_names_the_balancer() -> None:
    template = parts(balancer={"certificate": CERTIFICATE, "domain": DOMAIN})
    balancer, _ = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    _, record = the(template, "Route53::RecordSet")
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == ("gw.example.org.", "A", DOMAIN["zone"])
    assert record["AliasTarget"] == {
        "DNSName": attribute(balancer, "DNSName"),
        "HostedZoneId": attribute(balancer, "CanonicalHostedZoneID"),
        "EvaluateTargetHealth": False,
    }
    assert template["Outputs"]["Url"]["Value"] == "https://gw.example.org"


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("admin.gw.example.org", {"gw.example.org.", "admin.gw.example.org."}),
        ("admin.example.org", {"gw.example.org."}),
    ],
)
def test_an_admin_host_is_named_only_where_it_surely_lies_in_the_zone(host: str, named: set[str]) -> None:
    template = parts(balancer={"domain": DOMAIN, "admin": {"route": "host", "host": host}})
    assert {record["Name"] for record in of_type(template, "Route53::RecordSet").values()} == named


def test_an_existing_vpc_changes_nothing_about_the_listeners() -> None:
    kinds = ("ElasticLoadBalancingV2::Listener", "ElasticLoadBalancingV2::TargetGroup")
    for kind in kinds:
        assert list(of_type(existing(), kind)) == list(of_type(parts(), kind))
