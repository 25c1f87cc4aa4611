"""Says to systemd that the gate process lives: one that is stopped is killed, so that its clients are reset.

A client of a stopped gate waits in its read for ever: the kernel's lease refuses what it sends, not what it waits for.
"""

from .. import notify

EVERY = 5
"""Seconds without a word after which systemd kills the process (systemd.service(5), WatchdogSec)."""


def say_alive() -> None:
    """Tell the service manager, if there is one, that this process lives."""
    notify.say("WATCHDOG=1")
