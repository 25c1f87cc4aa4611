"""The query protocol of the emulated CloudFormation: forms in, XML out."""

import urllib.parse
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.account.cloudformation.query import error, parse_form, result
from rehearsal.account.iam.policy import Ask, Verdict
from rehearsal.account.iam.refusals import CODES, JSON_SERVICES, denial, render

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))


def test_a_form_becomes_lists_and_fields() -> None:
    pairs = [
        ("Action", "CreateChangeSet"),
        ("Parameters.member.2.ParameterKey", "b"),
        ("Parameters.member.1.ParameterKey", "a"),
        ("Parameters.member.1.UsePreviousValue", "true"),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("DeploymentConfig.Mode", "STANDARD"),
    ]
    assert parse_form(urllib.parse.urlencode(pairs)) == {
        "Action": "CreateChangeSet",
        "Parameters": [{"ParameterKey": "a", "UsePreviousValue": "true"}, {"ParameterKey": "b"}],
        "Capabilities": ["CAPABILITY_IAM"],
        "DeploymentConfig": {"Mode": "STANDARD"},
    }


@given(st.dictionaries(st.from_regex(r"[A-Z][a-z]{0,8}", fullmatch=True), TEXT))
def test_plain_fields_come_through_unchanged(fields: dict[str, str]) -> None:
    assert parse_form(urllib.parse.urlencode(fields)) == fields


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_reason_gives_xml_that_can_be_read(text: str) -> None:
    for answer in (error("ValidationError", text, "1"), result("A", {"Reason": text, "List": [{"B": True}]}, "1")):
        ET.fromstring(answer.encode("utf-8", "replace"))  # noqa: S314 - written here


@given(st.sampled_from(sorted(CODES)), st.sampled_from(["ec2", "s3", "sts", *sorted(JSON_SERVICES)]), TEXT)
def test_every_service_refuses_in_its_own_shape(kind: str, service: str, text: str) -> None:
    printable = "".join(character for character in text if character.isprintable())
    status, content_type, body = render(service, kind, printable)
    assert status[0] in "45"
    assert ("json" in content_type) == (service in JSON_SERVICES) == body.startswith("{")
    if "xml" in content_type:
        ET.fromstring(body)  # noqa: S314 - written here


def test_a_denial_names_caller_action_resource_and_reason() -> None:
    sentence = denial(
        "ssm", "arn:aws:sts::1:assumed-role/r/i", Ask("ssm:GetParameter", "arn:x", {}), Verdict("ImplicitDeny")
    )
    assert sentence == (
        "User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: ssm:GetParameter on resource: arn:x "
        "because no identity-based policy allows the ssm:GetParameter action"
    )
