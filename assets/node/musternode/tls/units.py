"""The front's unit, as text."""

from .. import guard, hardening
from ..paths import Paths
from .config import CREDENTIAL
from .front import TABLE, Front, Place

FILES = 4096
"""Files that a front may have open beside its connections."""


def unit(front: Front, paths: Paths) -> str:
    """Return the unit: a user of its own who may do nothing but pass bytes on, and who alone is given the key.

    It begins and ends with nothing else: neither another program of this node nor its product cuts a connection.
    """
    place = Place(paths)
    rules = f"{guard.given(place.rules)}ExecStopPost=+-/usr/sbin/nft delete table ip {TABLE}\n"
    return f"""\
[Unit]
Description=Ends the TLS of the load balancer before the product of this cluster node
StartLimitIntervalSec=0
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
DynamicUser=yes
RuntimeDirectory=muster-tls
RuntimeDirectoryMode=0700
LoadCredential={CREDENTIAL}:{place.pem}
LoadCredential=front.cfg:{place.config}
{rules if front.rules else ""}ExecStart=/usr/sbin/haproxy -db -f ${{CREDENTIALS_DIRECTORY}}/front.cfg
Restart=always
RestartSec=0.5
TimeoutStopSec=10
LimitNOFILE={2 * front.connections + FILES}
OOMScoreAdjust=-500
{hardening.FRONT}
[Install]
WantedBy=multi-user.target
"""
