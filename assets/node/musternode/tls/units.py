"""The front's unit, as text."""

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
    rules = f"ExecStartPre=+/usr/sbin/nft -f {place.rules}\nExecStopPost=+-/usr/sbin/nft delete table ip {TABLE}\n"
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
UMask=0077
LoadCredential={CREDENTIAL}:{place.pem}
LoadCredential=front.cfg:{place.config}
{rules if front.rules else ""}ExecStart=/usr/sbin/haproxy -db -f ${{CREDENTIALS_DIRECTORY}}/front.cfg
Restart=always
RestartSec=0.5
TimeoutStopSec=10
LimitNOFILE={2 * front.connections + FILES}
LimitCORE=0
OOMScoreAdjust=-500
{HARDENED}
[Install]
WantedBy=multi-user.target
"""


HARDENED = """\
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
"""
