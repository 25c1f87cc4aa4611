"""Intrinsic functions of the emulated CloudFormation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.account.cloudformation.faults import Refusal, UnsupportedError
from rehearsal.account.cloudformation.template import parse
from rehearsal.account.cloudformation.values import ABSENT, Values, references

BODY = """
Mappings:
  Images: {eu-west-1: {arm64: ami-1}}
Conditions:
  Two: {"Fn::Equals": [{Ref: Size}, "2"]}
  Other: {"Fn::Not": [{Condition: Two}]}
Resources:
  Thing: {Type: "AWS::EC2::InternetGateway"}
"""


class Scope:
    """A scope with one resource."""

    def ref(self, logical_id: str) -> Any:
        return {"Thing": "igw-1"}[logical_id]

    def attribute(self, logical_id: str, name: str) -> Any:
        return f"{logical_id}/{name}"

    def imported(self, name: str) -> str:
        return f"import of {name}"

    def zones(self, region: str) -> list[str]:
        return [f"{region or 'here'}a"]

    def dynamic(self, service: str, key: str) -> str:
        return f"{service}={key}"


VALUES = Values(parse(BODY), {"Size": 2, "AWS::Region": "eu-west-1", "List": ["a", "b"]}, Scope())

EXAMPLES: list[tuple[Any, Any]] = [
    ({"Ref": "Thing"}, "igw-1"),
    ({"Ref": "Size"}, 2),
    ({"Fn::GetAtt": ["Thing", "Arn"]}, "Thing/Arn"),
    ({"Fn::GetAtt": "Thing.A.B"}, "Thing/A.B"),
    ({"Fn::Join": ["-", ["a", {"Ref": "Size"}, True]]}, "a-2-true"),
    ({"Fn::Join": ["", ["{{resolve:", "ssm:/x}}"]]}, "ssm=/x"),
    ({"Fn::Sub": "${Thing}:${Thing.Arn}:${!Literal}:${AWS::Region}"}, "igw-1:Thing/Arn:${Literal}:eu-west-1"),
    ({"Fn::Sub": ["${Mine}-${Size}", {"Mine": {"Ref": "Thing"}}]}, "igw-1-2"),
    ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
    ({"Fn::FindInMap": ["Images", {"Ref": "AWS::Region"}, "arm64"]}, "ami-1"),
    ({"Fn::If": ["Two", "then", {"Ref": "Nowhere"}]}, "then"),
    ({"Fn::If": ["Other", "then", "else"]}, "else"),
    ({"Fn::GetAZs": ""}, ["herea"]),
    ({"Fn::Base64": "text"}, "dGV4dA=="),
    ({"Fn::ImportValue": "x"}, "import of x"),
    ({"Fn::Cidr": ["10.0.0.0/24", 2, 4]}, ["10.0.0.0/28", "10.0.0.16/28"]),
    ({"Fn::ToJsonString": {"a": {"Ref": "Thing"}}}, '{"a":"igw-1"}'),
    ({"Fn::Length": {"Ref": "List"}}, 2),
    ("{{resolve:secretsmanager:x:SecretString:password}}", "secretsmanager=x:SecretString:password"),
    ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
]


@pytest.mark.parametrize(("value", "expected"), EXAMPLES, ids=[str(example[0])[:60] for example in EXAMPLES])
def test_a_function_gives_what_cloudformation_documents(value: Any, expected: Any) -> None:
    assert VALUES.resolve(value) == expected


def test_no_value_by_itself_is_absent() -> None:
    assert VALUES.resolve({"Ref": "AWS::NoValue"}) is ABSENT


def test_an_unknown_function_is_refused_by_its_name() -> None:
    with pytest.raises(UnsupportedError, match="Fn::Transform"):
        VALUES.resolve({"Fn::Transform": {}})


def test_an_unknown_condition_function_is_refused_by_its_name() -> None:
    with pytest.raises(UnsupportedError, match="Fn::EachMemberIn"):
        VALUES.truth({"Fn::EachMemberIn": []})


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Select": [5, ["a"]]},
        {"Fn::FindInMap": ["Images", "nowhere", "arm64"]},
        {"Fn::Join": ["", "no list"]},
        {"Fn::If": ["Unknown", 1, 2]},
    ],
    ids=str,
)
def test_a_wrong_use_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        VALUES.resolve(value)


@given(st.lists(st.text(st.characters(exclude_characters="|{}$"), max_size=8), min_size=1))
def test_split_undoes_join(parts: list[str]) -> None:
    assert VALUES.resolve({"Fn::Split": ["|", {"Fn::Join": ["|", parts]}]}) == parts


def test_references_are_found_in_every_function() -> None:
    value = {
        "a": [{"Ref": "A"}, {"Fn::GetAtt": "B.Arn"}, {"Fn::GetAtt": ["C", "Arn"]}, {"Ref": "AWS::Region"}],
        "b": {"Fn::Sub": ["${D} ${Own} ${!E} ${F.Arn} ${AWS::Region}", {"Own": {"Ref": "G"}}]},
    }
    assert references(value) == {"A", "B", "C", "D", "F", "G"}
