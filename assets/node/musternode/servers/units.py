"""The units that each node of a cluster of servers has beside its product's."""

from typing import Dict

from .. import units
from ..units import AGENT, MEMBER, READINESS, VOLUME
from .host import Host, S
from .kind import Kind

ENABLED = (VOLUME, MEMBER, READINESS, AGENT)
"""Started at each boot. The member starts the product."""


def common(kind: Kind[S], this: Host[S]) -> Dict[str, str]:
    """Return file name and text of each."""
    paths = this.paths
    return {
        VOLUME: units.volume(paths),
        MEMBER: units.member(paths, kind.rights),
        READINESS: units.readiness(paths, kind.readiness(this)),
        AGENT: units.agent(this.settings, this.identity.node, paths),
    }
