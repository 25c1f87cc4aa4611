"""What AWS says about a deployed cluster: its stack, its instances by their tags, its targets' health."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from muster.names import CLUSTER_TAG, NODE_TAG, READY_TO_ADMINISTER, stack_name
from muster.products.hosts import Hosts
from operations.aws import Aws, Missing
from operations.errors import Failure

INSTANCE: Final = "AWS::EC2::Instance"
TARGET_GROUP: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"
THERE: Final = ("pending", "running", "stopping", "stopped")
"""States of an instance that is not gone or going for good."""


@dataclass(frozen=True)
class SeenInstance:
    """An instance of a node as EC2 describes it."""

    id: str
    node: str
    state: str
    type: str
    image: str
    address: str
    zone: str


@dataclass(frozen=True)
class SeenTarget:
    """What a target group says about an instance on a port; `state` is `healthy` or another word of the balancer's.

    `led`: the group's requests are for the one node that leads the pair.
    """

    group: str
    instance: str
    state: str
    reason: str = ""
    led: bool = False
    port: int = 0


def stack_status(aws: Aws, stack: str) -> str | None:
    """Return the status of `stack`, or None if there is no such stack. Raises `Failure`."""
    try:
        stacks = aws.call("cloudformation", "describe_stacks", StackName=stack)["Stacks"]
    except Missing:
        return None
    status = str(stacks[0]["StackStatus"]) if stacks else None
    return None if status == "DELETE_COMPLETE" else status


def stack_resources(aws: Aws, stack: str) -> list[dict[str, Any]]:
    """Return the resources of `stack`, as CloudFormation lists them. Raises `Failure`."""
    found = aws.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    return [each for each in found if each["ResourceStatus"] != "DELETE_COMPLETE"]


def seen_instances(aws: Aws, cluster: str) -> list[SeenInstance]:
    """Return the instances with the tag of the cluster named `cluster`, the stack's or not. Raises `Failure`."""
    filters = [
        {"Name": f"tag:{CLUSTER_TAG}", "Values": [cluster]},
        {"Name": "instance-state-name", "Values": list(THERE)},
    ]
    reservations = aws.pages("ec2", "describe_instances", "Reservations", Filters=filters)
    found = [_instance(each) for reservation in reservations for each in reservation["Instances"]]
    return sorted(found, key=lambda each: (each.node, each.id))


def _instance(described: Mapping[str, Any]) -> SeenInstance:
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}
    return SeenInstance(
        id=described["InstanceId"],
        node=tags.get(NODE_TAG, "?"),
        state=described["State"]["Name"],
        type=described["InstanceType"],
        image=described["ImageId"],
        address=described.get("PrivateIpAddress", ""),
        zone=described["Placement"]["AvailabilityZone"],
    )


def own_and_strays(aws: Aws, cluster: str) -> tuple[dict[str, SeenInstance], list[SeenInstance]]:
    """Return the instances of the cluster's stack by node, and those that carry its tags and are none of the stack's.

    A stray is what CloudFormation let go of, because it could not terminate it: it serves nobody, and keeps the node's
    address and volume. While the stack is busy, or its deletion failed, nothing is told apart. Raises `Failure`.
    """
    stack = stack_name(cluster)
    status = stack_status(aws, stack) or ""
    seen = seen_instances(aws, cluster)
    ours = _instance_ids(aws, stack, status)
    strays = [] if status.endswith("_IN_PROGRESS") else [each for each in seen if each.id not in ours]
    return by_node(each for each in seen if each.id in ours), strays


def _instance_ids(aws: Aws, stack: str, status: str) -> set[str]:
    """Return the ids of the stack's instances; at rest it has let go of one that it failed to delete."""
    kept = status.endswith(("_FAILED", "_IN_PROGRESS"))
    return {
        each["PhysicalResourceId"]
        for each in stack_resources(aws, stack)
        if each["ResourceType"] == INSTANCE
        and each.get("PhysicalResourceId")
        and (kept or each["ResourceStatus"] != "DELETE_FAILED")
    }


def by_node(instances: Iterable[SeenInstance]) -> dict[str, SeenInstance]:
    """Return instances by node. Raises `Failure` for a node that has two: one of them is none of the stack's."""
    known: dict[str, SeenInstance] = {}
    for each in instances:
        if other := known.get(each.node):
            raise Failure(
                f"node {each.node} has two instances, {other.id} and {each.id}: terminate the one not its own"
            )
        known[each.node] = each
    return known


def seen_targets(aws: Aws, stack: str) -> list[SeenTarget]:
    """Return the health of every instance on every port in every target group of `stack`. Raises `Failure`."""
    arns = [each["PhysicalResourceId"] for each in stack_resources(aws, stack) if each["ResourceType"] == TARGET_GROUP]
    groups = aws.call("elbv2", "describe_target_groups", TargetGroupArns=arns)["TargetGroups"] if arns else []
    return [
        _target(group, each)
        for group in groups
        for each in aws.call("elbv2", "describe_target_health", TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
    ]


def _target(group: Mapping[str, Any], described: Mapping[str, Any]) -> SeenTarget:
    health = described["TargetHealth"]
    reason = " ".join(part for part in (health.get("Reason"), health.get("Description")) if part)
    name, led = group["TargetGroupArn"].split(":")[-1], group.get("HealthCheckPath") == READY_TO_ADMINISTER
    target = described["Target"]
    return SeenTarget(name, target["Id"], health["State"], reason, led, target.get("Port", 0))


def unhealthy(
    instances: Mapping[str, SeenInstance],
    targets: Iterable[SeenTarget],
    present: Iterable[str],
    hosts: Hosts | None = None,
) -> list[str]:
    """Return one clause for each node of `present` that does not serve; nothing means that all are healthy.

    A node serves if it is healthy on each of its ports. Of a group that the pair's leader alone serves, one healthy
    node is wanted. Where `hosts` tell nodes apart each is wanted in the group of its own name, and of two management
    nodes one is healthy: the other one waits.
    """
    known = _alternating(targets, instances, hosts) if hosts else list(targets)
    groups = sorted({target.group for target in known})
    led = {target.group for target in known if target.led and target.state == "healthy"}
    faults = []
    for node in present:
        instance = instances.get(node)
        if instance is None:
            faults.append(f"{node} has no instance")
            continue
        own = [target for target in known if target.instance == instance.id]
        wanted = [] if hosts else groups
        faults += [f"{node} is no target of {group}" for group in wanted if group not in {each.group for each in own}]
        bad = next((each for each in own if each.state != "healthy" and each.group not in led), None)
        if bad:
            faults.append(f"{node} is {_described(bad, own)}")
        elif not groups or (hosts and not own):
            faults.append(f"{node} is in no target group")
    return faults


def _alternating(
    targets: Iterable[SeenTarget], instances: Mapping[str, SeenInstance], hosts: Hosts
) -> list[SeenTarget]:
    """Return the targets, those of several management nodes as led by one of them."""
    names = hosts.management.nodes if len(hosts.management.nodes) > 1 else ()
    management = {instances[name].id for name in names if name in instances}
    return [replace(each, led=True) if each.instance in management else each for each in targets]


def _described(bad: SeenTarget, own: Iterable[SeenTarget]) -> str:
    """Return the state of a target with why; of an instance on several ports in its group, with the port."""
    several = len({each.port for each in own if each.group == bad.group}) > 1
    why = "and no other node takes administration" if bad.led else bad.reason and f"({bad.reason})"
    return " ".join(part for part in (bad.state, f"on port {bad.port}" if several else "", why) if part)
