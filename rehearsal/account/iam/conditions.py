"""One line of a statement's `Condition`: an operator, a key, and the values to compare with.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.operators import NEGATIVE, POSITIVE, takes_variables, truth
from rehearsal.account.iam.variables import VARIABLE, Context, filled


@dataclass(frozen=True)
class Operator:
    """An operator of a policy, taken apart. `quantifier` is '', ForAllValues or ForAnyValue."""

    name: str
    quantifier: str = ""
    if_exists: bool = False

    @property
    def negative(self) -> bool:
        """Whether it holds for what does not match."""
        return self.name in NEGATIVE


def operator(text: str) -> Operator:
    """Return an operator. Raises `UndecidableError` for one that the documentation does not have."""
    quantifier, _, rest = text.rpartition(":")
    found = Operator(rest.removesuffix("IfExists"), quantifier, rest.endswith("IfExists"))
    known = found.name in POSITIVE or found.negative or text == "Null"
    if quantifier not in ("", "ForAllValues", "ForAnyValue") or not known:
        raise UndecidableError(f"condition operator {text} is not supported by this emulated account")
    return found


def holds(text: str, key: str, wanted: object, context: Context) -> bool:
    """Return whether one line of a `Condition` holds.

    Raises `UndecidableError` for an operator, key or variable that is not known, and for values that it cannot have.
    """
    asked = operator(text)
    if key.lower() not in context:
        raise UndecidableError(f"condition key {key} is not supported by this emulated account")
    values = context[key.lower()]
    texts = [_text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
    if not takes_variables(asked.name) and any(map(VARIABLE.search, texts)):
        raise UndecidableError(
            f"condition operator {text} with a policy variable is not supported by this emulated account"
        )
    if asked.name == "Null":
        return (not values) in [truth(each) for each in texts]
    if len(values) > 1 and not asked.quantifier:
        raise UndecidableError(f"condition operator {text}: {key} has several values, want ForAllValues or ForAnyValue")
    # for a set, what resolves to an empty text is no value
    present = [value for value in values if value] if asked.quantifier else values
    if not present:
        return asked.if_exists or asked.quantifier == "ForAllValues" or (asked.negative and asked.quantifier == "")
    return _holds(asked, [each for each in (filled(one, context) for one in texts) if each is not None], present)


def _holds(asked: Operator, wanted: Sequence[str], values: Sequence[str]) -> bool:
    test = POSITIVE[NEGATIVE.get(asked.name, asked.name)]
    hits = [any(test(each, value) for each in wanted) != asked.negative for value in values]
    return any(hits) if asked.quantifier == "ForAnyValue" else all(hits)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
