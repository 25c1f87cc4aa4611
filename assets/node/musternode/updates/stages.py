"""The stage that gives a node the hour of its updates, and that takes it away: it can be done again."""

from typing import Optional

from ..commands import run
from ..paths import Paths
from ..settings import Updates
from ..stages import write_units
from ..system import Systemd
from . import words
from .units import DEBIANS, SERVICE, TIMER, units


def carry_out(paths: Paths, updates: Optional[Updates]) -> None:
    """Make timer and process of this node what `updates` says, None for neither."""
    if updates is None:
        _retire(paths)
    elif TIMER in write_units(paths, units(updates, paths)) or not _active():
        systemd = Systemd()
        systemd.enable(TIMER)
        systemd.restart(TIMER)


def _retire(paths: Paths) -> None:
    """Take the timer away. No member changes settings in its turn, but for one that is back after the restart."""
    if not (paths.units / TIMER).exists():
        return
    run(["systemctl", "disable", "--quiet", "--now", TIMER])
    for name in (TIMER, SERVICE, DEBIANS):
        (paths.units / name).unlink(missing_ok=True)
    words.forget(paths)
    Systemd().reload()


def _active() -> bool:
    return run(["systemctl", "is-active", "--quiet", TIMER], good=range(256)).returncode == 0
