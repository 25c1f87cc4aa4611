"""Values of a template, resolved against its own parameters and mappings."""

from typing import Any

import pytest

from operations.review.values import at, references, resolve

TEMPLATE = {
    "Parameters": {"Size": {"Type": "Number", "Default": 5}, "Given": {"Type": "String"}},
    "Mappings": {"M": {"one": {"k": "v1"}, "two": {"k": "v2"}}, "Alone": {"one": {"k": "v1"}}},
    "Resources": {},
}


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (1, "1"),
        (True, "true"),
        ({"Ref": "Size"}, "5"),
        ({"Ref": "Given"}, "${Given}"),
        ({"Ref": "Node"}, "${Node}"),
        ({"Fn::GetAtt": ["Node", "PrivateIp"]}, "${Node.PrivateIp}"),
        ({"Fn::GetAtt": "Node.PrivateIp"}, "${Node.PrivateIp}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}, {"Ref": "Node"}]]}, "a-5-${Node}"),
        ({"Fn::Sub": "x-${AWS::Region}-${Size}-${!Literal}"}, "x-${AWS::Region}-5-${!Literal}"),
        ({"Fn::Sub": ["${a}-${Node}", {"a": {"Ref": "Size"}}]}, "5-${Node}"),
        ({"Fn::FindInMap": ["M", "two", "k"]}, "v2"),
        ({"Fn::FindInMap": ["Alone", {"Ref": "AWS::Region"}, "k"]}, "v1"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}, {"Fn::FindInMap": {"one": "v1", "two": "v2"}}),
        ({"Fn::Base64": {"Ref": "Size"}}, "5"),
        ({"Fn::Select": [0, {"Ref": "Size"}]}, {"Fn::Select": ["0", "5"]}),
        ({"Fn::Select": [0, ["5"]]}, {"Fn::Select": ["0", ["5"]]}),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": ["1"]}),
        ({"Fn::Join": [",", {"Fn::GetAZs": ""}]}, {"Fn::Join": [",", {"Fn::GetAZs": ""}]}),
    ],
)
def test_a_value_is_resolved(value: Any, want: Any) -> None:
    assert resolve(value, TEMPLATE) == want


def test_references_of_every_kind_are_found() -> None:
    value = [{"Ref": "A"}, {"x": {"Fn::GetAtt": ["B", "Arn"]}}, {"Fn::Sub": "${C}-${D.Arn}-${!E}"}]
    assert references(resolve(value, TEMPLATE)) == {"A", "B", "C", "D"}


def test_a_path_leads_through_mappings_and_lists() -> None:
    value = {"a": [{"b": 1}, {"b": 2}, {"c": 3}]}
    assert at(value, ("a", "*", "b")) == [1, 2, None]
    assert at(value, ("a", "b")) is None
    assert at(value, ("x", "*")) is None
