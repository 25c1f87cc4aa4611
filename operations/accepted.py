"""Known vulnerabilities that `muster audit` lets pass for a time: `accepted-advisories.toml`, read and judged."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from operations import ROOT
from operations.errors import Failure

ACCEPTED: Final = ROOT / "accepted-advisories.toml"
LONGEST: Final = timedelta(days=184)
"""How long an advisory may stay accepted before somebody looks at it again."""
SHORTEST: Final = 40
"""Characters below which a reason is none."""


@dataclass(frozen=True)
class Accepted:
    """A known vulnerability of a package that passes until the end of the day `until`."""

    id: str
    package: str
    reason: str
    until: date


def acceptances(text: str, today: date) -> tuple[Accepted, ...]:
    """Return what the file accepts. Raises `Failure` (2) for an entry that is wrong, too long or past."""
    try:
        found = tuple(Accepted(**each) for each in tomllib.loads(text).get("accepted", []))
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise Failure(f"{ACCEPTED.name}: {error}; want id, package, reason and until in each entry", code=2) from None
    for each in found:
        if fault := _fault(each, today):
            raise Failure(f"{ACCEPTED.name}: {each.id}: {fault}", code=2)
    return found


def _fault(each: Accepted, today: date) -> str:
    if type(each.until) is not date:
        return f"until is {each.until!r}, want a day such as 2027-01-31, without quotes"
    if each.until < today:
        return f"was accepted until {each.until}, which is past: judge it anew, then move the day or the pin"
    if each.until > today + LONGEST:
        return f"is accepted until {each.until}, more than six months ahead"
    if len(each.reason) < SHORTEST:
        return f"its reason has {len(each.reason)} characters, want {SHORTEST} or more that say why nobody can reach it"
    return ""
