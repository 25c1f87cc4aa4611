"""Every member is registered with each target group of the balancer, once a port, and found healthy by it.

A member has as many ports there as the product gives it.
Where administration is led to the node that leads the pair, one member is healthy in its group.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from muster.names import READY_TO_ADMINISTER
from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene

Place = tuple[str, str, int]
"""Where a target is registered: group, instance and port."""


@dataclass(frozen=True)
class Target:
    """A member's port as it should be registered (`state` is `expected`), or a target as the balancer's account has it.

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
    ports = scene.cluster.about.targets(scene.cluster)
    for described in balancing.describe_target_groups()["TargetGroups"]:
        group, led = described["TargetGroupName"], described.get("HealthCheckPath") == READY_TO_ADMINISTER
        for member in scene.members:
            for port in ports[member.name]:
                yield Target(member.instance, port, member.name, "expected", group=group, led=led)
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
    faults = [*_misplaced(expected, registered), *_sick(expected, registered), *_unled(registered)]
    if len(registered) > len(expected) and not faults:
        faults = ["a member is registered twice"]
    return invalid("; ".join(faults)) if faults else valid(_in_order(expected.values()))


def _misplaced(expected: Mapping[Place, Target], registered: Sequence[Target]) -> list[str]:
    places = {_place(target) for target in registered}
    missing = [target for place, target in expected.items() if place not in places]
    strange = [target for target in registered if _place(target) not in expected]
    return [
        *(f"member {_called(target, expected)} is not registered" for target in missing),
        *(f"{target.instance}:{target.port} is registered and no member" for target in strange),
    ]


def _sick(expected: Mapping[Place, Target], registered: Sequence[Target]) -> list[str]:
    return [
        f"member {_called(target, expected)} is {target.state} ({target.reason or 'no reason'})"
        for target in registered
        if target.state != "healthy" and not target.led
    ]


def _called(target: Target, expected: Mapping[Place, Target]) -> str:
    """Return what a target is called: its member, and the port where the member should have several."""
    of_member = [each for each in expected.values() if (each.group, each.member) == (target.group, target.member)]
    return f"{target.member} on port {target.port}" if len(of_member) > 1 else target.member


def _in_order(expected: Collection[Target]) -> str:
    members = len({target.member for target in expected})
    groups = len({target.group for target in expected})
    ports = len(expected) // groups
    with_ports = "" if ports == members else f" with {ports} ports"
    where = "" if groups == 1 else f" in each of {groups} target groups"
    return f"{members} of {members} members are registered{with_ports} and healthy{where}"


def _unled(registered: Sequence[Target]) -> list[str]:
    """Return a fault for each group of the leader in which not exactly one member is healthy."""
    found: dict[str, list[str]] = {}
    for target in registered:
        if target.led:
            members = found.setdefault(target.group, [])
            members += [target.member] if target.state == "healthy" and target.member not in members else []
    return [
        f"administration is led to {' and '.join(members) or 'no member'}, want one"
        for members in found.values()
        if len(members) != 1
    ]


def _place(target: Target) -> Place:
    return target.group, target.instance, target.port


CHECK = Check("every member is healthy at the balancer", Target, record, judge)
