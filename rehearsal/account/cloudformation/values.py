"""Intrinsic functions, conditions and pseudo parameters: a pure evaluation over a scope that knows the resources."""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rehearsal.account.cloudformation.faults import Refusal, UnsupportedError
from rehearsal.account.cloudformation.template import Template

PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):([^{}]+)\}\}")


class Absent:
    """The value of `AWS::NoValue`: whoever holds it drops the key or the list entry."""


ABSENT = Absent()


class Scope(Protocol):
    """What lies outside the template: resources, other stacks, the account."""

    def ref(self, logical_id: str) -> Any:
        """Return what `Ref` of a resource gives."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return what `Fn::GetAtt` of a resource gives."""

    def imported(self, name: str) -> str:
        """Return the value of another stack's export."""

    def zones(self, region: str) -> list[str]:
        """Return the availability zones of a region, '' being the stack's own."""

    def dynamic(self, service: str, key: str) -> str:
        """Return the value of `{{resolve:service:key}}`."""


class Values:
    """Evaluates the values of one template. `names` holds parameters and pseudo parameters."""

    def __init__(self, template: Template, names: Mapping[str, Any], scope: Scope) -> None:
        self._template = template
        self._names = names
        self._scope = scope
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Split": self._split,
            "Fn::Select": self._select,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda given: base64.b64encode(self._text(given).encode()).decode(),
            "Fn::GetAZs": lambda given: self._scope.zones(self._text(given)),
            "Fn::ImportValue": lambda given: self._scope.imported(self._text(given)),
            "Fn::Cidr": self._cidr,
            "Fn::Length": lambda given: len(self._list(given)),
            "Fn::ToJsonString": lambda given: json.dumps(self.resolve(given), separators=(",", ":")),
        }

    def resolve(self, value: Any) -> Any:
        """Return `value` with every function evaluated; `ABSENT` if it is `AWS::NoValue` itself."""
        if isinstance(value, str):
            return DYNAMIC.sub(lambda found: self._scope.dynamic(found[1], found[2]), value)
        if isinstance(value, list):
            return [entry for entry in map(self.resolve, value) if entry is not ABSENT]
        if not isinstance(value, dict):
            return value
        if (name := _function(value)) is not None:
            return self._call(name, value[name])
        resolved = {key: self.resolve(entry) for key, entry in value.items()}
        return {key: entry for key, entry in resolved.items() if entry is not ABSENT}

    def holds(self, name: str) -> bool:
        """Return whether the condition of that name holds."""
        if name not in self._template.conditions:
            raise Refusal(f"Template format error: Unresolved condition dependency {name}")
        return self.truth(self._template.conditions[name])

    def truth(self, expression: Any) -> bool:
        """Return the value of a condition function."""
        if not isinstance(expression, dict) or len(expression) != 1:
            raise Refusal(f"Template format error: not a condition: {expression}")
        ((name, given),) = expression.items()
        match name:
            case "Condition":
                return self.holds(given)
            case "Fn::Equals":
                left, right = (self.resolve(side) for side in given)
                return _as_text(left) == _as_text(right)
            case "Fn::Not":
                return not self.truth(given[0])
            case "Fn::And":
                return all(self.truth(each) for each in given)
            case "Fn::Or":
                return any(self.truth(each) for each in given)
            case "Fn::Contains":
                return self._text(given[1]) in [_as_text(each) for each in self._list(given[0])]
        raise UnsupportedError(f"condition function {name} is not supported by this emulated account")

    def _call(self, name: str, given: Any) -> Any:
        if name not in self._functions:
            raise UnsupportedError(f"intrinsic function {name} is not supported by this emulated account")
        return self._functions[name](given)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return ABSENT
        return self._names[name] if name in self._names else self._scope.ref(name)

    def _get_att(self, given: Any) -> Any:
        logical_id, name = given.split(".", 1) if isinstance(given, str) else given
        return self._scope.attribute(logical_id, self._text(name))

    def _sub(self, given: Any) -> str:
        text, extra = (given, {}) if isinstance(given, str) else (given[0], self.resolve(given[1]))

        def value(found: re.Match[str]) -> str:
            literal, name = found[1], found[2].strip()
            if literal:
                return "${" + found[2] + "}"
            if name in extra:
                return _as_text(extra[name])
            return _as_text(self._get_att(name) if "." in name else self._ref(name))

        return str(self.resolve(PLACEHOLDER.sub(value, text)))

    def _join(self, given: Any) -> str:
        separator, parts = given
        # a dynamic reference may be put together from its parts, so the result is looked at once more
        return str(self.resolve(separator.join(_as_text(part) for part in self._list(parts))))

    def _split(self, given: Any) -> list[str]:
        separator, text = given
        return self._text(text).split(separator)

    def _select(self, given: Any) -> Any:
        index, entries = int(self._text(given[0])), self._list(given[1])
        if not 0 <= index < len(entries):
            raise Refusal(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return entries[index]

    def _if(self, given: Any) -> Any:
        condition, then, otherwise = given
        return self.resolve(then if self.holds(condition) else otherwise)

    def _find_in_map(self, given: Any) -> Any:
        if len(given) != 3:
            raise UnsupportedError("Fn::FindInMap with a default value is not supported by this emulated account")
        names = [self._text(part) for part in given]
        found: Any = self._template.mappings
        for name in names:
            if name not in found:
                raise Refusal(f"Template error: Unable to get mapping for {'::'.join(names)}")
            found = found[name]
        return self.resolve(found)

    def _cidr(self, given: Any) -> list[str]:
        block, count, host_bits = (self._text(part) for part in (*given, "8")[:3])
        subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(host_bits))
        return [str(net) for net, _ in zip(subnets, range(int(count)), strict=False)]

    def _text(self, given: Any) -> str:
        return _as_text(self.resolve(given))

    def _list(self, given: Any) -> list[Any]:
        found = self.resolve(given)
        if not isinstance(found, list):
            raise Refusal(f"Template error: a list is needed, not {found!r}")
        return found


def _function(value: Mapping[str, Any]) -> str | None:
    if len(value) != 1:
        return None
    (name,) = value
    return name if isinstance(name, str) and (name == "Ref" or name.startswith("Fn::")) else None


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Refusal(f"Template error: a text is needed, not {value!r}")


def references(value: Any) -> set[str]:
    """Return the names that `Ref`, `Fn::GetAtt` and `Fn::Sub` in `value` speak of, pseudo parameters left out."""
    found: set[str] = set()
    if isinstance(value, list):
        return found.union(*map(references, value))
    if not isinstance(value, dict):
        return found
    for key, given in value.items():
        if key == "Ref":
            found.add(given)
        elif key == "Fn::GetAtt":
            found |= {given.split(".")[0]} if isinstance(given, str) else {given[0]} | references(given[1])
        elif key == "Fn::Sub":
            found |= _in_sub(given)
        else:
            found |= references(given)
    return {name for name in found if not name.startswith("AWS::")}


def _in_sub(given: Any) -> set[str]:
    text, extra = (given, {}) if isinstance(given, str) else given
    named = {found[2].strip().split(".")[0] for found in PLACEHOLDER.finditer(text) if not found[1]}
    return (named - set(extra)) | references(extra)
