"""The product's unit on a node of Kaazing Gateway, as text."""

from pathlib import Path

from .. import guard, hardening
from ..units import MEMBER
from . import launch
from .host import USER, Host

LONGEST = 90
"""Seconds that a gateway has to end, at most."""
FILES = 262_144
"""Files and connections that a gateway may have open: each WebSocket is one, and another one where it is passed on."""


def product(this: Host, java_home: Path) -> str:
    """Return the product's unit. A gateway that is asked to end ends with 143.

    It takes as long as its heartbeat for that if it cannot reach the others. Folders that its archive has lost are made
    by its own user.
    """
    home, heartbeat = this.current.resolve(), this.settings.settings.heartbeat
    chosen = launch.environment(java_home, launch.options(home, heartbeat))
    environment = "".join(f'Environment="{name}={_escaped(value)}"\n' for name, value in chosen.items())
    return f"""\
[Unit]
Description=Kaazing Gateway; {MEMBER} starts it
StartLimitIntervalSec=0

[Service]
User={USER}
WorkingDirectory={home}
{environment}{guard.line(this.paths)}ExecStartPre=/bin/mkdir -p {" ".join(launch.EMPTY)}
ExecStart={home / launch.SCRIPT}
SuccessExitStatus=143
TimeoutStopSec={min(heartbeat + 20, LONGEST)}
Restart=on-failure
RestartSec=5
LimitNOFILE={FILES}
{hardening.product(this.distribution)}"""


def quoted(text: str) -> str:
    """Return `text` as one argument of a unit's command."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_escaped(escaped)}"'


def _escaped(value: str) -> str:
    return value.replace("%", "%%")
