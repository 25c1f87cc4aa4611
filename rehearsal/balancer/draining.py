"""Targets that were taken away: what they have begun goes on for the deregistration delay, and then ends. Pure.

A changed configuration is served by a new worker of haproxy. The former one keeps its connections, those with targets
that stay among them: on AWS a change of one target ends no connection with another.
"""

import re
from collections.abc import Collection

from rehearsal.balancer.model import LoadBalancer

Place = tuple[str, str]
"""A target group's name and a target's."""

_SESSION = re.compile(r"^(0x[0-9a-f]+): .* be=(\S+) srv=(\S+) ", re.MULTILINE)
_WORKER = re.compile(r"^(\d+)\s", re.MULTILINE)


class Draining:
    """The targets that are on their way out, and until when (monotonic seconds)."""

    def __init__(self) -> None:
        self._until: dict[Place, float] = {}

    def change(self, before: LoadBalancer, after: LoadBalancer, now: float) -> None:
        """Note what is there no more. A target that comes back keeps its connections."""
        kept = _delays(after)
        gone = {place: now + delay for place, delay in _delays(before).items() if place not in kept}
        self._until = {**gone, **self._until}
        for place in kept:
            self._until.pop(place, None)

    def due(self, now: float) -> set[Place]:
        """Return, once, the targets whose time is over."""
        found = {place for place, until in self._until.items() if until <= now}
        for place in found:
            del self._until[place]
        return found


def _delays(model: LoadBalancer) -> dict[Place, int]:
    return {(group.name, target.name): group.drain for group in model.target_groups for target in group.targets}


def former_workers(processes: str) -> list[str]:
    """Return the ids of former workers (management guide, "show proc")."""
    _, _, rest = processes.partition("# old workers")
    return _WORKER.findall(rest.partition("# programs")[0])


def sessions(shown: str, places: Collection[Place]) -> list[str]:
    """Return the ids of the sessions with targets of `places` (management guide, "show sess")."""
    return [
        session
        for session, backend, server in _SESSION.findall(shown)
        if (backend.removesuffix(".all"), server) in places
    ]
