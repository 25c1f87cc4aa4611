"""Reading of synthesized templates."""

from collections.abc import Mapping
from typing import Any

Properties = dict[str, Any]


def of_type(template: Mapping[str, Any], type_: str) -> dict[str, Properties]:
    """Return the properties of the resources of `type_` (without AWS::), by logical id."""
    found = template["Resources"].items()
    return {name: each.get("Properties", {}) for name, each in found if each["Type"] == f"AWS::{type_}"}


def the(template: Mapping[str, Any], type_: str, **properties: Any) -> tuple[str, Properties]:
    """Return logical id and properties of the one resource of `type_` that has `properties`."""
    wanted = properties.items()
    found = [
        each for each in of_type(template, type_).items() if all(each[1].get(key) == value for key, value in wanted)
    ]
    assert len(found) == 1, f"want one {type_} with {properties}, got {[name for name, _ in found]}"
    return found[0]


def ref(name: str) -> dict[str, str]:
    """Return a reference to the resource `name`."""
    return {"Ref": name}


def attribute(name: str, of: str) -> dict[str, list[str]]:
    """Return a reference to the attribute `of` of the resource `name`."""
    return {"Fn::GetAtt": [name, of]}


def depends_on(template: Mapping[str, Any], name: str) -> set[str]:
    """Return what the resource `name` names in DependsOn."""
    given = template["Resources"][name].get("DependsOn", [])
    return {given} if isinstance(given, str) else set(given)


def text(value: Any, **values: str) -> str:
    """Return a string of the template with each reference replaced by `values`, else by `<logical id>`."""
    if isinstance(value, str):
        return value
    (function, argument), *_ = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(text(part, **values) for part in argument[1])
    if function == "Fn::Sub":
        return str(argument)
    name = argument if function == "Ref" else argument[0]
    return values.get(name, f"<{name}>")
