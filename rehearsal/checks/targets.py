"""Every member is registered with each target group of the balancer, once, and found healthy by it.

Where administration is led to the node that leads the pair, one member is healthy in its group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muster.names import READY_TO_ADMINISTER
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene


@dataclass(frozen=True)
class Target:
    """A member as it should be registered (`state` is `expected`), or a target as the balancer's account shows it.

    `group` names the target group, where there are several; `led`: it is the leader's alone.
    """

    instance: str
    port: int
    member: str
    state: str
    reason: str = ""
    group: str = ""
    led: bool = False


def record(scene: Scene) -> Iterable[Target]:
    """Ask the account for the health of each target of each group."""
    names = {member.instance: member.name for member in scene.members}
    balancing = scene.client("elbv2")
    for described in balancing.describe_target_groups()["TargetGroups"]:
        group, led = described["TargetGroupName"], described.get("HealthCheckPath") == READY_TO_ADMINISTER
        for member in scene.members:
            yield Target(member.instance, scene.port("http"), member.name, "expected", group=group, led=led)
        health = balancing.describe_target_health(TargetGroupArn=described["TargetGroupArn"])
        for entry in health["TargetHealthDescriptions"]:
            target, seen = entry["Target"], entry["TargetHealth"]
            name = names.get(target["Id"], "")
            yield Target(target["Id"], int(target["Port"]), name, seen["State"], seen.get("Reason", ""), group, led)


def judge(targets: Sequence[Target]) -> Finding:
    """Compare what is registered with what should be; states other than healthy are broken promises."""
    expected = {_place(target): target for target in targets if target.state == "expected"}
    registered = [target for target in targets if target.state != "expected"]
    if not expected:
        return unknown("no member is known")
    faults = [
        f"member {target.member} is not registered"
        for place, target in expected.items()
        if place not in map(_place, registered)
    ]
    faults += [
        f"{target.instance}:{target.port} is registered and no member"
        for target in registered
        if _place(target) not in expected
    ]
    faults += [
        f"member {target.member} is {target.state} ({target.reason or 'no reason'})"
        for target in registered
        if target.state != "healthy" and not target.led
    ]
    faults += _unled(registered)
    if len(registered) > len(expected) and not faults:
        faults = ["a member is registered twice"]
    if faults:
        return invalid("; ".join(faults))
    groups = len({target.group for target in registered})
    members = len(expected) // groups
    where = "" if groups == 1 else f" in each of {groups} target groups"
    return valid(f"{members} of {members} members are registered and healthy{where}")


def _unled(registered: Sequence[Target]) -> list[str]:
    """Return a fault for each group of the leader in which not exactly one member is healthy."""
    found: dict[str, list[str]] = {}
    for target in registered:
        if target.led:
            found.setdefault(target.group, []).extend([target.member] if target.state == "healthy" else [])
    return [
        f"administration is led to {' and '.join(members) or 'no member'}, want one"
        for members in found.values()
        if len(members) != 1
    ]


def _place(target: Target) -> tuple[str, str, int]:
    return target.group, target.instance, target.port


CHECK = Check("every member is healthy at the balancer", Target, record, judge)
