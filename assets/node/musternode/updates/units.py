"""The units of updates, as text: a timer of the cluster file's hour, and the process that it starts."""

from typing import Dict

from .. import hardening
from ..paths import Paths
from ..settings import Updates

TIMER, SERVICE = "muster-updates.timer", "muster-updates.service"
DEBIANS = "apt-daily-upgrade.service.d/muster.conf"
"""Keeps Debian's own updates, which images of the cloud have, from coming to all nodes at any hour. No other system has
that service."""


def units(updates: Updates, paths: Paths) -> Dict[str, str]:
    """Return file name and text of each."""
    return {TIMER: _timer(updates), SERVICE: _service(paths), DEBIANS: _debians(paths)}


def _timer(updates: Updates) -> str:
    """Return the timer; a node that was off at that hour waits for the next week: it is nobody's hour to restart.

    But while another one is in the round its member lets it take part (`part`): that one may wait for it.
    """
    day = updates.day[:3].capitalize()
    return f"""\
[Unit]
Description=The hour of the week at which this cluster node looks for security updates

[Timer]
OnCalendar={day} *-*-* {updates.hour:02d}:00:00 UTC
Persistent=no

[Install]
WantedBy=timers.target
"""


def _service(paths: Paths) -> str:
    return f"""\
[Unit]
Description=Installs security updates when it is the turn of this cluster node, and restarts it
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
RuntimeDirectory=muster
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
Environment=PYTHONPATH={paths.current} PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -m musternode updates
{hardening.UPDATES}"""


def _debians(paths: Paths) -> str:
    return f"""\
[Unit]
ConditionPathExists=!{paths.units / TIMER}
"""
