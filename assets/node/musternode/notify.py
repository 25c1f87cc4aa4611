"""Words to systemd (sd_notify(3))."""

import contextlib
import os
import socket


def say(word: str) -> None:
    """Tell the service manager `word`, such as READY=1; without one nothing happens."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.connect("\0" + place[1:] if place.startswith("@") else place)
        out.send(word.encode("ascii"))
