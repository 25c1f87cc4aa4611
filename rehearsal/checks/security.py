"""The checks of what every product promises of its security, in the order in which they are recorded."""

from rehearsal.checks import hardening, listening, out_of_reach
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (hardening.CHECK, listening.CHECK, out_of_reach.CHECK)
