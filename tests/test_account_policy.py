"""Decisions of IAM policies: statements, conditions, boundaries."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.account.iam.conditions import holds
from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.operators import moment
from rehearsal.account.iam.policy import Ask, decide, document
from rehearsal.account.iam.variables import arn_like, equal, filled, like

CONTEXT: Mapping[str, Sequence[str]] = {
    "ec2:region": ["eu-west-1"],
    "aws:securetransport": ["true"],
    "aws:principalarn": ["arn:aws:iam::1:role/node"],
    "dynamodb:leadingkeys": ["witness"],
    "aws:sourcevpc": [],
    "aws:vpcsourceip": ["10.64.0.10"],
    "aws:currenttime": ["2026-01-02T03:04:05Z"],
    "many": ["a", "b"],
}
READ = Ask("ssm:GetParameter", "arn:aws:ssm:eu-west-1:1:parameter/muster/x/settings", CONTEXT)
ALLOW = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": READ.resource}


def outcome(*statements: dict[str, Any], boundary: list[dict[str, Any]] | None = None, ask: Ask = READ) -> str:
    limit = [document("boundary", {"Statement": boundary})] if boundary is not None else None
    return decide([document("policy", {"Statement": list(statements)})], limit, ask).outcome


CASES: list[tuple[list[dict[str, Any]], str]] = [
    ([], "ImplicitDeny"),
    ([ALLOW], "Allow"),
    ([{**ALLOW, "Action": ["s3:*", "SSM:get*"]}], "Allow"),
    ([{**ALLOW, "Action": "ssm:PutParameter"}], "ImplicitDeny"),
    ([{**ALLOW, "Resource": "arn:aws:ssm:*:*:parameter/muster/*"}], "Allow"),
    ([{**ALLOW, "Resource": "arn:aws:ssm:eu-west-1:1:parameter/muster/y/*"}], "ImplicitDeny"),
    ([ALLOW, {**ALLOW, "Effect": "Deny"}], "ExplicitDeny"),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "Allow"),
    ([{"Effect": "Allow", "NotAction": "ssm:*", "Resource": "*"}], "ImplicitDeny"),
    ([{"Effect": "Allow", "Action": "*", "NotResource": READ.resource}], "ImplicitDeny"),
    ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"}], "Allow"),
    ([{**ALLOW, "Condition": {"StringEquals": {"ec2:Region": "eu-west-1"}}}], "Allow"),
    ([{**ALLOW, "Condition": {"StringEquals": {"ec2:Region": "us-east-1"}}}], "ImplicitDeny"),
]


@pytest.mark.parametrize(("statements", "expected"), CASES)
def test_statements_decide_as_iam_documents(statements: list[dict[str, Any]], expected: str) -> None:
    assert outcome(*statements) == expected


ONE_ITEM = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["witness"]}}
PRESENT = {"Null": {"dynamodb:LeadingKeys": "false"}}


@pytest.mark.parametrize(
    ("keys", "condition", "expected"),
    [
        (["witness"], ONE_ITEM | PRESENT, "Allow"),
        (["other"], ONE_ITEM | PRESENT, "ImplicitDeny"),
        (["witness", "other"], ONE_ITEM | PRESENT, "ImplicitDeny"),
        ([], ONE_ITEM | PRESENT, "ImplicitDeny"),
        ([], ONE_ITEM, "Allow"),
    ],
)
def test_only_null_keeps_out_a_request_without_a_leading_key(
    keys: list[str], condition: dict[str, Any], expected: str
) -> None:
    """For ForAllValues alone a request without the key is as good as one with the right key."""
    ask = Ask("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:1:table/x", {"dynamodb:leadingkeys": keys})
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*", "Condition": condition}
    assert outcome(statement, ask=ask) == expected


def test_the_deciding_statement_is_told() -> None:
    other = {**ALLOW, "Action": "s3:*"}
    verdict = decide(
        [document("one", {"Statement": other}), document("two", {"Statement": [other, ALLOW]})], None, READ
    )
    assert verdict.by is not None
    assert (verdict.by.policy, verdict.by.index) == ("two", 1)


def test_a_boundary_limits_what_policies_allow() -> None:
    assert outcome(ALLOW, boundary=[ALLOW]) == "Allow"
    assert outcome(ALLOW, boundary=[{**ALLOW, "Action": "s3:*"}]) == "NoBoundary"
    assert outcome(ALLOW, boundary=[ALLOW, {**ALLOW, "Effect": "Deny"}]) == "ExplicitDeny"
    assert outcome(boundary=[ALLOW]) == "ImplicitDeny"


OPERATORS: list[tuple[str, str, Any, bool]] = [
    ("StringEquals", "ec2:Region", ["us-east-1", "eu-west-1"], True),
    ("StringNotEquals", "ec2:Region", ["us-east-1", "eu-west-1"], False),
    ("StringNotEquals", "ec2:Region", "us-east-1", True),
    ("StringEqualsIgnoreCase", "ec2:Region", "EU-WEST-1", True),
    ("StringLike", "ec2:Region", "eu-*", True),
    ("StringNotLike", "ec2:Region", "eu-*", False),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", True),
    ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::2:role/node", False),
    ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::2:role/*", True),
    ("Bool", "aws:SecureTransport", True, True),
    ("Bool", "aws:SecureTransport", "false", False),
    ("Null", "aws:SourceVpc", "true", True),
    ("Null", "aws:SourceVpc", "false", False),
    ("Null", "ec2:Region", "false", True),
    ("StringEquals", "aws:SourceVpc", "vpc-1", False),
    ("StringEqualsIfExists", "aws:SourceVpc", "vpc-1", True),
    ("StringEqualsIfExists", "ec2:Region", "us-east-1", False),
    ("StringNotEquals", "aws:SourceVpc", "vpc-1", True),
    ("ForAllValues:StringEquals", "many", ["a", "b", "c"], True),
    ("ForAllValues:StringEquals", "many", ["a"], False),
    ("ForAllValues:StringEquals", "aws:SourceVpc", ["a"], True),
    ("ForAnyValue:StringEquals", "many", ["b"], True),
    ("ForAnyValue:StringEquals", "many", ["c"], False),
    ("ForAnyValue:StringEquals", "aws:SourceVpc", ["a"], False),
    ("ForAllValues:StringLike", "dynamodb:LeadingKeys", ["wit*"], True),
    ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["witness"], True),
    ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["other"], False),
    ("Null", "dynamodb:LeadingKeys", "false", True),
    ("StringEquals", "ec2:Region", "${ec2:Region}", True),
    ("StringEquals", "ec2:Region", "${aws:SourceVpc}", False),
]


@pytest.mark.parametrize(("operator", "key", "wanted", "expected"), OPERATORS)
def test_an_operator_decides_as_iam_documents(operator: str, key: str, wanted: Any, expected: bool) -> None:
    assert holds(operator, key, wanted, CONTEXT) is expected


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "named"),
    [
        ("NumericLess", "ec2:Region", "1", "NumericLess"),
        ("NullIfExists", "ec2:Region", "true", "NullIfExists"),
        ("ForAnyValue:Null", "ec2:Region", "true", "ForAnyValue:Null"),
        ("NumericLessThan", "ec2:Region", "1", "'eu-west-1' is no number"),
        ("DateLessThan", "aws:CurrentTime", "now", "'now' is no date"),
        ("Bool", "aws:SecureTransport", "yes", "'yes' is neither true nor false"),
        ("IpAddress", "aws:VpcSourceIp", "10.64.0", "10.64.0"),
        ("BinaryEquals", "ec2:Region", "#", "'#' is no base64"),
        ("IpAddress", "aws:VpcSourceIp", "${aws:VpcSourceIp}", "IpAddress with a policy variable"),
        ("Bool", "aws:SecureTransport", "${aws:SecureTransport}", "Bool with a policy variable"),
        ("StringEquals", "many", ["a", "b"], "many has several values"),
        ("ForSomeValues:StringEquals", "ec2:Region", "1", "ForSomeValues:StringEquals"),
        ("StringEquals", "aws:Weather", "rain", "aws:Weather"),
        ("StringEquals", "ec2:Region", "${aws:Weather}", "aws:Weather"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(operator: str, key: str, wanted: Any, named: str) -> None:
    with pytest.raises(UndecidableError) as caught:
        holds(operator, key, wanted, CONTEXT)
    assert named in str(caught.value)


def test_an_unknown_element_is_refused_by_its_name() -> None:
    with pytest.raises(UndecidableError, match="Principal"):
        document("policy", {"Statement": [{**ALLOW, "Principal": "*"}]})


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ([{**ALLOW, "Effect": "Maybe"}], "Maybe"),
        ([{**ALLOW, "Action": "s3:GetObject", "Condition": {"StringSounds": {"ec2:Region": "x"}}}], "StringSounds"),
        ([{**ALLOW, "Action": "s3:GetObject", "Resource": "${aws:username}"}], "version None"),
    ],
    ids=["effect", "operator", "variable without its version"],
)
def test_a_policy_is_refused_as_a_whole_for_what_no_request_comes_to(policy: list[Any], named: str) -> None:
    with pytest.raises(UndecidableError, match=f"policy policy: .*{named}"):
        outcome(*policy)


def test_a_condition_that_does_not_hold_hides_no_unknown_key() -> None:
    conditions = {"StringEquals": {"ec2:Region": "us-east-1", "aws:Weather": "rain"}}
    with pytest.raises(UndecidableError, match="aws:Weather"):
        outcome({**ALLOW, "Condition": conditions})


@pytest.mark.parametrize("resource", ["arn:aws:ssm:*", "parameter/x", "arn:aws:ssm:${aws:RequestedRegion}:1:x"])
def test_a_resource_that_is_no_arn_is_refused_by_its_name(resource: str) -> None:
    policy = document("policy", {"Version": "2012-10-17", "Statement": {**ALLOW, "Resource": resource}})
    with pytest.raises(UndecidableError, match="the resource"):
        decide([policy], None, READ)


@given(st.text(), st.text())
def test_a_star_matches_everything_before_and_after(left: str, right: str) -> None:
    assert like(f"{'?' * len(left)}*", left + right)


@given(st.text(st.characters(exclude_characters="*?")), st.text())
def test_a_text_without_wildcards_matches_itself_alone(wanted: str, value: str) -> None:
    assert like(wanted, value) == (wanted == value)


def test_a_star_in_an_arn_does_not_reach_over_colons() -> None:
    assert not arn_like("arn:aws:*:role/x", "arn:aws:iam::1:role/x")


@given(st.text(), st.text(), st.text())
def test_what_a_variable_puts_in_stands_for_itself_alone(before: str, value: str, other: str) -> None:
    before = before.replace("$", "").replace("*", "").replace("?", "")
    text = filled(before + "${aws:username}", {"aws:username": [value]})
    assert text is not None
    assert (like(text, before + other), equal(text, before + other)) == (value == other, value == other)


@given(st.text(st.characters(exclude_characters="'}")))
def test_a_default_is_taken_as_it_stands(default: str) -> None:
    text = filled(f"${{aws:username, '{default}'}}", {"aws:username": []})
    assert text is not None
    assert equal(text, default)


@given(st.datetimes(timezones=st.just(datetime.UTC)))
def test_a_date_is_the_moment_that_it_says_in_whatever_zone(at: datetime.datetime) -> None:
    assert moment(at.isoformat()) == at
    assert moment(at.isoformat().replace("+00:00", "Z")) == at


_WORDS = st.sampled_from(["ssm:GetParameter", "ssm:*", "s3:GetObject", "*"])
_STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": _WORDS, "Resource": st.sampled_from([READ.resource, "*"])}
)


@given(st.lists(_STATEMENT, max_size=6))
def test_a_deny_always_wins_and_nothing_is_allowed_unasked(statements: list[dict[str, Any]]) -> None:
    speaking = [each["Effect"] for each in statements if each["Action"] != "s3:GetObject"]
    expected = "ExplicitDeny" if "Deny" in speaking else "Allow" if speaking else "ImplicitDeny"
    assert outcome(*statements) == expected
