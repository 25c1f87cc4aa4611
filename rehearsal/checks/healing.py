"""A pair becomes whole again by itself, in time."""

from dataclasses import dataclass

from rehearsal.checks.result import Finding, invalid, valid

NAME = "the pair heals by itself"

WITHIN = 60.0
"""Seconds from a fault's end until both copies are in service and equal."""

SERVED_WITHIN = 150.0
"""Seconds from a fault's end until every client succeeds: an application whose host was off starts from nothing."""


@dataclass(frozen=True)
class Healing:
    """When, in seconds after the last fault was healed; None: not as long as somebody looked.

    `whole`: both members say that they are in, with one epoch. `equal`: since then the copies are equal, or later, if
    they were found different first. `served`: every client succeeds again. `linked`: no connection between the nodes
    is left of which one end alone knows. `last_seen` is what was seen last of what did not come.
    """

    whole: float | None
    served: float | None
    equal: float | None
    linked: float | None
    last_seen: str = ""


def judge(seen: Healing) -> Finding:
    """Hold each of the four against its limit."""
    steps = {
        "the pair is whole": (seen.whole, WITHIN),
        "the copies are equal": (seen.equal, WITHIN),
        "every client succeeds": (seen.served, SERVED_WITHIN),
        "every connection has two ends": (seen.linked, SERVED_WITHIN),
    }
    told = ", ".join(f"{step} after {after:.1f} s" for step, (after, _) in steps.items() if after is not None)
    missing = [f"{step} within {limit:g} s" for step, (after, limit) in steps.items() if after is None or after > limit]
    if missing:
        text = f"not {', nor '.join(missing)} of the heal; last seen: {seen.last_seen or 'nothing'}"
        return invalid(f"{text}; {told}" if told else text)
    return valid(told)
