"""JSON into frozen dataclasses, strictly: an unknown or missing key, or a value of another kind, is refused by name."""

import dataclasses
import types
import typing
from typing import Any, Dict, Mapping, Set, Type, TypeVar

from .failure import Failure

T = TypeVar("T")


def read(kind: Type[T], value: Any, place: str = "") -> T:
    """Return `value` as a `kind`, a dataclass; `place` is its dotted path with a point at its end, for the sentence.

    A field of a kind and None may be left out or be `{}`, which both mean None. Raises `Failure` with the first fault.
    """
    if not isinstance(value, Mapping):
        raise Failure(f"settings document: {place or 'it'} is not an object")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    missing = sorted(_required(kind) - set(value))
    if unknown:
        raise Failure(f"settings document: unknown key {place}{unknown[0]}; update the musternode asset")
    if missing:
        raise Failure(f"settings document: key {place}{missing[0]} is missing; another version made it: deploy again")
    fields: Dict[str, Any] = {
        name: value_of(hint, value[name], f"{place}{name}") for name, hint in hints.items() if name in value
    }
    return kind(**fields)


def _required(kind: Any) -> Set[str]:
    missing = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    return {field.name for field in fields if field.default is missing and field.default_factory is missing}


def value_of(hint: Any, value: Any, place: str) -> Any:
    """Return `value` as a `hint`; `place` is its dotted path. Raises `Failure`."""
    if typing.get_origin(hint) is typing.Union:  # of one kind and None, which the document writes as {}
        return None if value == {} else value_of(typing.get_args(hint)[0], value, place)
    if dataclasses.is_dataclass(hint):
        return read(typing.cast("Type[Any]", hint), value, f"{place}.")
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise Failure(f"settings document: {place} is not a list")
        inner = typing.get_args(hint)[0]
        return tuple(value_of(inner, item, f"{place}[{number}]") for number, item in enumerate(value))
    if type(value) is not hint or value == "":
        raise Failure(f"settings document: {place} is {value!r}; a {_word(hint)} is needed")
    return value


def _word(hint: Any) -> str:
    words: Mapping[Any, str] = types.MappingProxyType(
        {str: "text that is not empty", int: "whole number", bool: "true or false"}
    )
    return words.get(hint, str(hint))
