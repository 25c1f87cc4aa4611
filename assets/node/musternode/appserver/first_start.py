"""The first start of a cluster with a shared database: one server makes its tables and first users, before the others.

One that begins with empty tables, or in the same moment, may stop half-way and stay so (carbon-kernel, user.core's
Activator).
"""

from typing import Mapping

from ..state import State
from .settings import Settings

PATIENCE = 180.0
"""Seconds for which the others wait. A server of the smallest instance is expected to start in half of this time."""


def comes_second(settings: Settings, name: str, states: Mapping[str, State], *, known: bool) -> bool:
    """Return whether node `name` is to wait: the committing node does not answer yet, and the database may be empty.

    It is not if the cluster is `known` to have been formed.
    """
    first = settings.committer
    if settings.settings.database is None or name == first.name or known or not first.present:
        return False
    return first.name not in states or not states[first.name].healthy
