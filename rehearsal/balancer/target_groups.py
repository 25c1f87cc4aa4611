"""Target groups, read from their descriptions. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.balancer.model import BalancerError, HealthCheck, Stickiness, Target, TargetGroup

_DAY = "86400"
_ALGORITHMS = {"round_robin", "least_outstanding_requests", "weighted_random"}
_FAIL_OPEN = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"


def target_group(
    described: Mapping[str, Any],
    attributes: Mapping[str, str],
    health: Sequence[Mapping[str, Any]],
    address_of: Callable[[str], str | None],
) -> TargetGroup:
    """Return the group of one entry of DescribeTargetGroups, with its attributes and its registrations.

    Raises `BalancerError` for target types, protocols and algorithms that are not rehearsed.
    """
    name = str(described["TargetGroupName"])
    _refuse_unknown(name, described, attributes)
    return TargetGroup(
        arn=str(described["TargetGroupArn"]),
        name=name,
        protocol=str(described["Protocol"]),
        check=_check(described),
        stickiness=_stickiness(name, attributes),
        algorithm=attributes.get("load_balancing.algorithm.type", "round_robin"),
        drain=int(attributes.get("deregistration_delay.timeout_seconds", "300")),
        slow_start=int(attributes.get("slow_start.duration_seconds", "0")),
        fail_open_below=int(attributes.get(_FAIL_OPEN, "1")),
        targets=_targets(str(described["TargetType"]), health, address_of),
    )


def _refuse_unknown(name: str, described: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
    rehearsed = {
        "TargetType": {"instance", "ip"},
        "Protocol": {"HTTP", "HTTPS"},
        "ProtocolVersion": {"HTTP1"},
        "HealthCheckProtocol": {"HTTP", "HTTPS"},
    }
    for field, allowed in rehearsed.items():
        if (given := described.get(field)) is not None and given not in allowed:
            raise BalancerError(f"target group {name}: {field} {given} is not rehearsed, only {_listed(allowed)}")
    algorithm = attributes.get("load_balancing.algorithm.type", "round_robin")
    if algorithm not in _ALGORITHMS:
        raise BalancerError(f"target group {name}: algorithm {algorithm} is not known, only {_listed(_ALGORITHMS)}")


def _listed(allowed: set[str]) -> str:
    return ", ".join(sorted(allowed))


def _check(described: Mapping[str, Any]) -> HealthCheck:
    port = str(described.get("HealthCheckPort") or "traffic-port")
    return HealthCheck(
        protocol=str(described.get("HealthCheckProtocol") or "HTTP"),
        port=None if port == "traffic-port" else int(port),
        path=str(described.get("HealthCheckPath") or "/"),
        matcher=str((described.get("Matcher") or {}).get("HttpCode") or "200"),
        interval=int(described["HealthCheckIntervalSeconds"]),
        timeout=int(described["HealthCheckTimeoutSeconds"]),
        healthy=int(described["HealthyThresholdCount"]),
        unhealthy=int(described["UnhealthyThresholdCount"]),
    )


def _stickiness(name: str, attributes: Mapping[str, str]) -> Stickiness | None:
    if attributes.get("stickiness.enabled") != "true":
        return None
    kind = attributes.get("stickiness.type", "lb_cookie")
    if kind == "lb_cookie":
        return Stickiness(None, int(attributes.get("stickiness.lb_cookie.duration_seconds", _DAY)))
    cookie = attributes.get("stickiness.app_cookie.cookie_name", "")
    if kind != "app_cookie" or not cookie:
        raise BalancerError(f"target group {name}: stickiness {kind} with cookie {cookie!r} is not known")
    return Stickiness(cookie, int(attributes.get("stickiness.app_cookie.duration_seconds", _DAY)))


def _targets(
    kind: str, health: Sequence[Mapping[str, Any]], address_of: Callable[[str], str | None]
) -> tuple[Target, ...]:
    found = []
    for entry in health:
        target, state = entry["Target"], entry.get("TargetHealth", {}).get("State")
        address = target["Id"] if kind == "ip" else address_of(target["Id"])
        if address is not None and state != "draining":
            found.append(Target(str(target["Id"]), int(target["Port"]), address))
    return tuple(sorted(found, key=lambda target: (target.instance_id, target.port)))
