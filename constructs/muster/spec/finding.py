"""What a rule between fields has to say."""

from dataclasses import dataclass

from muster.spec.faults import Location


@dataclass(frozen=True)
class Finding:
    """A broken rule: the field to change, what is wrong, and the other fields from which the rule knows it."""

    field: Location
    what: str
    also: tuple[Location, ...] = ()


def location(field: str) -> Location:
    """Return the location of a field that is written with dots."""
    return tuple(field.split("."))
