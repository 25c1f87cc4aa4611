"""Where a rehearsal keeps what it makes, and the prefixes by which its leftovers are known after a `kill -9`."""

import os
from pathlib import Path

RUN = Path("/run/muster-rehearsal")
"""State of the rehearsal that runs now (tmpfs): lock, state.json, hosts.json, service log."""

ENDED = RUN / "ended"
"""Logs of instances that are gone, a folder each."""

WORK = Path("/var/tmp/muster-rehearsal")  # noqa: S108 - root's own, made 0700; a disk is needed, /run is memory
"""Bulk of the running rehearsal: overlay layers, volume files, console logs."""

NAMESPACE_PREFIX = "mu-"
"""Every network namespace of a rehearsal begins with this."""

CGROUP_PREFIX = "muster-rehearsal-"
"""Every control group of a rehearsal begins with this, and none of a unit: nodes have some called `muster-gate` ..."""


def cache() -> Path:
    """Return the folder of downloads and builds that outlive a rehearsal, each keyed by its pins.

    `MUSTER_CACHE` names another folder.
    """
    if given := os.environ.get("MUSTER_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "muster"
