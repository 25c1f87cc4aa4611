"""The checks of a WSO2 Carbon cluster, in the order in which they are recorded.

Membership comes before what rests on it: sessions that do not go on are no riddle where the members stand alone.
"""

from rehearsal.checks import membership, reach, replicated, sessions, targets
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (
    targets.CHECK,
    membership.CHECK,
    replicated.CHECK,
    sessions.STICKY,
    sessions.SPREAD,
    reach.CHECK,
)
