"""The checks of what every product promises of its security, in the order in which they are recorded."""

from rehearsal.checks import hardening, listening, out_of_reach, permissions, ports, secrets, shipped
from rehearsal.checks.check import AnyCheck

CHECKS: tuple[AnyCheck, ...] = (
    shipped.CHECK,
    permissions.CHECK,
    ports.CHECK,
    listening.CHECK,
    hardening.CHECK,
    out_of_reach.CHECK,
    secrets.CHECK,
)
