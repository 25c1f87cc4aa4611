"""What differs between versions of the Axon.ivy engine, as far as a cluster file decides it. Pure."""

import re
from typing import Final, NamedTuple

VERSION: Final = "an engine's version from 8.0 to 13.2, in quotes, such as '9.4'"
FORM: Final = r"[0-9]{1,3}(\.[0-9]{1,6}){0,3}"

JSESSIONID: Final = "JSESSIONID"
IVYSESSIONID: Final = "IVYSESSIONID"


class Engine(NamedTuple):
    """A range of versions from `since` on: the Java that it runs with, and the cookie that holds a session."""

    since: tuple[int, ...]
    java: int
    cookie: str


# the engine guide, "Getting started", names the Java of its version; the reverse proxy chapter of 12.0.9 the new cookie
ENGINES: Final = (
    Engine((8,), 11, JSESSIONID),
    Engine((9, 4), 17, JSESSIONID),
    Engine((11, 4), 21, JSESSIONID),
    Engine((12, 0, 9), 21, IVYSESSIONID),
)
"""Oldest first."""

_NEXT: Final = (14,)
"""The first that needs Java 25, which no system packages that Muster knows."""


def fault(version: str) -> str | None:
    """Return why Muster cannot run an engine of `version`, with the nearest that it can, or None."""
    if not re.fullmatch(FORM, version, re.ASCII):
        return "which is no version"
    if _numbers(version) < ENGINES[0].since:
        return "whose ports stand in its system database, the nearest that is set up by files is 8.0"
    if _numbers(version) >= _NEXT:
        return "which needs Java 25, the nearest that runs with Java 21 is 13.2"
    return None


def engine(version: str) -> Engine:
    """Return what an engine of `version`, one without a `fault`, has in common with others."""
    return [each for each in ENGINES if each.since <= _numbers(version)][-1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
