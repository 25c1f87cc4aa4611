"""The unit that serves the repository, as text."""

from .. import guard, hardening
from ..paths import Paths
from ..units import MEMBER, VOLUME
from . import USER
from .place import Place


def server(paths: Paths, place: Place, address: str, port: int) -> str:
    """Return the unit of the server, which listens at `address` alone; the member starts it once there is something.

    A process for each connection: one that fails takes no other with it.
    """
    return f"""\
[Unit]
Description=Repository of the cluster's artifacts; {MEMBER} starts it
StartLimitIntervalSec=0
Requires={VOLUME}
After={VOLUME} network-online.target
Wants=network-online.target

[Service]
User={USER}
Environment=LC_ALL=C.UTF-8
{guard.line(paths)}ExecStart=/usr/bin/svnserve --daemon --foreground --root {place.data} --config-file {place.conf} \
--listen-host {address} --listen-port {port}
Restart=always
RestartSec=1
TimeoutStopSec=20
ReadWritePaths={place.data}
{hardening.NOT_JAVA}"""
