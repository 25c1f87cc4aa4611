"""Template parameters: what was given, what was kept, what is the default, and whether it is allowed."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.account.cloudformation.faults import Refusal, UnsupportedError
from rehearsal.account.cloudformation.template import Template

SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
PLAIN = re.compile(r"String|Number|AWS::EC2::[A-Za-z:]+::(?:Id|Name)|AWS::SSM::Parameter::Name")
LISTS = re.compile(r"CommaDelimitedList|List<(?:String|Number|AWS::EC2::[A-Za-z:]+)>")
KEYS = {
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "ConstraintDescription",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "NoEcho",
}


def choose(template: Template, given: Sequence[Mapping[str, Any]], previous: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each parameter of `template`.

    `given` is as in the API: ParameterKey with ParameterValue or UsePreviousValue; `previous` are the stack's texts.
    Raises `Refusal` where AWS does: unknown, missing, not allowed.
    """
    texts = {}
    for entry in given:
        name = entry["ParameterKey"]
        if name not in template.parameters:
            raise Refusal(f"Parameters: [{name}] do not exist in the template")
        if entry.get("UsePreviousValue") == "true":
            if name in previous:
                texts[name] = previous[name]
        else:
            texts[name] = entry.get("ParameterValue", "")
    for name, declared in template.parameters.items():
        if name not in texts and "Default" in declared:
            texts[name] = str(declared["Default"])
    if missing := sorted(set(template.parameters) - set(texts)):
        raise Refusal(f"Parameters: [{', '.join(missing)}] must have values")
    for name, text in texts.items():
        check(name, template.parameters[name], text)
    return texts


def check(name: str, declared: Mapping[str, Any], text: str) -> None:
    """Raise `Refusal` unless `text` meets the parameter's constraints."""
    if unknown := sorted(set(declared) - KEYS):
        raise UnsupportedError(f"Parameter {name}: {unknown} are not supported by this emulated account")
    if "AllowedValues" in declared and text not in map(str, declared["AllowedValues"]):
        raise Refusal(f"Parameter '{name}' must be one of AllowedValues")
    if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], text):
        wanted = declared.get("ConstraintDescription") or f"must match pattern {declared['AllowedPattern']}"
        raise Refusal(f"Parameter '{name}' failed to satisfy constraint: {wanted}")
    if not int(declared.get("MinLength", 0)) <= len(text) <= int(declared.get("MaxLength", len(text))):
        raise Refusal(f"Parameter '{name}' is shorter than MinLength or longer than MaxLength")
    if declared["Type"] == "Number":
        _check_number(name, declared, text)


def _check_number(name: str, declared: Mapping[str, Any], text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        raise Refusal(f"Parameter '{name}' must be a number.") from None
    if not float(declared.get("MinValue", number)) <= number <= float(declared.get("MaxValue", number)):
        raise Refusal(f"Parameter '{name}' is not between MinValue and MaxValue")


def evaluate(template: Template, texts: Mapping[str, str], ssm: Callable[[str], str]) -> dict[str, Any]:
    """Return what `Ref` of each parameter gives; `ssm` reads the SSM parameter of a name."""
    return {name: _value(name, template.parameters[name]["Type"], text, ssm) for name, text in texts.items()}


def _value(name: str, type_: str, text: str, ssm: Callable[[str], str]) -> Any:
    if found := SSM_VALUE.fullmatch(type_):
        return _value(name, found[1], ssm(text), ssm)
    if LISTS.fullmatch(type_):
        return [part.strip() for part in text.split(",")]
    if PLAIN.fullmatch(type_):
        return text
    raise UnsupportedError(f"Parameter {name}: type {type_} is not supported by this emulated account")
