"""How a field of the cluster file refuses a value: `got X, want Y`, once for people and once for JSON Schema."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

LONGEST_SHOWN: Final = 60
"""Characters of a wrong value that a message repeats."""


@dataclass(frozen=True)
class Check:
    """What stands in a field's `Annotated`: `want` in words, the same in JSON Schema, and who judges a value.

    `validate` returns the value (or what stands for it) or raises `refused(...)`; None leaves that to the type.
    """

    want: str
    validate: Callable[[Any], Any] | None = None
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have the value judged before the type looks at it."""
        inner = handler(source)
        return core_schema.no_info_before_validator_function(self.validate, inner) if self.validate else inner

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say in JSON Schema what it can say of `want`; editors show `patternErrorMessage` in place of a pattern."""
        said = {"patternErrorMessage": f"want {self.want}"} if "pattern" in self.schema else {}
        return {**handler(core), **self.schema, **said}


def shown(value: object) -> str:
    """Return `value` as a message repeats it: one line, printable, cut after `LONGEST_SHOWN` characters."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = ascii(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def printable(text: str) -> str:
    """Return `text` in one line of printable ASCII, cut after 3 times `LONGEST_SHOWN` characters."""
    escaped = "".join(each if " " <= each <= "~" else ascii(each)[1:-1] for each in text)
    return escaped[: 3 * LONGEST_SHOWN]


def closest(value: object, allowed: list[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest of `allowed`, or nothing. What is allowed already is a number."""
    if not isinstance(value, str):  # numbers that look alike are not alike
        return ""
    near = get_close_matches(value, allowed, n=1)
    if near == [value]:  # the right number, as text
        return " (write it without quotes)"
    return f" (did you mean '{near[0]}'?)" if near else ""


def refused(what: str) -> PydanticCustomError:
    """Return the error that a validator raises, with `what` as its whole text."""
    return PydanticCustomError("refused", "{what}", {"what": what})


def not_wanted(value: object, want: str) -> PydanticCustomError:
    """Return the error `got VALUE, want WANT`."""
    return refused(f"got {shown(value)}, want {want}")


def checked(check: Callable[[str], str | None], want: str, **schema: Any) -> Check:
    """Return the check of a text: `check` gives a reason for a refusal (empty: `want` says it), or None."""

    def validate(value: Any) -> str:
        if not isinstance(value, str):
            raise not_wanted(value, want)
        reason = check(value)
        if reason:
            raise refused(f"got {shown(value)}, {reason}, want {want}")
        if reason is not None:
            raise not_wanted(value, want)
        return value

    return Check(want, validate, schema)


def matching(pattern: str, want: str) -> Check:
    """Return the check of a text that `pattern` matches as a whole."""
    whole = re.compile(pattern, re.ASCII)

    def validate(value: Any) -> str:
        if isinstance(value, str) and whole.fullmatch(value):
            return value
        raise not_wanted(value, want)

    return Check(want, validate, {"pattern": f"^(?:{pattern})$"})


def whole_number(low: int, high: int, want: str) -> Check:
    """Return the check of a whole number in `low`..`high`, both included."""

    def validate(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise not_wanted(value, want)

    return Check(want, validate, {"minimum": low, "maximum": high})


def one_of(*allowed: str | int, want: str = "") -> Check:
    """Return the check of a choice; `want` stands in its place in words where the choices are many."""
    names = [str(each) for each in allowed]
    words = want or " or ".join(names)

    def validate(value: Any) -> Any:
        if any(value == each and type(value) is type(each) for each in allowed):
            return value
        raise refused(f"got {shown(value)}{closest(value, names)}, want {words}")

    return Check(words, validate, {"enum": list(allowed)})


def true_or_false() -> Check:
    """Return the check of a truth value, which is never text or a number."""

    def validate(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise not_wanted(value, "true or false")

    return Check("true or false", validate)


def list_of(want: str, most: int) -> Check:
    """Return the check of a list with 1 to `most` entries, which the model keeps as a tuple."""

    def validate(value: Any) -> tuple[Any, ...]:
        if isinstance(value, list) and 1 <= len(value) <= most:
            return tuple(value)
        if isinstance(value, list):
            raise refused(f"got {len(value)} entries, want {want}")
        raise not_wanted(value, want)

    return Check(want, validate, {"minItems": 1, "maxItems": most})
