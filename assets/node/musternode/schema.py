"""Another version of the application on a node that is alone: it brings its schema up to date as administrator."""

import logging
import time

from . import host, standing, units
from .failure import Failure
from .h2 import data
from .host import Host
from .waiting import poll

log = logging.getLogger(__name__)
WITHIN = 60.0
"""Seconds that the gate has to be open."""
ALONE = "alone"
"""Phase of a gate process whose node is the one member (`h2.answers.shown`)."""


def may_change(new: Host) -> bool:
    """Return whether the node of `new` is to be alone and has been: by the settings in force no peer can come in."""
    node = new.identity.node
    return new.settings.alone(node) and host.reread(new).settings.alone(node)


def migrate(new: Host) -> None:
    """Let the application of `new`, which is stopped, bring its schema up to date; raises `Failure`, `H2Error`."""

    def serves_alone() -> bool:
        pair = standing.look(new.paths)
        return pair is not None and pair.gate and pair.phase == ALONE

    if not poll(serves_alone, within=WITHIN, every=0.2):
        raise Failure(
            f"node {new.identity.node} does not serve alone, so that {new.settings.artifact.name} cannot bring the "
            "schema up to date; see what its gate process says, and deploy again"
        )
    began = time.monotonic()
    data.migrate(new, new.database(), units.H2_USER)
    log.info("stage schema %.1f", time.monotonic() - began)
