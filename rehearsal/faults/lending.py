"""When a node first kept its clients out so that the other one could copy: what they wait from then on is of that."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rehearsal.hosts.enter import EnterError, run_at

if TYPE_CHECKING:
    from rehearsal.faults.stage import Stage

SAID = "the gate shuts: the other node copies the database"
"""What a gate process logs then (`musternode.h2.inside`)."""


def first(stage: "Stage", since: float) -> float | None:
    """Return the first such moment after `since`, both of the monotonic clock, or None if there was none.

    A host that cannot be asked, or was off meanwhile and has forgotten, has none.
    """
    ahead = time.time() - time.monotonic()
    argv = ["journalctl", "-q", "-o", "short-unix", "-u", "muster-gate", "--since", f"@{int(since + ahead)}"]
    said: list[str] = []
    for node in stage.nodes:
        try:
            said += run_at(stage.leader(node), argv, within=20).out.splitlines()
        except (EnterError, TimeoutError, OSError):
            continue
    return earliest(said, since, ahead)


def earliest(lines: Iterable[str], since: float, ahead: float) -> float | None:
    """Return the first moment in lines of a journal, each with its second since 1970 in front."""
    moments = [float(line.split(maxsplit=1)[0]) - ahead for line in lines if line.endswith(SAID)]
    return min((each for each in moments if each >= since), default=None)
