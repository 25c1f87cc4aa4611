"""What the condition operators of IAM compare: one value of a policy with one of a request.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import base64
import binascii
import datetime
import ipaddress
import operator
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.variables import arn_like, equal, like

Test = Callable[[str, str], bool]
"""From a text of a policy and a value of a request to whether they match."""

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")


def number(text: str) -> Decimal:
    """Return an integer or decimal. Raises `UndecidableError` for what is none."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UndecidableError(f"'{text}' is no number, with which a condition of numbers compares") from None


def moment(text: str) -> datetime.datetime:
    """Return a date of ISO 8601 as W3C has it (of a year up to the fraction of a second), or of seconds since 1970.

    A text of four digits is a year. Raises `UndecidableError` for what is none.
    """
    try:
        if _YEAR_OR_MONTH.fullmatch(text):
            text += "-01" if "-" in text else "-01-01"
        elif text.isdecimal():
            return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
        found = datetime.datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise UndecidableError(f"'{text}' is no date, with which a condition of dates compares") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def truth(text: str) -> bool:
    """Return whether a text says true. Raises `UndecidableError` for what is neither true nor false."""
    if text.lower() not in ("true", "false"):
        raise UndecidableError(f"'{text}' is neither true nor false, with which a condition compares")
    return text.lower() == "true"


def _in_range(wanted: str, value: str) -> bool:
    try:
        place, address = ipaddress.ip_network(wanted, strict=False), ipaddress.ip_address(value)
    except ValueError as fault:
        raise UndecidableError(f"a condition of addresses: {fault}") from None
    return address.version == place.version and address in place


def _same_bytes(wanted: str, value: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == value.encode()
    except binascii.Error:
        raise UndecidableError(f"'{wanted}' is no base64, with which a condition of bytes compares") from None


def _by(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Test:
    return lambda wanted, value: compare(read(value), read(wanted))


POSITIVE: dict[str, Test] = {
    "StringEquals": equal,
    "StringEqualsIgnoreCase": lambda wanted, value: equal(wanted.lower(), value.lower()),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    **{f"Numeric{name}": _by(number, compare) for name, compare in _COMPARED.items()},
    **{f"Date{name}": _by(moment, compare) for name, compare in _COMPARED.items()},
    "Bool": _by(truth, operator.eq),
    "BinaryEquals": _same_bytes,
    "IpAddress": _in_range,
}
NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


def takes_variables(name: str) -> bool:
    """Return whether policy variables may stand in what an operator compares with."""
    return name.startswith(("String", "Arn"))
