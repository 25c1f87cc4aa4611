"""Texts of policies: their wildcards, and the variables that stand for what a request says.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from rehearsal.account.iam.faults import UndecidableError

Context = Mapping[str, Sequence[str]]
"""Condition key, in lower case -> its values in this request; a key that is known and not set has none."""

VARIABLE = re.compile(r"\$\{([^}]*)\}")
LITERALS = "*?$"
_DEFAULT = re.compile(r"(?P<name>[^,]*), '(?P<default>[^']*)'")
_PLAIN = {"*": "\ue000", "?": "\ue001"}
"""What stands, in a text whose variables are replaced, for a sign that is none of the policy's wildcards."""


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a policy text with `*` and `?`."""
    wild = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
    for sign, plain in _PLAIN.items():
        wild = wild.replace(plain, re.escape(sign))
    return re.compile(wild, re.DOTALL)


def like(wanted: str, value: str) -> bool:
    """Return whether a value matches a policy text with wildcards."""
    return pattern(wanted).fullmatch(value) is not None


def arn_like(wanted: str, value: str) -> bool:
    """Return whether an ARN matches one with wildcards, which do not reach over its colons."""
    wanted_parts, parts = wanted.split(":", 5), value.split(":", 5)
    return len(wanted_parts) == len(parts) and all(map(like, wanted_parts, parts))


def equal(wanted: str, value: str) -> bool:
    """Return whether a value is a policy text, which has no wildcards where this is asked."""
    for sign, plain in _PLAIN.items():
        wanted = wanted.replace(plain, sign)
    return wanted == value


def filled(text: str, context: Context) -> str | None:
    """Return a policy text with its variables replaced; None if one has neither a value in this request nor a default.

    What is put in has no wildcards. A key of several values is none to put in. Raises `UndecidableError` for a
    variable that is not known.
    """
    result, rest = "", 0
    for found in VARIABLE.finditer(text):
        value = _value(found[1], context)
        if value is None:
            return None
        result += text[rest : found.start()] + _without_wildcards(value)
        rest = found.end()
    return result + text[rest:]


def _value(inside: str, context: Context) -> str | None:
    if inside in LITERALS:
        return inside
    given = _DEFAULT.fullmatch(inside)
    name, default = (given["name"], given["default"]) if given else (inside, None)
    if name.lower() not in context:
        raise UndecidableError(f"policy variable ${{{name}}} is not supported by this emulated account")
    values = context[name.lower()]
    return values[0] if len(values) == 1 else default


def _without_wildcards(value: str) -> str:
    for sign, plain in _PLAIN.items():
        value = value.replace(sign, plain)
    return value
