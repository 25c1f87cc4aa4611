"""Deletion: in reverse order of dependency, each resource by its policy."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import ResourceError, UnsupportedError
from rehearsal.account.cloudformation.order import in_order
from rehearsal.account.cloudformation.stack import Resource, Stack
from rehearsal.account.kinds import kind_of
from rehearsal.account.kinds.base import is_gone, text_of

FAULTS = (ClientError, BotoCoreError, ResourceError, UnsupportedError)


@dataclass(frozen=True)
class Doomed:
    """A resource that is to leave its stack, and how: Delete, Retain or Snapshot."""

    resource: Resource
    policy: str


def doom(resources: Iterable[Resource], *, creating: bool = False, kept: Set[str] = frozenset()) -> dict[str, Doomed]:
    """Return resources with their deletion policies, by logical id.

    `creating`: it is the rollback of the stack's creation. `kept` are to be retained whatever their policy.
    """
    return {
        resource.logical_id: Doomed(
            resource, "Retain" if resource.logical_id in kept else _deletion(resource, creating=creating)
        )
        for resource in resources
    }


def _deletion(resource: Resource, *, creating: bool) -> str:
    policy = resource.declaration.deletion_policy
    if policy == "RetainExceptOnCreate":
        return "Delete" if creating else "Retain"
    return policy


def remove_all(cloud: Cloud, stack: Stack, doomed: Mapping[str, Doomed]) -> tuple[set[str], list[str]]:
    """Remove resources; return the logical ids that are gone, and those whose deletion failed.

    What a resource that stays depends on stays too.
    """
    order = in_order({name: each.resource.depends_on & doomed.keys() for name, each in doomed.items()})
    staying: list[str] = []
    failed: list[str] = []
    for name in reversed(order):
        if any(name in doomed[user].resource.depends_on for user in staying):
            staying.append(name)
        elif not remove(cloud, stack, doomed[name]):
            staying.append(name)
            failed.append(name)
    return set(doomed) - set(staying), failed


def remove(cloud: Cloud, stack: Stack, doomed: Doomed) -> bool:
    """Remove one resource by its policy; return whether it has left the stack."""
    resource = doomed.resource
    if not resource.physical_id:
        return True
    if doomed.policy == "Retain":
        stack.mark(resource, "DELETE_SKIPPED")
        return True
    stack.mark(resource, "DELETE_IN_PROGRESS")
    kind = kind_of(resource.type)
    try:
        if doomed.policy == "Snapshot":
            kind.snapshot(cloud, resource.existing(), f"CloudFormation {stack.name} {resource.logical_id}")
        kind.delete(cloud, resource.existing())
    except FAULTS as fault:
        if not (isinstance(fault, ClientError) and is_gone(fault)):
            stack.mark(resource, "DELETE_FAILED", text_of(fault))
            return False
    stack.mark(resource, "DELETE_COMPLETE")
    return True
