"""The web application firewall."""

import pytest

from tests.conftest import Template
from tests.parts_support import parts
from tests.template_help import attribute, depends_on, of_type, ref, text, the

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of a cluster with a firewall."""
    return parts(balancer={"waf": True})


def test_without_the_users_wish_there_is_none() -> None:
    assert not [each for each in parts()["Resources"].values() if "WAF" in each["Type"]]


def test_known_bad_inputs_are_blocked_and_all_else_passes(template: Template) -> None:
    _, acl = the(template, "WAFv2::WebACL")
    assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    (rule,) = acl["Rules"]
    assert rule["OverrideAction"] == {"None": {}}
    assert rule["Statement"] == {
        "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesKnownBadInputsRuleSet"}
    }


def test_no_request_is_kept_as_a_sample(template: Template) -> None:
    _, acl = the(template, "WAFv2::WebACL")
    configurations = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]
    assert [each["SampledRequestsEnabled"] for each in configurations] == [False, False]


def test_it_stands_before_the_balancer(template: Template) -> None:
    balancer, _ = the(template, "ElasticLoadBalancingV2::LoadBalancer")
    acl, _ = the(template, "WAFv2::WebACL")
    _, association = the(template, "WAFv2::WebACLAssociation")
    assert association == {"ResourceArn": ref(balancer), "WebACLArn": attribute(acl, "Arn")}


def test_it_logs_without_cookies_and_passwords_into_a_group_that_it_may_write_to(template: Template) -> None:
    name, logging = the(template, "WAFv2::LoggingConfiguration")
    group, properties = the(template, "Logs::LogGroup", LogGroupName="aws-waf-logs-muster-as400")
    (destination,) = logging["LogDestinationConfigs"]
    where = text(destination, **{"AWS::AccountId": "ACCOUNT"})
    assert where == "arn:aws:logs:eu-west-1:ACCOUNT:log-group:aws-waf-logs-muster-as400"
    assert group in depends_on(template, name)
    assert {field["SingleHeader"]["Name"] for field in logging["RedactedFields"]} == {"authorization", "cookie"}
    assert properties["RetentionInDays"] == 30


def test_its_log_group_has_the_users_key() -> None:
    template = parts(balancer={"waf": True}, kms_key=KEY)
    assert {group["KmsKeyId"] for group in of_type(template, "Logs::LogGroup").values()} == {KEY}
