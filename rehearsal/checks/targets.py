"""Every member is registered with the balancer, once, and found healthy by it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Scene


@dataclass(frozen=True)
class Target:
    """A member as it should be registered (`state` is `expected`), or a target as the balancer's account shows it."""

    instance: str
    port: int
    member: str
    state: str
    reason: str = ""


def record(scene: Scene) -> Iterable[Target]:
    """Ask the account for the health of each target of each group."""
    names = {}
    for member in scene.members:
        names[member.instance] = member.name
        yield Target(member.instance, scene.port("http"), member.name, "expected")
    balancing = scene.client("elbv2")
    for group in balancing.describe_target_groups()["TargetGroups"]:
        health = balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        for entry in health["TargetHealthDescriptions"]:
            target, seen = entry["Target"], entry["TargetHealth"]
            name = names.get(target["Id"], "")
            yield Target(target["Id"], int(target["Port"]), name, seen["State"], seen.get("Reason", ""))


def judge(targets: Sequence[Target]) -> Finding:
    """Compare what is registered with what should be; states other than healthy are broken promises."""
    expected = {(target.instance, target.port): target for target in targets if target.state == "expected"}
    registered = [target for target in targets if target.state != "expected"]
    if not expected:
        return unknown("no member is known")
    faults = [
        f"member {target.member} is not registered" for key, target in expected.items() if not _has(registered, key)
    ]
    faults += [
        f"{target.instance}:{target.port} is registered and no member"
        for target in registered
        if (target.instance, target.port) not in expected
    ]
    faults += [
        f"member {target.member} is {target.state} ({target.reason or 'no reason'})"
        for target in registered
        if target.state != "healthy"
    ]
    if len(registered) > len(expected) and not faults:
        faults = ["a member is registered twice"]
    if faults:
        return invalid("; ".join(faults))
    return valid(f"{len(registered)} of {len(expected)} members are registered and healthy")


def _has(registered: Iterable[Target], key: tuple[str, int]) -> bool:
    return any((target.instance, target.port) == key for target in registered)


CHECK = Check("every member is healthy at the balancer", Target, record, judge)
