"""The one way to wait on a node."""

import time
from typing import Callable, Optional, TypeVar

T = TypeVar("T")


def poll(condition: Callable[[], Optional[T]], *, within: float, every: float = 0.2) -> Optional[T]:
    """Return the first true value of `condition`, asked each `every` seconds, or its last after `within` seconds."""
    until = time.monotonic() + within
    while True:
        value = condition()
        if value or time.monotonic() >= until:
            return value
        time.sleep(every)
