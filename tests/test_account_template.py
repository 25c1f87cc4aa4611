"""Templates and their parameters, as the emulated CloudFormation reads them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.account.bootstrap import template_file
from rehearsal.account.cloudformation.faults import Refusal, UnsupportedError
from rehearsal.account.cloudformation.order import graph_of, in_order, startable
from rehearsal.account.cloudformation.parameters import choose, evaluate
from rehearsal.account.cloudformation.template import Declaration, parse
from rehearsal.account.kinds import KINDS

GATEWAY = {"Type": "AWS::EC2::InternetGateway"}


def body(**sections: Any) -> str:
    return json.dumps({"Resources": {"Gateway": GATEWAY}, **sections})


def test_dates_in_yaml_stay_texts() -> None:
    template = parse(
        "AWSTemplateFormatVersion: 2010-09-09\nResources: {A: {Type: T, Properties: {Version: 2012-10-17}}}"
    )
    assert template.resources["A"].properties["Version"] == "2012-10-17"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (body(Transform="AWS::Serverless"), "Transform"),
        (json.dumps({"Resources": {"A": {**GATEWAY, "CreationPolicy": {}}}}), "CreationPolicy"),
        (json.dumps({"Resources": {"A": {**GATEWAY, "UpdatePolicy": {}}}}), "UpdatePolicy"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(text: str, named: str) -> None:
    with pytest.raises(UnsupportedError, match=named):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"Resources": {"A": {}}}),
        json.dumps({"Resources": {"A": {**GATEWAY, "DeletionPolicy": "Keep"}}}),
        body(Outputs={"A": {"Description": "no value"}}),
    ],
)
def test_a_malformed_template_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        parse(text)


def test_every_type_and_property_of_the_bootstrap_template_is_known() -> None:
    template = parse(template_file().read_text())
    for declared in template.resources.values():
        KINDS[declared.type].check(declared.logical_id, declared.properties)


PARAMETERS = {
    "Plain": {"Type": "String", "Default": "x", "AllowedValues": ["x", "y"]},
    "Count": {"Type": "Number", "Default": 3, "MinValue": 1, "MaxValue": 9},
    "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
    "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
}


def test_parameters_become_values_of_their_types() -> None:
    template = parse(body(Parameters=PARAMETERS))
    texts = choose(template, [{"ParameterKey": "Plain", "ParameterValue": "y"}], {})
    values = evaluate(template, texts, lambda name: f"value of {name}")
    assert values == {"Plain": "y", "Count": "3", "Names": ["a", "b"], "Image": "value of /image"}


def test_a_previous_value_is_kept_when_asked_for() -> None:
    template = parse(body(Parameters=PARAMETERS))
    texts = choose(template, [{"ParameterKey": "Plain", "UsePreviousValue": "true"}], {"Plain": "y"})
    assert texts["Plain"] == "y"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Plain", "z", "AllowedValues"),
        ("Count", "ten", "must be a number"),
        ("Count", "10", "MaxValue"),
        ("Other", "1", "do not exist in the template"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(name: str, value: str, text: str) -> None:
    template = parse(body(Parameters=PARAMETERS))
    with pytest.raises(Refusal, match=text):
        choose(template, [{"ParameterKey": name, "ParameterValue": value}], {})


def test_a_parameter_without_a_value_is_refused() -> None:
    template = parse(body(Parameters={"Needed": {"Type": "String"}}))
    with pytest.raises(Refusal, match=r"Parameters: \[Needed\] must have values"):
        choose(template, [], {})


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, Declaration]:
    """Draw resources that depend on earlier ones only, in a random order."""
    count = draw(st.integers(1, 12))
    result = {}
    for number in range(count):
        earlier = draw(st.sets(st.integers(0, number - 1))) if number else set()
        uses = [{"Ref": f"R{each}"} for each in sorted(earlier)]
        result[f"R{number}"] = Declaration(f"R{number}", "T", {"Uses": uses})
    return dict(draw(st.permutations(list(result.items()))))


@given(declarations())
def test_each_resource_comes_after_those_that_it_uses(wanted: dict[str, Declaration]) -> None:
    graph = graph_of(wanted)
    order = in_order(graph)
    assert sorted(order) == sorted(wanted)
    assert all(order.index(needed) < order.index(name) for name in order for needed in graph[name])


@given(declarations())
def test_everything_startable_is_started_at_once(wanted: dict[str, Declaration]) -> None:
    graph = graph_of(wanted)
    done: set[str] = set()
    while len(done) < len(wanted):
        ready = startable(graph, done, done)
        assert ready
        assert set(ready) == {name for name in wanted if name not in done and graph[name] <= done}
        done |= set(ready)


def test_a_circle_is_refused_with_its_members() -> None:
    wanted = {
        "A": Declaration("A", "T", {"Uses": {"Ref": "B"}}),
        "B": Declaration("B", "T", {}, depends_on=("A",)),
    }
    with pytest.raises(Refusal, match=r"Circular dependency between resources: \[A, B\]"):
        graph_of(wanted)
