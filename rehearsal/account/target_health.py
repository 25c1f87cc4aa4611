"""Target groups of moto, corrected: an instance may stand under several ports, and health is what the balancer says.

moto keys targets by instance id alone and calls every target healthy; `allow_many_ports` replaces the four methods that
do so. (A subclass cannot be had: moto's metaclass takes its classes' names apart.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import moto.elbv2.models as elbv2
from moto.elbv2.exceptions import TargetNotRunning

Target = Mapping[str, Any]

_INITIAL = ("initial", "Elb.RegistrationInProgress")


def allow_many_ports() -> None:
    """Correct moto's target groups in this process."""
    for name, method in {
        "register": _register,
        "deregister": _deregister,
        "deregister_terminated_instances": _deregister_terminated,
        "health_for": _health_for,
    }.items():
        setattr(elbv2.FakeTargetGroup, name, method)


def set_health(group: Any, instance_id: str, port: int, state: str, reason: str) -> None:
    """Keep what the balancer found for a registered target. Raises `KeyError` if it is not registered."""
    target = group.targets[_key(group, {"Id": instance_id, "Port": port})]
    target["Health"] = (state, reason)


def _key(group: Any, target: Target) -> str:
    return f"{target['Id']}:{int(target.get('Port') or group.port)}"


def _register(group: Any, targets: Sequence[Target]) -> None:
    for target in targets:
        if _stopped(target["Id"], group.ec2_backend):
            raise TargetNotRunning(target["Id"])
        key = _key(group, target)
        known = group.targets.get(key, {"Health": _INITIAL})
        group.targets[key] = {"Id": target["Id"], "Port": int(target.get("Port") or group.port), **known}


def _deregister(group: Any, targets: Sequence[Target]) -> None:
    """Forget targets; one that is not registered is no fault.

    Without a port it is the one on the group's own: a port that was given must be given again (API reference,
    DeregisterTargets).
    """
    for target in targets:
        group.targets.pop(_key(group, target), None)


def _deregister_terminated(group: Any, instance_ids: Sequence[str]) -> None:
    for key in [key for key, target in group.targets.items() if target["Id"] in instance_ids]:
        del group.targets[key]


def _health_for(group: Any, target: Target, ec2_backend: Any) -> Any:
    found = group.targets.get(_key(group, target))
    port = int(target.get("Port") or group.port)
    if found is None:
        state, reason = "unused", "Target.NotRegistered"
    elif not group.load_balancer_arns:
        state, reason = "unused", "Target.NotInUse"
    elif _stopped(found["Id"], ec2_backend):
        found["Health"] = _INITIAL  # what was known of it ends with its power
        state, reason = "unused", "Target.InvalidState"
    else:
        state, reason = found["Health"]
    checked = str(port) if group.health_check_port == "traffic-port" else group.health_check_port
    return elbv2.FakeHealthStatus(target["Id"], str(port), checked, state, reason or None)


def _stopped(target_id: str, ec2_backend: Any) -> bool:
    instance = ec2_backend.get_instance_by_id(target_id) if target_id.startswith("i-") else None
    return instance is not None and instance.state != "running"
