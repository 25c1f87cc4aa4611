"""The evaluator against the examples of the IAM user guide, page by page.

Each row names its page under https://docs.aws.amazon.com/IAM/latest/UserGuide/ and says what that page says of a
request; names and numbers are this project's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.named import names
from rehearsal.account.iam.policy import Ask, decide, document
from rehearsal.account.iam.principals import Principal

OPERATORS = "reference_policies_elements_condition_operators"
SEVERAL = "reference_policies_multi-value-conditions"
VARIABLES = "reference_policies_variables"
LOGIC = "reference_policies_evaluation-logic"
BOUNDARIES = "access_policies_boundaries"
KEYS = "reference_policies_condition-keys"
ACTION, NOT_ACTION, RESOURCE, NOT_RESOURCE = (
    f"reference_policies_elements_{name}" for name in ("action", "notaction", "resource", "notresource")
)

BUCKET = "arn:aws:s3:::shop"
ALLOWED, DENIED, UNASKED, BOUNDED = "Allow", "ExplicitDeny", "ImplicitDeny", "NoBoundary"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """Return a statement about everything, but for what is said otherwise."""
    about = {"Action": "*", "Resource": "*"}
    for name in ("Action", "Resource"):
        if f"Not{name}" in elements:
            del about[name]
    return {"Effect": effect, **about, **elements}


def when(operator: str, key: str, *wanted: Any, effect: str = "Allow") -> dict[str, Any]:
    """Return a statement about everything, under one condition."""
    return statement(effect, Condition={operator: {key: list(wanted)}})


@dataclass(frozen=True)
class Row:
    """One request under one policy: of what page, and what that says of it. A key of the context may have no value."""

    page: str
    policy: Sequence[Mapping[str, Any]]
    outcome: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    action: str = "s3:GetObject"
    resource: str = f"{BUCKET}/a"
    boundary: Sequence[Mapping[str, Any]] | None = None


def one(page: str, about: Mapping[str, Any], key: str, *cases: tuple[Sequence[str], bool]) -> list[Row]:
    """Return a row for each of the values that a key may have, and whether a statement speaks about it."""
    says = {"Allow": ALLOWED, "Deny": DENIED}[about["Effect"]]
    rest = [] if says == ALLOWED else [statement()]
    otherwise = UNASKED if says == ALLOWED else ALLOWED
    return [Row(page, [about, *rest], says if speaks else otherwise, {key: values}) for values, speaks in cases]


TEAM, TAGS, TIME, ADDRESS = "aws:principaltag/team", "aws:tagkeys", "aws:tokenissuetime", "aws:sourceip"
STRINGS = [
    *one(OPERATORS, when("StringEquals", TEAM, "red"), TEAM, (["red"], True), (["Red"], False), ([], False)),
    *one(OPERATORS, when("StringNotEquals", TEAM, "red"), TEAM, (["red"], False), (["blue"], True), ([], True)),
    *one(OPERATORS, when("StringEqualsIgnoreCase", TEAM, "RED"), TEAM, (["red"], True), (["blue"], False)),
    *one(OPERATORS, when("StringNotEqualsIgnoreCase", TEAM, "RED"), TEAM, (["red"], False), ([], True)),
    *one(OPERATORS, when("StringEquals", TEAM, "r*"), TEAM, (["red"], False), (["r*"], True)),
    *one(OPERATORS, when("StringLike", TEAM, "r?d", "b*"), TEAM, (["red"], True), (["blue"], True), (["bed"], True)),
    *one(OPERATORS, when("StringLike", TEAM, "r?d"), TEAM, (["reed"], False), (["Red"], False), ([], False)),
    *one(OPERATORS, when("StringNotLike", TEAM, "r*"), TEAM, (["red"], False), (["blue"], True), ([], True)),
    *one(OPERATORS, when("StringLike", "s3:prefix", "", "home/"), "s3:prefix", ([""], True), (["other"], False)),
]
KEYS_10 = "s3:max-keys"
NUMBERS = [
    *one(
        OPERATORS, when("NumericLessThanEquals", KEYS_10, "10"), KEYS_10, (["10"], True), (["10.5"], False), ([], False)
    ),
    *one(OPERATORS, when("NumericEquals", KEYS_10, 10), KEYS_10, (["10"], True), (["10.0"], True), (["11"], False)),
    *one(OPERATORS, when("NumericNotEquals", KEYS_10, 10), KEYS_10, (["10"], False), (["11"], True), ([], True)),
    *one(OPERATORS, when("NumericLessThan", KEYS_10, 10), KEYS_10, (["9"], True), (["10"], False), (["-1"], True)),
    *one(OPERATORS, when("NumericGreaterThan", KEYS_10, 10), KEYS_10, (["11"], True), (["10"], False), (["9"], False)),
    *one(OPERATORS, when("NumericGreaterThanEquals", KEYS_10, 10), KEYS_10, (["10"], True), (["9"], False)),
    *one(
        KEYS,
        when("NumericLessThan", "ec2:RoleDelivery", "2.0", effect="Deny"),
        "ec2:roledelivery",
        (["1.0"], True),
        (["2.0"], False),
        ([], False),
    ),
]
NEW_YEAR = "2026-01-01T00:00:01Z"
DATES = [
    *one(
        OPERATORS,
        when("DateGreaterThan", TIME, NEW_YEAR),
        TIME,
        (["2026-01-01T00:00:02Z"], True),
        ([NEW_YEAR], False),
        ([], False),
    ),
    *one(OPERATORS, when("DateGreaterThanEquals", TIME, NEW_YEAR), TIME, ([NEW_YEAR], True), (["2025-12-31"], False)),
    *one(
        OPERATORS, when("DateLessThan", TIME, NEW_YEAR), TIME, (["2026-01-01T01:00+01:00"], True), ([NEW_YEAR], False)
    ),
    *one(OPERATORS, when("DateLessThanEquals", TIME, "2026"), TIME, (["2026-01-01"], True), (["2026-02"], False)),
    *one(OPERATORS, when("DateEquals", TIME, 1767225601), TIME, ([NEW_YEAR], True), (["2026-01-01"], False)),
    *one(OPERATORS, when("DateNotEquals", TIME, NEW_YEAR), TIME, ([NEW_YEAR], False), ([], True)),
]
MFA = "aws:multifactorauthpresent"
OTHERS = [
    *one(
        OPERATORS,
        when("Bool", "aws:SecureTransport", "false", effect="Deny"),
        "aws:securetransport",
        (["false"], True),
        (["true"], False),
    ),
    *one(OPERATORS, when("BinaryEquals", "key", "Ynl0ZXM="), "key", (["bytes"], True), (["Bytes"], False), ([], False)),
    *one(
        OPERATORS,
        when("IpAddress", "aws:SourceIp", "203.0.113.0/24", "2001:DB8:1234:5678::/64"),
        ADDRESS,
        (["203.0.113.255"], True),
        (["203.0.114.0"], False),
        (["2001:db8:1234:5678:ffff::1"], True),
        (["2001:db8:1234:5679::1"], False),
        ([], False),
    ),
    *one(OPERATORS, when("IpAddress", "aws:SourceIp", "203.0.113.7"), ADDRESS, (["203.0.113.7"], True)),
    *one(OPERATORS, when("IpAddress", "aws:SourceIp", "203.0.113.7"), ADDRESS, (["203.0.113.8"], False)),
    *one(
        OPERATORS,
        when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ADDRESS,
        (["203.0.113.1"], False),
        (["192.0.2.1"], True),
        ([], True),
    ),
]
SOURCE = "aws:sourcearn"
LONG = "arn:aws:service:us-east-2:999999999999:store/abc:111122223333:finance/paper"
ARNS = [
    *one(
        OPERATORS,
        when("ArnLike", "aws:SourceArn", "arn:aws:service:*:111122223333:finance/*"),
        SOURCE,
        ([LONG], False),
        (["arn:aws:service:eu-west-1:111122223333:finance/a/b"], True),
    ),
    *one(
        OPERATORS,
        when("StringLike", "aws:SourceArn", "arn:aws:service:*:111122223333:finance/*"),
        SOURCE,
        ([LONG], True),
    ),
    *one(
        OPERATORS,
        when("ArnEquals", "aws:SourceArn", "arn:aws:sns:*:1:t?pic"),
        SOURCE,
        (["arn:aws:sns:eu-west-1:1:topic"], True),
        (["arn:aws:sns:eu-west-1:2:topic"], False),
        ([], False),
    ),
    *one(
        OPERATORS,
        when("ArnNotEquals", "aws:SourceArn", "arn:aws:sns:*:1:*"),
        SOURCE,
        (["arn:aws:sns:eu-west-1:1:topic"], False),
        ([], True),
    ),
    *one(
        OPERATORS,
        when("ArnNotLike", "aws:SourceArn", "arn:aws:sns:*:1:*"),
        SOURCE,
        (["arn:aws:sns:eu-west-1:2:topic"], True),
    ),
]
TYPE = "ec2:instancetype"
EXISTENCE = [
    *one(
        OPERATORS,
        when("StringLikeIfExists", TYPE, "t1.*", "m3.*"),
        TYPE,
        (["t1.small"], True),
        (["c5.large"], False),
        ([], True),
    ),
    *one(OPERATORS, when("StringNotEqualsIfExists", TEAM, "red", effect="Deny"), TEAM, ([], True), (["red"], False)),
    *one(
        KEYS,
        when("BoolIfExists", "aws:MultiFactorAuthPresent", "false", effect="Deny"),
        MFA,
        (["false"], True),
        (["true"], False),
        ([], True),
    ),
    *one(
        KEYS,
        when("Bool", "aws:MultiFactorAuthPresent", "false", effect="Deny"),
        MFA,
        (["false"], True),
        ([], False),
    ),
    *one(OPERATORS, when("NumericLessThanIfExists", KEYS_10, 10), KEYS_10, ([], True), (["10"], False)),
    *one(OPERATORS, when("DateLessThanIfExists", TIME, NEW_YEAR), TIME, ([], True)),
    *one(OPERATORS, when("IpAddressIfExists", "aws:SourceIp", "203.0.113.0/24"), ADDRESS, ([], True)),
    *one(OPERATORS, when("ArnLikeIfExists", "aws:SourceArn", "arn:aws:sns:*:1:*"), SOURCE, ([], True)),
    *one(OPERATORS, when("Null", "aws:TokenIssueTime", "true"), TIME, ([], True), ([NEW_YEAR], False)),
    *one(OPERATORS, when("Null", "aws:TokenIssueTime", "false"), TIME, ([], False), ([NEW_YEAR], True)),
]

THREE = ("Posted", "Message", "Tags")
OF_ALL, OF_ANY = (f"{name}:StringEquals" for name in ("ForAllValues", "ForAnyValue"))
SETS = [
    *one(
        SEVERAL,
        when(OF_ALL, TAGS, *THREE),
        TAGS,
        (["Message", "Tags"], True),
        (["Posted", "User"], False),
        ([], True),
        ([""], True),
    ),
    *one(
        SEVERAL,
        when(OF_ANY, TAGS, "ID", "Posted", effect="Deny"),
        TAGS,
        (["Posted", "Message"], True),
        (["User"], False),
        ([], False),
        ([""], False),
    ),
    *one(SEVERAL, when("StringNotEquals", TEAM, "red", "blue"), TEAM, (["blue"], False), (["green"], True)),
    *one(SEVERAL, when("StringEquals", TEAM, "red", "blue"), TEAM, (["blue"], True)),
    *one(SEVERAL, when("ForAllValues:StringNotEquals", TAGS, "ID"), TAGS, (["a", "ID"], False), (["a"], True)),
    *one(SEVERAL, when("ForAnyValue:StringNotEquals", TAGS, "ID"), TAGS, (["a", "ID"], True), (["ID"], False)),
    *one(
        SEVERAL, when("ForAllValues:StringLike", TAGS, "M*", "T*"), TAGS, (["Message", "Tags"], True), (["ID"], False)
    ),
    *one(SEVERAL, when("ForAnyValue:StringLikeIfExists", TAGS, "M*"), TAGS, ([], True), (["ID"], False)),
]
TWO = {
    "StringEqualsIgnoreCase": {"aws:PrincipalTag/team": ["red", "blue"], "aws:PrincipalTag/task": ["AUDIT"]},
    "StringEquals": {"aws:PrincipalAccount": "1"},
}
ALL_OF = {TEAM: ["Blue"], "aws:principaltag/task": ["audit"], "aws:principalaccount": ["1"]}
CONDITIONS = [
    Row(SEVERAL, [statement(Condition=TWO)], ALLOWED, ALL_OF),
    *(
        Row(SEVERAL, [statement(Condition=TWO)], UNASKED, {**ALL_OF, key: [value]})
        for key, value in ((TEAM, "green"), ("aws:principaltag/task", "sales"), ("aws:principalaccount", "2"))
    ),
]

HOME = statement(Resource=[f"{BUCKET}/home/${{aws:username}}/*"])
PERSON = "aws:username"
OF_TEAM = when("StringEquals", "s3:ExistingObjectTag/team", "${aws:PrincipalTag/team}")
NOT_OF_TEAM = when("StringNotEquals", "s3:ExistingObjectTag/team", "${aws:PrincipalTag/team}", effect="Deny")
OBJECT = "s3:existingobjecttag/team"
FILLED = [
    Row(VARIABLES, [HOME], ALLOWED, {PERSON: ["ann"]}, resource=f"{BUCKET}/home/ann/x/y"),
    Row(VARIABLES, [HOME], UNASKED, {PERSON: ["bob"]}, resource=f"{BUCKET}/home/ann/x"),
    Row(VARIABLES, [HOME], UNASKED, {PERSON: ["*"]}, resource=f"{BUCKET}/home/ann/x"),
    Row(VARIABLES, [HOME], UNASKED, {PERSON: []}, resource=f"{BUCKET}/home//x"),
    Row(VARIABLES, [HOME], UNASKED, {PERSON: ["ann", "bob"]}, resource=f"{BUCKET}/home/ann/x"),
    Row(VARIABLES, [statement(NotResource=HOME["Resource"])], ALLOWED, {PERSON: []}, resource=f"{BUCKET}/home//x"),
    Row(VARIABLES, [OF_TEAM], ALLOWED, {OBJECT: ["red"], TEAM: ["red"]}),
    Row(VARIABLES, [OF_TEAM], UNASKED, {OBJECT: ["red"], TEAM: ["blue"]}),
    Row(VARIABLES, [OF_TEAM], UNASKED, {OBJECT: [], TEAM: []}),
    Row(VARIABLES, [statement(), NOT_OF_TEAM], ALLOWED, {OBJECT: ["red"], TEAM: ["red"]}),
    Row(VARIABLES, [statement(), NOT_OF_TEAM], DENIED, {OBJECT: ["red"], TEAM: []}),
    Row(VARIABLES, [statement(), NOT_OF_TEAM], DENIED, {OBJECT: [], TEAM: []}),
    *(
        Row(
            VARIABLES,
            [statement(Resource=f"{BUCKET}-${{aws:PrincipalTag/team, 'all'}}/*")],
            says,
            {TEAM: values},
            resource=on,
        )
        for values, on, says in (
            (["red"], f"{BUCKET}-red/x", ALLOWED),
            ([], f"{BUCKET}-all/x", ALLOWED),
            (["red"], f"{BUCKET}-all/x", UNASKED),
            ([], f"{BUCKET}-red/x", UNASKED),
        )
    ),
    *(
        Row(VARIABLES, [when("StringLike", TEAM, "a${*}b${?}${$}{x}")], says, {TEAM: [value]})
        for value, says in (("a*b?${x}", ALLOWED), ("axb?${x}", UNASKED), ("a*bx${x}", UNASKED))
    ),
]

ACTIONS = [
    Row(ACTION, [statement(Action=action)], says, action="iam:ListAccessKeys", resource="arn:aws:iam::1:user/ann")
    for action, says in (
        ("IAM:listaccesskeys", ALLOWED),
        ("iam:*AccessKey*", ALLOWED),
        ("iam:List*", ALLOWED),
        ("iam:?istAccessKeys", ALLOWED),
        ("iam:*", ALLOWED),
        (["s3:*", "iam:ListAccessKeys"], ALLOWED),
        ("iam:AccessKey*", UNASKED),
        ("s3:*", UNASKED),
    )
]
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ALL_BUT_IAM = statement("Deny", NotAction="iam:*", Condition=NO_MFA)
NOT_ACTIONS = [
    Row(NOT_ACTION, [statement(NotAction="iam:*")], ALLOWED),
    Row(NOT_ACTION, [statement(NotAction="iam:*")], UNASKED, action="iam:GetUser"),
    Row(NOT_ACTION, [statement(NotAction="s3:DeleteBucket", Resource="arn:aws:s3:::*")], ALLOWED),
    Row(
        NOT_ACTION,
        [statement(NotAction="s3:DeleteBucket", Resource="arn:aws:s3:::*")],
        UNASKED,
        action="s3:DeleteBucket",
    ),
    Row(
        NOT_ACTION,
        [statement(NotAction="s3:DeleteBucket", Resource="arn:aws:s3:::*")],
        UNASKED,
        action="s3:ListAllMyBuckets",
        resource="*",
    ),
    Row(NOT_ACTION, [statement(), ALL_BUT_IAM], DENIED, {MFA: []}),
    Row(NOT_ACTION, [statement(), ALL_BUT_IAM], ALLOWED, {MFA: ["true"]}),
    Row(NOT_ACTION, [statement(), ALL_BUT_IAM], ALLOWED, {MFA: []}, action="iam:GetUser"),
    Row(NOT_ACTION, [ALL_BUT_IAM], UNASKED, {MFA: ["true"]}),
]
RESOURCES = [
    *(
        Row(RESOURCE, [statement(Resource=f"{BUCKET}/*/test/*")], says, resource=f"{BUCKET}/{key}")
        for key, says in (
            ("1/test/object.jpg", ALLOWED),
            ("1/2/3/test/4/object.jpg", ALLOWED),
            ("1///test///object.jpg", ALLOWED),
            ("1/test/.jpg", ALLOWED),
            ("/test/object.jpg", ALLOWED),
            ("1/test/", ALLOWED),
            ("1-test/object.jpg", UNASKED),
            ("test/object.jpg", UNASKED),
            ("1/2/test.jpg", UNASKED),
        )
    ),
    *(
        Row(
            RESOURCE,
            [statement(Resource=wanted)],
            says,
            action="sqs:SendMessage",
            resource="arn:aws:sqs:us-east-2:1:q1",
        )
        for wanted, says in (
            ("arn:aws:sqs:us-east-2:1:q?", ALLOWED),
            ("arn:aws:sqs:us-*:*:q1", ALLOWED),
            (["arn:aws:sqs:us-east-2:1:q2", "arn:aws:sqs:us-east-2:1:q1"], ALLOWED),
        )
    ),
]
PAYROLL = statement("Deny", Action="s3:*", NotResource=["arn:aws:s3:::hr/Payroll", "arn:aws:s3:::hr/Payroll/*"])
NOT_RESOURCES = [
    Row(NOT_RESOURCE, [statement(), PAYROLL], DENIED, resource="arn:aws:s3:::hr/Other/x"),
    Row(NOT_RESOURCE, [statement(), PAYROLL], ALLOWED, resource="arn:aws:s3:::hr/Payroll/x"),
    Row(NOT_RESOURCE, [PAYROLL], UNASKED, resource="arn:aws:s3:::hr/Payroll/x"),
    Row(
        NOT_RESOURCE, [statement(), PAYROLL], ALLOWED, action="ec2:StopInstances", resource="arn:aws:ec2:r:1:instance/i"
    ),
    Row(NOT_RESOURCE, [statement(NotResource="arn:aws:s3:::hr")], ALLOWED, action="iam:GetUser", resource="*"),
]
S3_ALONE, USERS = statement(Action=["s3:*", "cloudwatch:*"]), statement(Action="iam:CreateUser")
NOT_LOGS = statement("Deny", Action="s3:*", Resource=["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"])
DECISIONS = [
    Row(LOGIC, [], UNASKED),
    Row(LOGIC, [statement()], ALLOWED),
    Row(LOGIC, [statement("Deny"), statement()], DENIED),
    Row(LOGIC, [statement(), statement("Deny")], DENIED),
    Row(LOGIC, [statement(), statement("Deny", Action="s3:PutObject")], ALLOWED),
    Row(BOUNDARIES, [USERS], BOUNDED, action="iam:CreateUser", boundary=[S3_ALONE]),
    Row(BOUNDARIES, [], UNASKED, boundary=[S3_ALONE]),
    Row(BOUNDARIES, [S3_ALONE], ALLOWED, boundary=[S3_ALONE]),
    Row(BOUNDARIES, [statement()], DENIED, resource="arn:aws:s3:::logs/x", boundary=[S3_ALONE, NOT_LOGS]),
    Row(BOUNDARIES, [], DENIED, resource="arn:aws:s3:::logs/x", boundary=[S3_ALONE, NOT_LOGS]),
    Row(BOUNDARIES, [statement()], ALLOWED, resource="arn:aws:s3:::other/x", boundary=[S3_ALONE, NOT_LOGS]),
    Row(BOUNDARIES, [statement()], BOUNDED, boundary=[]),
]
SAME_VPC = {
    "StringNotEquals": {"aws:SourceVpc": "${aws:Ec2InstanceSourceVpc}"},
    "Null": {"ec2:SourceInstanceARN": "false"},
    "BoolIfExists": {"aws:ViaAWSService": "false"},
}
BOUND = [statement(), statement("Deny", Condition=SAME_VPC)]
INSIDE = {
    "aws:sourcevpc": ["vpc-1"],
    "aws:ec2instancesourcevpc": ["vpc-1"],
    "ec2:sourceinstancearn": ["arn:aws:ec2:eu-west-1:1:instance/i-1"],
    "aws:viaawsservice": ["false"],
}
INSTANCES = [
    Row(KEYS, BOUND, ALLOWED, INSIDE),
    Row(KEYS, BOUND, DENIED, {**INSIDE, "aws:sourcevpc": ["vpc-2"]}),
    Row(KEYS, BOUND, DENIED, {**INSIDE, "aws:sourcevpc": []}),
    Row(KEYS, BOUND, ALLOWED, {**INSIDE, "aws:sourcevpc": [], "aws:viaawsservice": ["true"]}),
    Row(KEYS, BOUND, DENIED, {**INSIDE, "aws:sourcevpc": [], "aws:viaawsservice": []}),
    Row(KEYS, BOUND, ALLOWED, {**INSIDE, "aws:sourcevpc": [], "ec2:sourceinstancearn": []}),
]

ROWS = [
    *(*STRINGS, *NUMBERS, *DATES, *OTHERS, *ARNS, *EXISTENCE, *SETS, *CONDITIONS, *FILLED),
    *(*ACTIONS, *NOT_ACTIONS, *RESOURCES, *NOT_RESOURCES, *DECISIONS, *INSTANCES),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row.page}" for number, row in enumerate(ROWS)])
def test_a_request_is_decided_as_the_page_says(row: Row) -> None:
    policies = [document("policy", {"Version": "2012-10-17", "Statement": list(row.policy)})]
    limit = None if row.boundary is None else [document("boundary", {"Statement": list(row.boundary)})]
    assert decide(policies, limit, Ask(row.action, row.resource, row.context)).outcome == row.outcome


def test_without_the_version_of_its_language_a_variable_is_none() -> None:
    """The page on variables: in older versions they are plain text. Here no policy of this kind is taken."""
    with pytest.raises(UndecidableError, match="variables in a policy of version 2008-10-17"):
        document("policy", {"Version": "2008-10-17", "Statement": [HOME]})


CALLER = Principal(
    arn="arn:aws:sts::123456789012:assumed-role/node/i-1",
    secret="",
    role="node",
    role_arn="arn:aws:iam::123456789012:role/node",
)


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": "123456789012"}, True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, True),
        ({"AWS": ["arn:aws:iam::999999999999:root", CALLER.role_arn]}, True),
        ({"AWS": CALLER.arn}, True),
        ({"AWS": "arn:aws:iam::123456789012:role/other"}, False),
        ({"AWS": "999999999999"}, False),
        ({"Service": "ec2.amazonaws.com"}, False),
        ({"Service": "ec2.amazonaws.com", "AWS": CALLER.role_arn}, True),
    ],
)
def test_a_principal_is_whom_its_page_says(principal: Any, expected: bool) -> None:
    """The page reference_policies_elements_principal."""
    assert names(principal, CALLER, "policy") is expected
