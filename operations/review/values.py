"""Values of a template with its own parameters and mappings put in, so that those of two templates can be compared."""

import re
from collections.abc import Mapping
from typing import Any, Final

from muster.names import NODE_TAG

Template = Mapping[str, Any]

_NO_VALUE: Final = {"Ref": "AWS::NoValue"}
_VARIABLE: Final = re.compile(r"\$\{([^!}][^}]*)\}")


def resolve(value: Any, template: Template) -> Any:
    """Return `value` as far as `template` alone tells it.

    A reference becomes the text `${LogicalId}` or `${LogicalId.Attribute}`, scalars become text as CloudFormation
    compares them (1 and "1" are one value), what cannot be told stays a mapping of its function.
    """
    if isinstance(value, Mapping):
        return _resolve_mapping(value, template)
    if isinstance(value, list | tuple):
        return [resolve(each, template) for each in value if each != _NO_VALUE]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)


def _resolve_mapping(value: Mapping[str, Any], template: Template) -> Any:
    if len(value) == 1:
        ((function, argument),) = value.items()
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](argument, template)
    return {key: resolve(each, template) for key, each in value.items() if each != _NO_VALUE}


def _ref(argument: Any, template: Template) -> Any:
    parameter = template.get("Parameters", {}).get(argument, {})
    return resolve(parameter["Default"], template) if "Default" in parameter else f"${{{argument}}}"


def _attribute(argument: Any, _template: Template) -> str:
    return "${" + (argument if isinstance(argument, str) else ".".join(map(str, argument))) + "}"


def _sub(argument: Any, template: Template) -> Any:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    values = {name: resolve(each, template) for name, each in given.items()}
    return _VARIABLE.sub(lambda found: str(values.get(found[1], _ref(found[1], template))), text)


def _join(argument: Any, template: Template) -> Any:
    separator, given = argument
    parts = resolve(given, template)
    if isinstance(parts, list) and all(isinstance(each, str) for each in parts):
        return separator.join(parts)
    return {"Fn::Join": [separator, parts]}


def _find_in_map(argument: Any, template: Template) -> Any:
    name, first, second = (resolve(each, template) for each in argument[:3])
    mapping = template.get("Mappings", {}).get(name, {})
    if first in mapping:
        return resolve(mapping[first].get(second), template)
    # by a pseudo parameter: whatever any region has
    column = {key: resolve(row[second], template) for key, row in mapping.items() if second in row}
    return next(iter(column.values())) if len(column) == 1 else {"Fn::FindInMap": column}


_FUNCTIONS: Final = {
    "Ref": _ref,
    "Fn::GetAtt": _attribute,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::FindInMap": _find_in_map,
    "Fn::Base64": resolve,
}


def references(value: Any) -> set[str]:
    """Return the logical ids that a resolved value names."""
    if isinstance(value, Mapping):
        return set().union(*(references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(references(each) for each in value))
    return {found.partition(".")[0] for found in _VARIABLE.findall(value)} if isinstance(value, str) else set()


def node_name(properties: Mapping[str, Any], otherwise: str = "") -> str:
    """Return the node that the tags in resolved properties name: a resource's logical id may change."""
    tags = {tag.get("Key"): tag.get("Value") for tag in properties.get("Tags", ())}
    return str(tags.get(NODE_TAG, otherwise))


def at(value: Any, path: tuple[str, ...]) -> Any:
    """Return what `path` leads to in `value`; `*` is every item of a list; None where there is nothing."""
    if not path:
        return value
    if path[0] == "*":
        return [at(each, path[1:]) for each in value] if isinstance(value, list) else None
    return at(value[path[0]], path[1:]) if isinstance(value, Mapping) and path[0] in value else None
