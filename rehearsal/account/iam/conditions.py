"""Condition operators of IAM policies.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from rehearsal.account.iam.faults import UndecidableError

Context = Mapping[str, Sequence[str]]
"""Condition key, in lower case -> its values in this request; a key that is known and not set has none."""

VARIABLE = re.compile(r"\$\{([^}]*)\}")
LITERALS = {"*": "*", "?": "?", "$": "$"}


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a policy text with `*` and `?`."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def like(wanted: str, value: str) -> bool:
    """Return whether a value matches a policy text with wildcards."""
    return pattern(wanted).fullmatch(value) is not None


def arn_like(wanted: str, value: str) -> bool:
    """Return whether an ARN matches one with wildcards, which do not reach over its colons."""
    wanted_parts, parts = wanted.split(":", 5), value.split(":", 5)
    return len(wanted_parts) == len(parts) and all(map(like, wanted_parts, parts))


POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}
NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def filled(text: str, context: Context) -> str | None:
    """Return a policy text with its variables replaced; None if one has no value in this request.

    Raises `UndecidableError` for a variable that is not known.
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name = found[1]
        if name in LITERALS:
            return LITERALS[name]
        if name.lower() not in context:
            raise UndecidableError(f"policy variable ${{{name}}} is not supported by this emulated account")
        values = context[name.lower()]
        missing = missing or len(values) != 1
        return values[0] if values else ""

    result = VARIABLE.sub(value, text)
    return None if missing else result


def holds(operator: str, key: str, wanted: object, context: Context) -> bool:
    """Return whether one line of a `Condition` holds. Raises `UndecidableError` for an unknown operator or key."""
    if key.lower() not in context:
        raise UndecidableError(f"condition key {key} is not supported by this emulated account")
    values = context[key.lower()]
    texts = [_text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
    quantifier, _, name = operator.rpartition(":")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UndecidableError(f"condition operator {operator} is not supported by this emulated account")
    if name == "Null":
        return (not values) == (texts[0].lower() == "true")
    if_exists, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    if name not in POSITIVE and name not in NEGATIVE:
        raise UndecidableError(f"condition operator {operator} is not supported by this emulated account")
    if not values:
        return if_exists or quantifier == "ForAllValues" or (name in NEGATIVE and quantifier == "")
    return _holds(
        quantifier, name, [text for text in (filled(each, context) for each in texts) if text is not None], values
    )


def _holds(quantifier: str, name: str, wanted: Sequence[str], values: Sequence[str]) -> bool:
    test = POSITIVE[NEGATIVE.get(name, name)]

    def hit(value: str) -> bool:
        found = any(test(each, value) for each in wanted)
        return not found if name in NEGATIVE else found

    if quantifier == "ForAllValues" or (quantifier == "" and name in NEGATIVE):
        return all(map(hit, values))
    return any(map(hit, values))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
