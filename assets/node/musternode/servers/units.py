"""The units that each node of a cluster of servers has beside its product's."""

from typing import Dict

from .. import units
from ..units import AGENT, HARDENED, MEMBER, READINESS, VOLUME, python
from .host import Host, S
from .kind import Kind

ENABLED = (VOLUME, MEMBER, READINESS, AGENT)
"""Started at each boot. The member starts the product."""


def common(kind: Kind[S], this: Host[S]) -> Dict[str, str]:
    """Return file name and text of each."""
    paths = this.paths
    return {
        VOLUME: units.volume(paths),
        MEMBER: units.member(paths),
        READINESS: _readiness(this, kind.readiness(this)),
        AGENT: units.agent(this.settings, this.identity.node, paths),
    }


def _readiness(this: Host[S], command: str) -> str:
    return f"""\
[Unit]
Description=Answers the balancer whether this node may be given users
StartLimitIntervalSec=0
After=network-online.target
Wants=network-online.target

[Service]
DynamicUser=yes
{python(this.paths.current)} {command}
Restart=always
RestartSec=1
ProtectSystem=strict
{HARDENED}
[Install]
WantedBy=multi-user.target
"""
