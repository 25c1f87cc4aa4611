"""The checks of an AS400Gateway cluster, in the order in which they are recorded.

The copies are compared after the configuration checks have written: two empty databases would be equal too.
"""

from rehearsal.checks import configuration, copies, reach, sessions, targets
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (
    targets.CHECK,
    configuration.CHECK,
    copies.CHECK,
    sessions.STICKY,
    sessions.SPREAD,
    reach.CHECK,
)
