"""Attributes of moto's load balancers and target groups, corrected: what AWS refuses is refused.

Source: Elastic Load Balancing API, "LoadBalancerAttribute" and "TargetGroupAttribute"; ELB guide, "Target groups".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import moto.elbv2.models as elbv2
from moto.elbv2.exceptions import InvalidConfigurationRequest, ValidationError

SECONDS: Final[Mapping[str, range]] = {
    "idle_timeout.timeout_seconds": range(1, 4001),
    "client_keep_alive.seconds": range(60, 604801),
    "stickiness.lb_cookie.duration_seconds": range(1, 604801),
    "stickiness.app_cookie.duration_seconds": range(1, 604801),
}
"""What each may be."""

ALGORITHM: Final = "load_balancing.algorithm.type"
ALGORITHMS: Final = ("round_robin", "least_outstanding_requests", "weighted_random")

COOKIE: Final = "stickiness.app_cookie.cookie_name"
OWN_COOKIES: Final = "AWSALB"
"""So begin the names of the balancer's cookies: AWSALB, AWSALBCORS, AWSALBAPP, AWSALBTG."""

_modify_load_balancer = elbv2.ELBv2Backend.modify_load_balancer_attributes
_modify_target_group = elbv2.ELBv2Backend.modify_target_group_attributes


def refuse_what_aws_refuses() -> None:
    """Correct moto in this process."""
    for name, method in {
        "modify_load_balancer_attributes": _load_balancer,
        "modify_target_group_attributes": _target_group,
    }.items():
        setattr(elbv2.ELBv2Backend, name, method)


def _load_balancer(backend: Any, arn: str, attrs: dict[str, Any]) -> Any:
    _demand(attrs)
    return _modify_load_balancer(backend, arn, attrs)


def _target_group(backend: Any, target_group_arn: str, attributes: dict[str, Any]) -> None:
    _demand(attributes)
    known = backend.target_groups.get(target_group_arn)
    for said in contradictions({**(known.attributes if known else {}), **attributes}):
        raise InvalidConfigurationRequest(said)
    _modify_target_group(backend, target_group_arn, attributes)


def _demand(attributes: Mapping[str, Any]) -> None:
    for said in wrong_values(attributes):
        raise ValidationError(said)


def wrong_values(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a value by itself."""
    for key, allowed in SECONDS.items():
        value = str(attributes.get(key, allowed[0]))
        if not (value.isascii() and value.isdecimal() and int(value) in allowed):
            yield f"'{key}' value '{value}' must be between '{allowed[0]}-{allowed[-1]}' inclusive"
    algorithm = attributes.get(ALGORITHM, ALGORITHMS[0])
    if algorithm not in ALGORITHMS:
        yield f"'{ALGORITHM}' value '{algorithm}' must be one of [{', '.join(ALGORITHMS)}]"


def contradictions(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield what cannot be, of all attributes that a target group would have."""
    cookie = str(attributes.get(COOKIE, ""))
    if cookie.upper().startswith(OWN_COOKIES):
        yield f"Cookie name '{cookie}' begins with {OWN_COOKIES}, which is reserved for the load balancer"
    cross_zone = attributes.get("load_balancing.cross_zone.enabled")
    if attributes.get("stickiness.enabled") == "true" and cross_zone == "false":
        yield "Stickiness is not supported for target groups whose cross-zone load balancing is off"
