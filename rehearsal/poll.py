"""The one way to wait."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NotYet(Exception):  # noqa: N818 - not an error: an answer
    """Raised by a condition that does not hold yet; its text is the last value seen."""


def poll(condition: Callable[[], T], *, within: float, every: float = 0.2) -> T:
    """Return the first true value of `condition`, asked each `every` seconds.

    Raises `TimeoutError` after `within` seconds, with the last value (or the text of the last `NotYet`) seen.
    """
    until = time.monotonic() + within
    while True:
        last: object
        try:
            last = value = condition()
            if value:
                return value
        except NotYet as reason:
            last = reason
        if time.monotonic() >= until:
            raise TimeoutError(f"not within {within:g} s; last seen: {last}")
        time.sleep(every)
