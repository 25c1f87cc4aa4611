"""The checks of a cluster of Kaazing Gateways, in the order in which they are recorded."""

from rehearsal.checks import echo, membership, reach, targets
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (
    targets.CHECK,
    membership.BY_NODES,
    echo.ANSWERED,
    echo.SPREAD,
    reach.CHECK,
)
