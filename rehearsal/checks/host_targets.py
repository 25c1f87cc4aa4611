"""Every node is registered with the target group to which its host name leads, with no other, and found healthy there.

Of two management nodes the one that commits is healthy, and the other one is not as long as that one serves.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rehearsal.checks import targets
from rehearsal.checks.check import Check
from rehearsal.checks.named import NamedScene, named
from rehearsal.checks.result import Finding, valid
from rehearsal.checks.targets import Target


def record(scene: NamedScene) -> Iterable[Target]:
    """Ask the account to which group each host name leads, and for the health of that group's targets."""
    names = {member.instance: member.name for member in scene.members}
    port = scene.port(scene.cluster.about.served(scene.cluster))
    groups = _groups(scene.rules())
    for route in (scene.hosts.users, scene.hosts.management):
        led = route is scene.hosts.management and len(scene.of(route)) > 1
        for member in scene.of(route):
            yield Target(member.instance, port, member.name, "expected", group=route.host, led=led)
        health = scene.client("elbv2").describe_target_health(TargetGroupArn=groups[route.host])
        for entry in health["TargetHealthDescriptions"]:
            target, seen = entry["Target"], entry["TargetHealth"]
            name, reason = names.get(target["Id"], ""), seen.get("Reason", "")
            yield Target(target["Id"], int(target["Port"]), name, seen["State"], reason, route.host, led)


def _groups(rules: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the ARN of the target group to which each host name leads."""
    found: dict[str, str] = {}
    for rule in rules:
        (action,) = rule["Actions"]
        for condition in rule.get("Conditions", []):
            if condition["Field"] == "host-header" and action["Type"] == "forward":
                hosts = (condition.get("HostHeaderConfig") or condition)["Values"]
                found |= dict.fromkeys(hosts, str(action["TargetGroupArn"]))
    return found


def judge(found: Sequence[Target]) -> Finding:
    """Judge like the check of other products, for which all nodes are alike, and say how many each name has."""
    finding = targets.judge(found)
    if finding.verdict != "valid":
        return finding
    healthy = Counter(target.group for target in found if target.state == "healthy")
    wanted = Counter(target.group for target in found if target.state == "expected")
    return valid(", ".join(f"{host}: {healthy[host]} of {count} healthy" for host, count in wanted.items()))


CHECK = Check("every node is registered for its host name", Target, named(record), judge)
