"""The unit that serves the repository, as text."""

from ..units import HARDENED, MEMBER, VOLUME
from . import USER
from .place import Place


def server(place: Place, address: str, port: int) -> str:
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
UMask=0077
Environment=LC_ALL=C.UTF-8
ExecStart=/usr/bin/svnserve --daemon --foreground --root {place.data} --config-file {place.conf} \
--listen-host {address} --listen-port {port}
Restart=always
RestartSec=1
TimeoutStopSec=20
ProtectSystem=strict
ReadWritePaths={place.data}
{HARDENED}"""
