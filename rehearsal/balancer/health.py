"""What haproxy's statistics say about targets, in the words of DescribeTargetHealth. Pure."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.balancer.backend import checks_name
from rehearsal.balancer.model import HealthCheck, LoadBalancer, Target, TargetGroup, TargetHealth

Key = tuple[str, str]
"""A registration: target group ARN and target name."""


@dataclass(frozen=True)
class Server:
    """One line of `show stat`: `status` as `UP`, `UP 1/2`, `DOWN`, `DOWN 1/2`; `check` the last check's outcome."""

    status: str
    check: str

    @property
    def is_up(self) -> bool:
        """Whether it gets requests."""
        return self.status.startswith("UP")

    @property
    def is_rising(self) -> bool:
        """Whether it is down and its last check passed."""
        return self.status.startswith("DOWN ")


@dataclass(frozen=True)
class Registration:
    """What the balancer remembers of a target: when it came (monotonic seconds), and whether it was ever healthy."""

    since: float
    was_healthy: bool = False


def servers(csv_text: str) -> dict[tuple[str, str], Server]:
    """Return the servers of `show stat` by backend and server name."""
    rows = csv.DictReader(io.StringIO(csv_text.removeprefix("# ")))
    return {(row["pxname"], row["svname"]): Server(row["status"], row["check_status"].lstrip("* ")) for row in rows}


def seen(balancer: LoadBalancer, found: Mapping[tuple[str, str], Server]) -> dict[Key, Server]:
    """Return the servers of `balancer` by registration; those not running yet are left out."""
    pairs = ((group, target) for group in balancer.target_groups for target in group.targets)
    names = {(group.arn, target.name): (checks_name(group), target.name) for group, target in pairs}
    return {key: found[name] for key, name in names.items() if name in found}


def health(
    group: TargetGroup, target: Target, server: Server | None, registration: Registration, now: float
) -> TargetHealth:
    """Return the health of one target at the monotonic time `now`.

    A target is `initial` until its first check has passed or enough have failed to call it unhealthy.
    """
    state, reason = _judged(group.check, server, registration, now)
    return TargetHealth(group.arn, target.instance_id, target.port, state, reason)


def _judged(check: HealthCheck, server: Server | None, registration: Registration, now: float) -> tuple[str, str]:
    if server is not None and server.is_up:
        return "healthy", ""
    if server is None or server.check in ("", "INI"):
        return "initial", "Elb.RegistrationInProgress"
    if not registration.was_healthy and now - registration.since < check.unhealthy * check.interval:
        return "initial", "Elb.InitialHealthChecking"
    return "unhealthy", _reason(server.check)


def _reason(outcome: str) -> str:
    """Translate haproxy's codes: management guide, "show stat", check_status; AWS's: API reference, TargetHealth."""
    if outcome == "L7STS":
        return "Target.ResponseCodeMismatch"
    return "Target.Timeout" if outcome.endswith("TOUT") else "Target.FailedHealthChecks"
