"""The checks of a cluster of Axon.ivy engines, in the order in which they are recorded."""

from rehearsal.checks import engines, membership, reach, sessions, targets
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (
    targets.CHECK,
    membership.BY_NODES,
    engines.CHECK,
    sessions.STICKY,
    sessions.WEIGHTED,
    reach.CHECK,
)
