"""The checks of what every product promises of its security, in the order in which they are recorded."""

from rehearsal.checks import secrets
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (secrets.CHECK,)
