"""A template as text becomes checked declarations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from rehearsal.account.cloudformation.faults import Refusal, UnsupportedError

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Rules",
    "Resources",
    "Outputs",
}
RESOURCE_KEYS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "Description",
}
OUTPUT_KEYS = {"Value", "Description", "Export", "Condition"}
POLICIES = {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"}


@dataclass(frozen=True)
class Declaration:
    """One entry of `Resources`, its properties unresolved."""

    logical_id: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None


@dataclass(frozen=True)
class Template:
    """A whole template; `body` is the text as given, which GetTemplate returns."""

    body: str
    resources: Mapping[str, Declaration]
    description: str = ""
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


EMPTY = Template(body="", resources={})
"""What a stack consists of before its first deployment."""


class _Loader(yaml.CSafeLoader):
    """YAML as CloudFormation reads it: `2012-10-17` is text, not a date."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def parse(body: str) -> Template:
    """Return the template of a JSON or YAML text (long forms of functions only).

    Raises `Refusal` for a text that AWS refuses too, `UnsupportedError` for what is not known here.
    """
    document = _document(body)
    if unknown := sorted(set(document) - SECTIONS):
        raise UnsupportedError(f"Invalid template property or properties {unknown}")
    if not document.get("Resources"):
        raise Refusal("Template format error: At least one Resources member must be defined.")
    return Template(
        body=body,
        resources={name: _declaration(name, entry) for name, entry in document["Resources"].items()},
        description=document.get("Description", ""),
        parameters=document.get("Parameters") or {},
        mappings=document.get("Mappings") or {},
        conditions=document.get("Conditions") or {},
        rules=document.get("Rules") or {},
        outputs={name: _output(name, entry) for name, entry in (document.get("Outputs") or {}).items()},
    )


def _document(body: str) -> dict[str, Any]:
    try:
        document = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, _Loader)  # noqa: S506 - safe
    except (json.JSONDecodeError, yaml.YAMLError) as fault:
        raise Refusal(f"Template format error: {fault}") from fault
    if not isinstance(document, dict):
        raise Refusal("Template format error: unsupported structure.")
    return document


def _declaration(name: str, entry: Mapping[str, Any]) -> Declaration:
    if "Type" not in entry:
        raise Refusal(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    if unknown := sorted(set(entry) - RESOURCE_KEYS):
        raise UnsupportedError(f"{name}: resource attributes {unknown} are not supported by this emulated account")
    after = entry.get("DependsOn", ())
    return Declaration(
        logical_id=name,
        type=entry["Type"],
        properties=entry.get("Properties") or {},
        depends_on=(after,) if isinstance(after, str) else tuple(after),
        condition=entry.get("Condition"),
        deletion_policy=_policy(name, entry, "DeletionPolicy"),
        update_replace_policy=_policy(name, entry, "UpdateReplacePolicy"),
        metadata=entry.get("Metadata"),
    )


def _policy(name: str, entry: Mapping[str, Any], which: str) -> str:
    policy = entry.get(which, "Delete")
    if policy not in POLICIES or (which == "UpdateReplacePolicy" and policy == "RetainExceptOnCreate"):
        raise Refusal(f"Template format error: Unrecognized {which} {policy} for resource {name}")
    return str(policy)


def _output(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    if unknown := sorted(set(entry) - OUTPUT_KEYS):
        raise Refusal(f"Template format error: Output {name} has invalid members {unknown}")
    if "Value" not in entry:
        raise Refusal(f"Template format error: Output {name} is malformed: every Outputs member must contain a Value")
    return entry
