"""The unit of the front between the nodes, as text."""

from .. import guard, hardening
from ..paths import Paths
from .config import AUTHORITY, CONFIG, CONNECTIONS, PEM
from .passage import Place

FILES = 4096
"""Files that a front may have open beside its connections."""


def unit(paths: Paths) -> str:
    """Return the unit: a user of its own who may do nothing but pass bytes on, and who alone is given the key.

    It begins and ends with nothing else. Its rules stay when it ends: then nobody reaches the other node, and nothing
    goes there that could be read.
    """
    place = Place(paths)
    return f"""\
[Unit]
Description=Speaks TLS to the other node of this cluster's database
StartLimitIntervalSec=0
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
DynamicUser=yes
LoadCredential={PEM}:{place.pem}
LoadCredential={AUTHORITY}:{place.authority}
LoadCredential={CONFIG}:{place.config}
{guard.given(place.rules)}ExecStart=/usr/sbin/haproxy -db -f ${{CREDENTIALS_DIRECTORY}}/{CONFIG}
Restart=always
RestartSec=0.2
TimeoutStopSec=10
LimitNOFILE={8 * CONNECTIONS + FILES}
OOMScoreAdjust=-900
Nice=-5
{hardening.FRONT}
[Install]
WantedBy=multi-user.target
"""
