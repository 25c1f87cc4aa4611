"""What the roles of a template may do, in a form that people read."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conftest import Template
from tests.template_help import of_type, text


def roles(template: Template) -> dict[str, dict[str, Any]]:
    """Return for each role, by logical id: who takes it, what bounds it, and its statements from all policies."""
    return {
        name: {
            "taken by": [_words(each["Principal"]) for each in role["AssumeRolePolicyDocument"]["Statement"]],
            "bounded by": _words(role.get("PermissionsBoundary", "")),
            "managed by others": [_words(each) for each in role.get("ManagedPolicyArns", [])],
            "may": [_statement(each) for each in _statements(template, name, role)],
        }
        for name, role in of_type(template, "IAM::Role").items()
    }


def _statements(template: Template, name: str, role: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]
    for type_ in "IAM::Policy", "IAM::ManagedPolicy":
        for policy in of_type(template, type_).values():
            if {"Ref": name} in policy.get("Roles", []):
                yield from policy["PolicyDocument"]["Statement"]


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    known = {
        "effect": statement["Effect"],
        "actions": _several(statement["Action"]),
        "on": sorted(_several(statement["Resource"])),
    }
    rest = {key: _words(value) for key, value in statement.items() if key not in ("Effect", "Action", "Resource")}
    return known | rest


def _several(value: Any) -> list[str]:
    return [text(each) for each in value] if isinstance(value, list) else [text(value)]


def _words(value: Any) -> Any:
    """Return the value with every function in it as a string."""
    if isinstance(value, list):
        return [_words(each) for each in value]
    if isinstance(value, Mapping) and not any(key == "Ref" or key.startswith("Fn::") for key in value):
        return {key: _words(each) for key, each in value.items()}
    return text(value)
