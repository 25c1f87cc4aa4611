"""The block of the cluster file about security updates of the operating system."""

from typing import Annotated, Final, Literal, get_args

from muster.checking import matching, one_of, whole_number
from muster.fields import Block

LATEST: Final = "latest"

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Updates(Block):
    """When nodes install security updates by themselves, one node after the other."""

    day: Annotated[Day, one_of(*get_args(Day))]
    """The day of the week."""
    hour: Annotated[int, whole_number(0, 23, "an hour of the day (UTC) from 0 to 23")]
    """The hour of the day, in UTC, at which the first node begins."""
    release: Annotated[
        str, matching(r"latest|2023\.[0-9]{1,3}\.[0-9]{8}", "latest, or a release such as 2023.9.20251117")
    ] = LATEST
    """The release of Amazon Linux 2023 whose security updates nodes take."""
