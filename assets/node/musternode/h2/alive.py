"""Says to systemd that the gate process lives: one that is stopped is killed, so that its clients are reset.

A client of a stopped gate waits in its read for ever: the kernel's lease refuses what it sends, not what it waits for.
"""

import contextlib
import os
import socket

EVERY = 5
"""Seconds without a word after which systemd kills the process (systemd.service(5), WatchdogSec)."""


def say_alive() -> None:
    """Tell the service manager, if there is one, that this process lives (sd_notify(3))."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.connect("\0" + place[1:] if place.startswith("@") else place)
        out.send(b"WATCHDOG=1")
