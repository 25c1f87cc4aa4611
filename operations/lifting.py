"""Lifts what refuses the deletion of a deployed cluster, by AWS's API: for a stack that cannot be deployed any more."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from muster.names import stack_name
from operations.aws import Aws, account_of
from operations.errors import Failure
from operations.files import load_file, typed
from operations.observed import seen_instances, stack_resources, stack_status
from operations.protection import set_protection

BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_UNPROTECTED: Final = [{"Key": "deletion_protection.enabled", "Value": "false"}]


def lift_now(file: Path, connect: Callable[[str], Aws] = Aws) -> int:
    """Lift the protection of the stack of `file`, of its instances and of its balancer; tell each. Raises `Failure`.

    CloudFormation does not lift what a template set, not even in the rollback of a first deploy, and updates no stack
    that failed so. What the stack keeps at its deletion, it keeps all the same.
    """
    cluster = load_file(file)
    aws, stack = connect(cluster.region), stack_name(cluster.name)
    account_of(aws, cluster.account)
    status = stack_status(aws, stack)
    if status is None:
        raise Failure(f"the stack {stack} is not there: there is nothing to lift")
    if status.endswith("_IN_PROGRESS"):
        raise Failure(f"the stack {stack} is busy ({status}): try again when it is done")
    aws.call("cloudformation", "update_termination_protection", StackName=stack, EnableTerminationProtection=False)
    print(f"stack {stack} ({status}) may be deleted")
    for instance in seen_instances(aws, cluster.name):
        set_protection(aws, instance.id, on=False)
        print(f"instance {instance.id} of node {instance.node} may be terminated")
    for name in _balancers(aws, stack):
        aws.call("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=name, Attributes=_UNPROTECTED)
        print(f"balancer {name.rpartition(':')[2]} may be deleted")
    print(f"next: ./muster cdk destroy -c cluster={typed(file)}, then ./muster leftovers {typed(file)}")
    return 0


def _balancers(aws: Aws, stack: str) -> list[str]:
    """Return the ARNs of the balancers of `stack` that were really made."""
    found = [each for each in stack_resources(aws, stack) if each["ResourceType"] == BALANCER]
    return [each["PhysicalResourceId"] for each in found if each.get("PhysicalResourceId", "").startswith("arn:")]
